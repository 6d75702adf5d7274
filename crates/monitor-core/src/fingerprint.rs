//! Which events are the same error.
//!
//! | kind | told apart by |
//! | --- | --- |
//! | panic | file and column of the panic, and the template of its message |
//! | error, inner error, body error | type, route, file and column of the capture, and the template of the message |
//! | status | status, method and route |
//! | message | the template of the message |
//!
//! A place with very many messages shows the first of them as issues of their own and the rest as one.
//!
//! The line is never part of it, so that an edit further up in a file does not open a new issue. A message's template
//! is the message without what changes from event to event: numbers, identifiers and quoted texts.

use std::fmt;

use crate::event::{ErrorEvent, EventKind};

/// Identifies an issue: the same for the same error in every process and release.
///
/// It begins with the version of the algorithm, so that an old fingerprint is never mistaken for a new one.
#[derive(Clone, Copy, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Fingerprint(u128);

impl Fingerprint {
    /// Returns the fingerprint written as `text`, as [`Display`](fmt::Display) writes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix(VERSION)?;
        let digits = hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        digits.then(|| u128::from_str_radix(hex, 16).ok()).flatten().map(Self)
    }

    pub(crate) fn of(event: &ErrorEvent) -> Self {
        let (file, column) =
            event.location.as_ref().map_or(("", 0), |location| (location.file.as_str(), location.column));
        let template = template(&event.message);
        let mut hash = Hash::default().part(event.kind.as_str());
        hash = match event.kind {
            EventKind::Panic => hash.part(file).part(&column.to_string()).part(&template),
            EventKind::Error | EventKind::InnerError | EventKind::BodyError => {
                let place = hash.part(&event.type_name).part(&event.scope.route).part(file);
                place.part(&column.to_string()).part(&template)
            }
            EventKind::Status => hash.part(&event.type_name).part(event.scope.method).part(&event.scope.route),
            EventKind::Message => hash.part(&template),
        };
        Self(hash.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VERSION}{:032x}", self.0)
    }
}

/// FNV-1a with 128 bits: the same in every process, which the standard library's hasher does not promise.
struct Hash(u128);

impl Default for Hash {
    fn default() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }
}

impl Hash {
    fn part(self, part: &str) -> Self {
        let terminated = part.bytes().map(u128::from).chain([0x100]);
        Self(
            terminated.fold(self.0, |hash, byte| (hash ^ byte).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)),
        )
    }
}

/// Returns `message` with every word that holds a digit and every quoted text replaced by `*`.
pub(crate) fn template(message: &str) -> String {
    let mut template = String::with_capacity(message.len());
    let mut quote = None;
    for word in message.split_inclusive(|c: char| c.is_whitespace() || QUOTES.contains(c)) {
        let (body, end) = split_last(word);
        match (quote, end) {
            (Some(open), Some(close)) if open == close => quote = None,
            (Some(_), _) => {}
            (None, end) => {
                template.push_str(if body.contains(|c: char| c.is_ascii_digit()) { "*" } else { body });
                match end {
                    Some(open) if QUOTES.contains(open) && (body.is_empty() || open != '\'') => {
                        template.push('*');
                        quote = Some(open);
                    }
                    Some(end) => template.push(end),
                    None => {}
                }
            }
        }
    }
    template
}

fn split_last(word: &str) -> (&str, Option<char>) {
    match word.chars().next_back() {
        Some(last) if last.is_whitespace() || QUOTES.contains(last) => {
            (&word[..word.len() - last.len_utf8()], Some(last))
        }
        _ => (word, None),
    }
}

const QUOTES: &str = "\"'`";

const VERSION: &str = "v1-";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_template_drops_what_changes() {
        assert_eq!(template("no todo 17 for user a1b2"), "no todo * for user *");
        assert_eq!(template("key \"abc\" taken"), "key * taken");
        assert_eq!(template("can't open 'a b' now"), "can't open * now");
        assert_eq!(template("attempt to divide by zero"), "attempt to divide by zero");
    }

    #[test]
    fn a_fingerprint_reads_back_as_written() {
        let fingerprint = Fingerprint(0xfeed);
        assert_eq!(Fingerprint::parse(&fingerprint.to_string()), Some(fingerprint));
        assert_eq!(Fingerprint::parse("v0-00"), None);
        assert_eq!(Fingerprint::parse("v1-+0000000000000000000000000000000"), None);
    }

    proptest! {
        #[test]
        fn any_message_has_a_template(message in ".{0,100}") {
            prop_assert_eq!(template(&message), template(&message));
        }

        #[test]
        fn numbers_do_not_change_the_template(first in 0u64.., second in 0u64..) {
            prop_assert_eq!(template(&format!("row {first} gone")), template(&format!("row {second} gone")));
        }
    }
}
