//! Cache of texts that are known to be plain. Most requests come from a few clients, so their user agents repeat.

use std::cell::RefCell;

use monitor_redact::Redaction;

/// A text, and the policy it is plain for.
#[derive(Clone, Copy)]
struct Known {
    policy: u64,
    length: usize,
    text: [u8; MAX_TEXT_BYTES],
}

thread_local! {
    /// Direct-mapped: each text has one slot, and replaces the text that was there before.
    static KNOWN: RefCell<[Known; SLOTS]> = const { RefCell::new([Known::NOTHING; SLOTS]) };
}

/// Returns the same as [`Redaction::is_plain`], faster for a text that this thread tested recently.
pub(super) fn is_plain(redaction: &Redaction, text: &[u8]) -> bool {
    let Some(slot) = slot(text) else { return redaction.is_plain(text) };
    KNOWN.with_borrow_mut(|known| {
        let known = &mut known[slot];
        known.is(redaction.id(), text) || {
            let is_plain = redaction.is_plain(text);
            if is_plain {
                known.replace(redaction.id(), text);
            }
            is_plain
        }
    })
}

impl Known {
    const NOTHING: Self = Self { policy: 0, length: 0, text: [0; MAX_TEXT_BYTES] };

    fn is(&self, policy: u64, text: &[u8]) -> bool {
        self.policy == policy && self.text.get(..self.length) == Some(text)
    }

    fn replace(&mut self, policy: u64, text: &[u8]) {
        self.policy = policy;
        self.length = text.len();
        self.text[..text.len()].copy_from_slice(text);
    }
}

/// Returns the slot of a text: a hash of its length, its end and its middle, where version numbers are. Returns `None`
/// for a text that is too short to be worth a cache lookup, and for one that is too long.
fn slot(text: &[u8]) -> Option<usize> {
    let middle = text.get(text.len() / 2..)?.first_chunk()?;
    let end = text.last_chunk()?;
    let mixed = (u64::from_le_bytes(*middle) ^ u64::from_le_bytes(*end).rotate_left(23) ^ text.len() as u64)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (text.len() <= MAX_TEXT_BYTES).then_some((mixed >> (u64::BITS - SLOTS.ilog2())) as usize)
}

/// Maximum length of a cached text, in bytes. Common user agents are shorter.
const MAX_TEXT_BYTES: usize = 256;
const SLOTS: usize = 32;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cached_result_equals_the_first(texts: Vec<String>, keys: Vec<String>) {
            let policies = [Redaction::new(), Redaction::new().secret_keys(keys), Redaction::off()];
            let odd = ["password=hunter2 and more", "a quotation mark: \"", "nothing that is secret at all"];
            let texts: Vec<&str> = odd.into_iter().chain(texts.iter().map(String::as_str)).collect();
            for _ in 0..2 {
                for text in &texts {
                    for policy in &policies {
                        prop_assert_eq!(is_plain(policy, text.as_bytes()), policy.is_plain(text.as_bytes()));
                    }
                }
            }
        }
    }

    #[test]
    fn a_text_in_the_slot_of_another_is_tested() {
        let policy = Redaction::new();
        for number in 0..8 * SLOTS {
            assert!(is_plain(&policy, format!("a harmless browser/{number}").as_bytes()));
            assert!(!is_plain(&policy, format!("browser with password={number}").as_bytes()));
        }
    }

    #[test]
    fn a_changed_policy_is_another_policy() {
        let text = b"curl/8.5.0 (badge: 00 1234)";
        let (lax, changed) = (Redaction::new(), Redaction::new().headers(["accept"]));
        let strict = lax.clone().secret_keys(["badge"]);
        assert!(is_plain(&lax, text) && is_plain(&lax, text) && is_plain(&changed, text));
        assert!(!is_plain(&strict, text));
    }
}
