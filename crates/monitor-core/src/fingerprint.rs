//! What an issue is called by.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Identifies an issue: the same for the same error in every process and release. [`Grouping`](crate::Grouping) says what it
/// is made of.
///
/// It begins with the version of the rules, so that an old fingerprint is never mistaken for a new one.
#[derive(Clone, Copy, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Fingerprint(u128);

impl Fingerprint {
    /// Returns the fingerprint written as `text`, as [`Display`](fmt::Display) writes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix(PREFIX)?;
        let digits = hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        digits.then(|| u128::from_str_radix(hex, 16).ok()).flatten().map(Self)
    }

    /// FNV-1a with 128 bits: the same in every process, which the standard library's hasher does not promise.
    pub(crate) fn of_parts(parts: impl Iterator<Item = String>) -> Self {
        let add = |hash: u128, byte: u128| (hash ^ byte).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        let terminated = |hash: u128, part: String| part.bytes().map(u128::from).chain([0x100]).fold(hash, add);
        Self(parts.fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, terminated))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{:032x}", self.0)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom(format_args!("`{text}` is no fingerprint")))
    }
}

const PREFIX: &str = "v1-";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_reads_back_as_written() {
        let fingerprint = Fingerprint(0xfeed);
        assert_eq!(Fingerprint::parse(&fingerprint.to_string()), Some(fingerprint));
        assert_eq!(Fingerprint::parse("v0-00"), None);
        assert_eq!(Fingerprint::parse("v1-+0000000000000000000000000000000"), None);
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let of = |parts: &[&str]| Fingerprint::of_parts(parts.iter().map(|part| (*part).to_owned()));
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
    }
}
