//! The pages of an acknowledgement. They need no script, and load nothing.

use std::time::SystemTime;

use crate::{
    active::{Acknowledgement, ActiveAlert},
    shown,
};

/// Returns the page of an active alert, with a form until it is acknowledged.
pub(super) fn alert(active: &ActiveAlert) -> String {
    let alert = &active.alert;
    let facts = alert.facts.iter().map(|(name, value)| format!("<dt>{}<dd>{}", shown::html(name), shown::html(value)));
    let place = shown::html(&format!("{} · {} · release {}", alert.service, alert.environment, alert.release));
    page(
        &alert.title,
        &format!(
            "<p class=state>{}<h1>{}</h1><p class=place>{place} · {}<dl>{}</dl>{}",
            shown::html(alert.severity.as_str()),
            shown::html(&alert.title),
            time(alert.at),
            facts.collect::<String>(),
            state(active.acknowledgement.as_ref()),
        ),
    )
}

/// Returns the page of an alert that is not active.
pub(super) fn inactive() -> String {
    page(
        "Not active",
        "<h1>This alert is not active</h1><p>It is over or fires anew, or another process of the service has fired it. \
         If the service runs more than once, reload the page to ask another process.",
    )
}

/// Returns the page of a link that is not of this service, or is damaged.
pub(super) fn unknown() -> String {
    page(
        "Unknown link",
        "<h1>This link is not valid</h1><p>Open it from the message of the alert, whole and unchanged. A link is not \
         valid any more once the service has a new secret for acknowledgements.",
    )
}

fn state(acknowledgement: Option<&Acknowledgement>) -> String {
    match acknowledgement {
        None => String::from(
            "<form method=post><label for=by>Your name</label><input id=by name=by autocomplete=name maxlength=80>\
             <button>Acknowledge</button></form><p class=note>The alert is then not escalated any further.",
        ),
        Some(Acknowledgement { by, at }) => {
            format!("<p class=done>Acknowledged by {}, {}.", shown::html(by), time(*at))
        }
    }
}

/// Returns a time that stays on one line.
fn time(at: SystemTime) -> String {
    format!("<time>{}</time>", shown::time(at))
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{}</title><style>{STYLE}</style><main>{body}</main></html>\n",
        shown::html(title)
    )
}

const STYLE: &str = "\
    :root{color-scheme:light dark}\
    body{margin:0;font:16px/1.5 system-ui,sans-serif}\
    main{max-width:38rem;margin:0 auto;padding:3rem 1.25rem}\
    h1{font-size:1.375rem;line-height:1.3;margin:.25rem 0 .5rem;overflow-wrap:anywhere}\
    .state{margin:0;font-size:.8125rem;font-weight:600;letter-spacing:.04em;text-transform:uppercase;color:#c2410c}\
    .place,.note,dt{color:GrayText;font-size:.875rem}\
    .place{margin:0}\
    dl{margin:1.5rem 0;padding:1rem 0;border-block:1px solid color-mix(in srgb,currentColor 15%,transparent)}\
    dt{margin-top:.75rem}dt:first-child{margin-top:0}\
    dd{margin:0;overflow-wrap:anywhere;font-family:ui-monospace,monospace;font-size:.9375rem}\
    form{display:grid;grid-template-columns:1fr auto;gap:.5rem}\
    label{grid-column:1/-1;font-size:.875rem}\
    input,button{font:inherit;padding:.5rem .75rem;border-radius:.375rem;border:1px solid GrayText}\
    button{border-color:transparent;background:#1d4ed8;color:#fff;font-weight:600;cursor:pointer}\
    .done{font-weight:600}\
    time{white-space:nowrap}";

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::alert::{Alert, example};

    fn active(alert: Alert, by: Option<&str>) -> ActiveAlert {
        let acknowledgement = by.map(|by| Acknowledgement { by: by.to_owned(), at: SystemTime::UNIX_EPOCH });
        ActiveAlert { alert: Arc::new(alert), episode: 1, acknowledgement }
    }

    #[test]
    fn no_text_of_an_alert_is_markup() {
        let mut hostile = example::alert();
        hostile.title = "<script>alert('1')</script>".to_owned();
        hostile.facts = vec![("\"><b>".to_owned(), "</dd><img src=x>&amp;".to_owned())];
        let html = alert(&active(hostile, Some("<i>Ada</i>")));
        for markup in ["<script", "<img", "<b>", "<i>"] {
            assert!(!html.contains(markup), "{html}");
        }
        assert!(html.contains("&lt;i&gt;Ada&lt;/i&gt;, <time>1970-01-01 00:00:00 UTC</time>"), "{html}");
    }

    #[test]
    fn only_an_alert_that_is_not_acknowledged_has_a_form() {
        assert!(alert(&active(example::alert(), None)).contains("<form"));
        assert!(!alert(&active(example::alert(), Some("Ada"))).contains("<form"));
        assert!(!inactive().contains("<form") && !unknown().contains("<form"));
    }
}
