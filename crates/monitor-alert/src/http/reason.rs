//! The reason that a receiver gives in the body of a refusal.

use http::{HeaderMap, Uri};
use monitor_core::{Redaction, escape};

/// Returns the [first line](first_line) of a response. Returns `None` for one that repeats a secret of the request.
pub(super) fn reason(body: &str, uri: &Uri, headers: &HeaderMap) -> Option<String> {
    first_line(body).filter(|_| !repeats_a_secret(body, uri, headers))
}

/// Returns the first line of a receiver's text, redacted and in at most [`MAX_REASON`] characters. Returns `None` for a
/// page of HTML and an empty text.
pub(crate) fn first_line(text: &str) -> Option<String> {
    let line = text.trim().lines().next().unwrap_or_default().trim_end();
    if line.is_empty() || line.starts_with('<') {
        return None;
    }
    let redacted = Redaction::new().text(line).into_owned();
    Some(escape::readable(&redacted).chars().take(MAX_REASON).collect())
}

/// Returns whether `text` has a part of the URL or of a header of the user's. Every part that is long enough for a
/// secret counts as one: in the URL of a Slack webhook, it is the path.
fn repeats_a_secret(text: &str, uri: &Uri, headers: &HeaderMap) -> bool {
    let url = uri.to_string();
    let of_url = url.split(['/', '?', '&', '=', ':', '@', ';']).filter(|part| uri.host() != Some(*part));
    let values = headers.values().filter_map(|value| value.to_str().ok());
    let mut parts = of_url.chain(values.flat_map(str::split_whitespace));
    parts.any(|part| part.len() >= MIN_SECRET && text.contains(part))
}

const MAX_REASON: usize = 200;
const MIN_SECRET: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn reason_of(body: &str) -> Option<String> {
        let uri = "https://hooks.example/services/T0000000/topsecret?key=hunter2hunter2".parse().unwrap();
        let headers = [(http::header::AUTHORIZATION, "Bearer letmein0".parse().unwrap())];
        reason(body, &uri, &headers.into_iter().collect())
    }

    #[test]
    fn the_first_line_is_the_reason() {
        assert_eq!(reason_of("\n channel_not_found \nmore").as_deref(), Some("channel_not_found"));
        assert_eq!(reason_of("unknown host hooks.example").as_deref(), Some("unknown host hooks.example"));
        assert_eq!(reason_of("a\u{1b}[31mb").as_deref(), Some(r"a\u{1b}[31mb"));
        assert_eq!(reason_of(&"é".repeat(5_000)), Some("é".repeat(200)));
    }

    #[test]
    fn a_page_and_an_empty_text_are_no_reason() {
        for body in ["", " \n", "<!doctype html><p>", "<html>"] {
            assert_eq!(reason_of(body), None, "{body}");
        }
    }

    #[test]
    fn a_reason_that_repeats_a_secret_is_not_shown() {
        for body in ["no /services/T0000000/topsecret", "topsecret", "key hunter2hunter2?", "unknown token letmein0"] {
            assert_eq!(reason_of(body), None, "{body}");
        }
        assert_eq!(reason_of("password=swordfish is wrong").as_deref(), Some("password=[Filtered] is wrong"));
    }
}
