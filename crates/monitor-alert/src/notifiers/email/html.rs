//! The text of a mail as a page. Mail programs know tables and styles of an element, and load nothing.

use super::content::{facts, origin, state, subject, title};
use crate::{
    alert::{Alert, Notification, Severity, Transition},
    shown,
};

pub(super) fn page(notification: &Notification) -> String {
    let alert = &notification.alert;
    format!(
        "<!doctype html>\n\
         <html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <title>{subject}</title></head>\n\
         <body style=\"margin:0;padding:24px 16px;{FONT}\">\n\
         <div style=\"max-width:600px;margin:0 auto;padding-left:16px;border-left:4px solid {color}\">\n\
         <p style=\"margin:0;font-size:13px;font-weight:bold;letter-spacing:.04em;color:{color}\">{state}</p>\n\
         <h1 style=\"margin:4px 0 8px;font-size:22px;line-height:1.3;overflow-wrap:anywhere\">{title}</h1>\n\
         <p style=\"margin:0 0 20px;font-size:14px;{FAINT};overflow-wrap:anywhere\">{origin}</p>\n\
         {facts}{acknowledge}</div>\n\
         </body></html>\n",
        subject = shown::html(&subject(alert)),
        color = color(notification),
        state = state(notification),
        title = shown::html(&title(alert)),
        origin = shown::html(&origin(alert)),
        facts = table(alert),
        acknowledge = acknowledge(notification),
    )
}

fn table(alert: &Alert) -> String {
    let (facts, left) = facts(alert);
    let rows: String = facts.iter().map(|(name, value)| row(name, value)).collect();
    let rest =
        if left > 0 { format!("<p style=\"font-size:14px;{FAINT}\">{left} more facts</p>\n") } else { String::new() };
    format!(
        "<table role=\"presentation\" cellspacing=\"0\" cellpadding=\"0\" style=\"width:100%\">\n{rows}</table>\n{rest}"
    )
}

fn row(name: &str, value: &str) -> String {
    format!(
        "<tr><td style=\"padding:4px 16px 4px 0;vertical-align:top;font-size:14px;{FAINT}\">{}</td>\
         <td style=\"padding:4px 0;vertical-align:top;width:100%;{MONOSPACE}\">{}</td></tr>\n",
        shown::html(name),
        shown::html(value)
    )
}

/// Returns the button that opens the page of the acknowledgement. A cell of a table has its colour in each program.
fn acknowledge(notification: &Notification) -> String {
    let Some(url) = &notification.acknowledge_url else { return String::new() };
    format!(
        "<table role=\"presentation\" cellspacing=\"0\" cellpadding=\"0\" style=\"margin-top:24px\"><tr>\
         <td style=\"background:#1d4ed8;border-radius:6px\"><a href=\"{}\" style=\"display:inline-block;\
         padding:10px 20px;color:#ffffff;font-weight:bold;text-decoration:none\">Acknowledge</a></td></tr></table>\n\
         <p style=\"margin:8px 0 0;font-size:14px;{FAINT}\">The alert is then not escalated any further.</p>\n",
        shown::html(url)
    )
}

/// Returns a colour that is legible on a light and on a dark page.
fn color(notification: &Notification) -> &'static str {
    match (notification.transition, notification.alert.severity) {
        (Transition::Resolved, _) => "#15803d",
        (Transition::Triggered, Severity::Critical) => "#dc2626",
        (Transition::Triggered, Severity::Warning) => "#c2410c",
    }
}

const FONT: &str = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;font-size:16px;line-height:1.5";
const MONOSPACE: &str = "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:14px;white-space:pre-wrap;\
                         overflow-wrap:anywhere";
/// A grey that is legible on a light page is not on a dark one.
const FAINT: &str = "opacity:.7";
