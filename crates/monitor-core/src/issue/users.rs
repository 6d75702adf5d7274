//! How many users an issue happened to, counted without keeping who they are.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The smallest marks of users seen. A mark is as good as random, so the largest of the smallest ones says how many there are
/// (Bar-Yossef and others, "Counting Distinct Elements in a Data Stream", 2002).
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(transparent)]
pub(super) struct Users(BTreeSet<u64>);

impl Users {
    /// Adds marks, and returns whether any of them is new.
    pub(super) fn add(&mut self, marks: impl IntoIterator<Item = u64>) -> bool {
        let mut is_any_new = false;
        for mark in marks {
            is_any_new |= self.0.insert(mark);
            if self.0.len() > KEPT {
                self.0.pop_last();
            }
        }
        is_any_new
    }

    pub(super) fn remove(&mut self, mark: u64) -> bool {
        self.0.remove(&mark)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u64> {
        self.0.iter().copied()
    }

    pub(super) fn count(&self) -> u64 {
        match self.0.last() {
            Some(largest) if self.0.len() == KEPT => {
                let share = *largest as f64 / u64::MAX as f64;
                ((KEPT - 1) as f64 / share) as u64
            }
            _ => self.0.len() as u64,
        }
    }
}

/// Returns a mark of `user` that nobody can tell the user by who does not know the secret.
pub(crate) fn salt(secret: Uuid, user: &str) -> u64 {
    let (high, low) = Uuid::new_v5(&secret, user.as_bytes()).as_u64_pair();
    // Version and variant are not random, and stand where the other half is.
    high ^ low.rotate_left(32)
}

const KEPT: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn users(count: u64) -> Users {
        let (mut users, secret) = (Users::default(), Uuid::from_u128(7));
        users.add((0..count).map(|user| salt(secret, &user.to_string())));
        users.add((0..count).map(|user| salt(secret, &user.to_string())));
        users
    }

    #[test]
    fn few_users_are_counted_exactly() {
        for count in [0, 1, 2, 100, 511] {
            assert_eq!(users(count).count(), count);
        }
    }

    #[test]
    fn many_users_are_estimated() {
        for count in [2_000, 50_000] {
            let off = users(count).count() as f64 / count as f64;
            assert!((0.87..1.13).contains(&off), "{count}: {off}");
        }
    }

    #[test]
    fn a_user_is_another_one_for_whoever_has_another_secret() {
        assert_ne!(salt(Uuid::from_u128(1), "ada"), salt(Uuid::from_u128(2), "ada"));
    }
}
