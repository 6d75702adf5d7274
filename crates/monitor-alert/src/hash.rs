//! Hashes that are the same in every process: IDs of notifications, keys in the store, and jitter.

use sha2::{Digest, Sha256};

/// Returns an ID of 32 hexadecimal digits for these parts.
pub(crate) fn id(parts: &[&str]) -> String {
    hex::encode(&digest(parts)[..16])
}

/// Returns a number for these parts, evenly distributed over 32 bits.
pub(crate) fn number(parts: &[&str]) -> u32 {
    digest(parts)[..4].iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

/// Each part is preceded by its length, so that parts do not run into each other.
fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_same_in_every_release() {
        assert_eq!(id(&["slack", "shop/production/issue", "1", "triggered"]), "94bb48e8d57c3bac75e2480288270484");
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(id(&["ab", "c"]), id(&["a", "bc"]));
        assert_ne!(number(&["ab", "c"]), number(&["a", "bc"]));
    }
}
