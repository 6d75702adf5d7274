//! The template of a message: the message with its variable parts replaced by placeholders.
//!
//! Each line is read word by word. The kinds of the table are tried in turn on a word. A word of no kind is split at
//! `=`, then at `:`, `/` and similar characters, then at `.`, `-` and `_`, and its parts are tried.
//!
//! | placeholder | stands for |
//! | --- | --- |
//! | `<url>` | a scheme, `://` and more |
//! | `<email>` | an e-mail address |
//! | `<host>` | `localhost`, and names with a common host ending or with a port |
//! | `<ip>` | an IP address, also with a port |
//! | `<uuid>` | a UUID |
//! | `<hash>` | 32, 40 or 64 hexadecimal digits |
//! | `<date>` | a date or a time of day: ISO 8601, HTTP, e-mail, 12-hour clocks; numbers joined by colons |
//! | `<duration>` | a number and a unit of time |
//! | `<hex>` | digits after `0x`, or at least eight with letters among them |
//! | `<number>` | a number, also with a fraction or with commas as thousands separators |
//! | `<bool>` | `true` or `false` |
//! | `<id>` | letters and digits alternating, such as `a1b2` |
//! | `<quoted>` | text between quotation marks |
//!
//! Placeholders of one kind separated by commas are merged: a list of two numbers has the template of a list of three.
//! Letters followed by digits keep the letters (`worker3` is `worker<number>`), except capitals: `E0382` is a code.
//!
//! The template of a template is itself. The running time is linear in the length of the message.

mod date;
mod fold;
mod kinds;
mod quotes;
mod word;

use self::{fold::fold, quotes::Quotes, word::write_word};

/// Returns the template of the first two non-empty lines of `message`.
pub(crate) fn template(message: &str) -> String {
    let mut written = String::with_capacity(message.len().min(256));
    for line in message.lines().filter(|line| !line.trim().is_empty()).take(LINES) {
        if !written.is_empty() {
            written.push('\n');
        }
        write_line(&mut written, &fold(line.trim_end()));
    }
    written
}

fn write_line(written: &mut String, line: &str) {
    let mut quotes = Quotes::default();
    let mut at = 0;
    while let Some(next) = line[at..].chars().next() {
        if let Some(end) = quotes.end(line, at) {
            put(written, "<quoted>");
            at = end;
        } else if let Some(length) = date::length(&line[at..]) {
            put(written, "<date>");
            at += length;
        } else {
            let end = word_end(line, at, &mut quotes);
            if end > at {
                write_word(written, &line[at..end]);
            } else {
                written.push(next);
            }
            at = end.max(at + next.len_utf8());
        }
    }
}

/// Returns the end of the word that begins at `begin`. A placeholder is a part of its word, so a template is split like
/// the message it was made of.
fn word_end(line: &str, begin: usize, quotes: &mut Quotes) -> usize {
    let (mut at, mut previous, mut is_url) = (begin, None, false);
    while let Some(next) = line[at..].chars().next() {
        if let Some(placeholder) = placeholder_at(&line[at..]) {
            (at, previous) = (at + placeholder.len(), Some('>'));
            continue;
        }
        let is_quoted = !is_url && quotes.end(line, at).is_some();
        let is_date = !is_url && previous == Some('=') && date::length(&line[at..]).is_some();
        if is_border(next) || is_quoted || is_date {
            break;
        }
        is_url |= line[at..].starts_with("://");
        (at, previous) = (at + next.len_utf8(), Some(next));
    }
    at
}

fn placeholder_at(text: &str) -> Option<&'static str> {
    text.starts_with('<').then(|| PLACEHOLDERS.into_iter().find(|placeholder| text.starts_with(placeholder)))?
}

/// Writes a placeholder, unless it continues a comma-separated list of the same kind.
fn put(written: &mut String, placeholder: &str) {
    let before = written.trim_end_matches([' ', '\t']);
    match before.strip_suffix(',').filter(|list| list.ends_with(placeholder)) {
        Some(list) => written.truncate(list.len()),
        None => written.push_str(placeholder),
    }
}

/// Returns `true` for a character that ends a word. It is copied to the template unchanged.
fn is_border(c: char) -> bool {
    c.is_whitespace() || "\"`()[]{}<>,;|".contains(c)
}

const PLACEHOLDERS: [&str; 13] = [
    "<url>",
    "<email>",
    "<host>",
    "<ip>",
    "<uuid>",
    "<hash>",
    "<date>",
    "<duration>",
    "<hex>",
    "<number>",
    "<bool>",
    "<id>",
    "<quoted>",
];
const LINES: usize = 2;

#[cfg(test)]
mod tests;
