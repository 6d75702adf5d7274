//! The ID of an issue.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// ID of an issue: equal for the same error in every process and release. [`Grouping`](crate::Grouping) lists the parts
/// it is computed from.
///
/// It begins with the version of the grouping rules, so that fingerprints of different versions are never equal.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Fingerprint {
    version: u32,
    hash: u128,
}

impl Fingerprint {
    /// Parses `text`, which must have the form that [`Display`](fmt::Display) writes. Returns `None` for any other
    /// text, and for a version that this library does not know.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::Fingerprint;
    ///
    /// let text = "v1-84e3b4bc9b0b4ad9b1a02f6c16e6ed33";
    /// assert_eq!(Fingerprint::parse(text).map(|fingerprint| fingerprint.to_string()).as_deref(), Some(text));
    /// assert_eq!(Fingerprint::parse("84e3b4bc9b0b4ad9b1a02f6c16e6ed33"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (version, hex) = text.strip_prefix('v')?.split_once('-')?;
        let version = (1..=VERSION).find(|known| known.to_string() == version)?;
        let is_hash = hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        let hash = u128::from_str_radix(hex, 16).ok().filter(|_| is_hash)?;
        Some(Self { version, hash })
    }

    /// Computes FNV-1a with 128 bits. It is the same in every process, which the standard library's hasher does not
    /// guarantee.
    pub(crate) fn of_parts(version: u32, parts: impl Iterator<Item = String>) -> Self {
        let add = |hash: u128, byte: u128| (hash ^ byte).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        let terminated = |hash: u128, part: String| part.bytes().map(u128::from).chain([0x100]).fold(hash, add);
        Self { version, hash: parts.fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, terminated) }
    }

    /// Returns `true` if it was computed by the rules of an earlier version.
    pub(crate) fn is_outdated(self) -> bool {
        self.version < VERSION
    }
}

impl Default for Fingerprint {
    fn default() -> Self {
        Self { version: VERSION, hash: 0 }
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}-{:032x}", self.version, self.hash)
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

/// Version of the grouping rules.
pub(crate) const VERSION: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_reads_back_as_written() {
        let fingerprint = Fingerprint { version: VERSION, hash: 0xfeed };
        assert_eq!(Fingerprint::parse(&fingerprint.to_string()), Some(fingerprint));
        assert_eq!(Fingerprint::parse("v0-00"), None);
        assert_eq!(Fingerprint::parse("v1-+0000000000000000000000000000000"), None);
        assert_eq!(Fingerprint::parse("v9-00000000000000000000000000000000"), None);
    }

    #[test]
    fn a_fingerprint_of_an_earlier_version_stays_what_it_was() {
        let old = "v1-f1edff8dc5653e7ebe813ec8ba672e24";
        assert_eq!(
            Fingerprint::parse(old).map(|old| (old.to_string(), old.is_outdated())),
            Some((old.to_owned(), true))
        );
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let of = |parts: &[&str]| Fingerprint::of_parts(VERSION, parts.iter().map(|part| (*part).to_owned()));
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
    }
}
