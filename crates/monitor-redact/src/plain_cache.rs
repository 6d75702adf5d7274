//! Cache of texts that are known to be plain. Most requests come from a few clients, so their user agents repeat.

use std::cell::RefCell;

use crate::redaction::Redaction;

/// A text, and the policy it is plain for.
#[derive(Clone, Copy)]
struct Known {
    policy: u64,
    length: usize,
    text: [u8; LONGEST],
}

thread_local! {
    /// Direct-mapped: each text has one slot, and replaces the text that was there before.
    static KNOWN: RefCell<[Known; PLACES]> = const { RefCell::new([Known::NOTHING; PLACES]) };
}

impl Redaction {
    /// Returns the same as [`is_plain`](Self::is_plain), faster for a text that this thread tested recently.
    #[must_use]
    pub fn is_plain_cached(&self, text: &[u8]) -> bool {
        let Some(place) = place(text) else { return self.is_plain(text) };
        KNOWN.with_borrow_mut(|known| {
            let known = &mut known[place];
            known.is(self.id, text) || {
                let is_plain = self.is_plain(text);
                if is_plain {
                    known.become_text(self.id, text);
                }
                is_plain
            }
        })
    }
}

impl Known {
    const NOTHING: Self = Self { policy: 0, length: 0, text: [0; LONGEST] };

    fn is(&self, policy: u64, text: &[u8]) -> bool {
        self.policy == policy && self.text.get(..self.length) == Some(text)
    }

    fn become_text(&mut self, policy: u64, text: &[u8]) {
        self.policy = policy;
        self.length = text.len();
        self.text[..text.len()].copy_from_slice(text);
    }
}

/// Returns the slot of a text: a hash of its length, its end and its middle, where version numbers are. Returns `None`
/// for a text that is too short to be worth a cache lookup, and for one that is too long.
fn place(text: &[u8]) -> Option<usize> {
    let middle = text.get(text.len() / 2..)?.first_chunk()?;
    let end = text.last_chunk()?;
    let mixed = (u64::from_le_bytes(*middle) ^ u64::from_le_bytes(*end).rotate_left(23) ^ text.len() as u64)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (text.len() <= LONGEST).then_some((mixed >> (u64::BITS - PLACES.ilog2())) as usize)
}

/// Maximum length of a cached text, in bytes. Common user agents are shorter.
const LONGEST: usize = 256;
const PLACES: usize = 32;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_second_look_sees_what_the_first_one_saw(texts: Vec<String>, keys: Vec<String>) {
            let policies = [Redaction::new(), Redaction::new().secret_keys(keys), Redaction::off()];
            let odd = ["password=hunter2 and more", "a quotation mark: \"", "nothing that is secret at all"];
            let texts: Vec<&str> = odd.into_iter().chain(texts.iter().map(String::as_str)).collect();
            for _ in 0..2 {
                for text in &texts {
                    for policy in &policies {
                        prop_assert_eq!(policy.is_plain_cached(text.as_bytes()), policy.is_plain(text.as_bytes()));
                    }
                }
            }
        }
    }

    #[test]
    fn a_text_in_the_place_of_another_is_looked_at() {
        let policy = Redaction::new();
        for number in 0..8 * PLACES {
            assert!(policy.is_plain_cached(format!("a harmless browser/{number}").as_bytes()));
            assert!(!policy.is_plain_cached(format!("browser with password={number}").as_bytes()));
        }
    }

    #[test]
    fn a_policy_that_is_changed_is_another_one() {
        let text = b"curl/8.5.0 (badge: 00 1234)";
        let (lax, changed) = (Redaction::new(), Redaction::new().headers(["accept"]));
        let strict = lax.clone().secret_keys(["badge"]);
        assert!(lax.is_plain_cached(text) && lax.is_plain_cached(text) && changed.is_plain_cached(text));
        assert!(!strict.is_plain_cached(text));
    }
}
