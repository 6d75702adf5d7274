//! Texts as pages and mails show them: escaped for HTML, and times to the second.

use std::time::SystemTime;

use monitor_core::clock;

/// Returns `text`, escaped for HTML, also inside an attribute in quotation marks.
pub(crate) fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Returns a time such as `2025-07-29 12:30:00 UTC`.
pub(crate) fn time(at: SystemTime) -> String {
    let text = clock::rfc3339(at);
    let (day, rest) = text.split_once('T').unwrap_or((&text, ""));
    format!("{day} {} UTC", rest.get(..8).unwrap_or(rest))
}
