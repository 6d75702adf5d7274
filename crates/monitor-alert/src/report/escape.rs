//! Texts of errors and people in Markdown: they must not become headings, table cells, links or markers.

/// A function that escapes a text.
pub(super) type Escape = fn(&str) -> String;

/// Escapes a text for one line of Markdown.
pub(super) fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' => escaped.extend(['\\', c]),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Returns a text as code. Backticks and bars would end it or its cell.
pub(super) fn code(text: &str) -> String {
    let plain = |c: char| match c {
        '`' => '\'',
        '|' => '¦',
        c if c.is_control() => ' ',
        c => c,
    };
    let code: String = text.chars().map(plain).collect();
    format!("`{}`", code.replace("<!--", "<! --").replace("-->", "-- >"))
}

/// Escapes a text for XML.
pub(super) fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_breaks_no_table_heading_or_marker() {
        assert_eq!(text("a|b\n# c"), "a\\|b \\# c");
        assert_eq!(text("<!-- /monitor:block -->"), "&lt;\\!-- /monitor:block --&gt;");
        assert_eq!(code("a`b|c\n<!-- x -->"), "`a'b¦c <! -- x -- >`");
        assert_eq!(xml("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }
}
