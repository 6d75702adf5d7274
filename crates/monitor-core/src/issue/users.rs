//! The number of an issue's users, counted without storing their IDs.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The smallest marks of the users seen. Marks are as good as random, so the number of marks below a limit gives an
/// estimate of the total (Bar-Yossef and others, "Counting Distinct Elements in a Data Stream", 2002).
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(from = "StoredUsers")]
pub(super) struct Users {
    marks: BTreeSet<u64>,
    /// All marks below it are stored, and none above. `None` while all marks are stored.
    limit: Option<u64>,
}

/// The stored form: records of version 1 have the marks alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredUsers {
    Marks(BTreeSet<u64>),
    Limited { marks: BTreeSet<u64>, limit: Option<u64> },
}

impl From<StoredUsers> for Users {
    fn from(stored: StoredUsers) -> Self {
        match stored {
            StoredUsers::Marks(marks) => {
                let limit = marks.last().copied().filter(|_| marks.len() >= MAX_MARKS);
                Self { marks, limit }
            }
            StoredUsers::Limited { marks, limit } => Self { marks, limit },
        }
    }
}

impl Users {
    /// Adds marks, and returns whether any of them is new.
    pub(super) fn add(&mut self, marks: impl IntoIterator<Item = u64>) -> bool {
        let mut is_any_new = false;
        for mark in marks {
            if self.limit.is_none_or(|limit| mark < limit) {
                is_any_new |= self.marks.insert(mark);
            }
            self.bound();
        }
        is_any_new
    }

    /// Merges the users seen by another process.
    pub(super) fn merge(&mut self, other: Self) {
        self.marks.extend(other.marks);
        self.limit = self.limit.into_iter().chain(other.limit).min();
        if let Some(limit) = self.limit {
            self.marks.split_off(&limit);
        }
        self.bound();
    }

    pub(super) fn remove(&mut self, mark: u64) -> bool {
        self.marks.remove(&mark)
    }

    pub(super) fn count(&self) -> u64 {
        let known = self.marks.len();
        match self.limit {
            Some(limit) => (known as f64 / (limit as f64 / u64::MAX as f64)) as u64,
            None => known as u64,
        }
    }

    fn bound(&mut self) {
        while self.marks.len() > MAX_MARKS {
            self.limit = self.marks.pop_last();
        }
    }
}

/// Returns a mark of `user`. Without the secret, the user cannot be found from the mark.
pub(crate) fn salt(secret: Uuid, user: &str) -> u64 {
    let (high, low) = Uuid::new_v5(&secret, user.as_bytes()).as_u64_pair();
    // Version and variant bits are not random; rotated, they meet random bits of the other half.
    high ^ low.rotate_left(32)
}

const MAX_MARKS: usize = 512;

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
        for count in [0, 1, 2, 100, 512] {
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
    fn an_erased_user_leaves_the_count_of_the_others_as_it_was() {
        let (mut users, secret) = (users(5_000), Uuid::from_u128(7));
        let before = users.count();
        (0..100).for_each(|user| _ = users.remove(salt(secret, &user.to_string())));
        users.add((100..5_000).map(|user| salt(secret, &user.to_string())));
        let off = users.count() as f64 / before as f64;
        assert!((0.94..1.0).contains(&off), "{off}");
    }

    #[test]
    fn a_user_that_two_processes_saw_is_counted_once() {
        let secret = Uuid::from_u128(7);
        for (first, second) in [(0..300, 200..500), (0..4_000, 2_000..6_000), (0..100, 50..6_000)] {
            let count = first.start.min(second.start)..first.end.max(second.end);
            let mut one = Users::default();
            let mut other = Users::default();
            one.add(first.map(|user: u64| salt(secret, &user.to_string())));
            other.add(second.map(|user: u64| salt(secret, &user.to_string())));
            one.merge(other);
            let off = one.count() as f64 / count.count() as f64;
            assert!((0.87..1.13).contains(&off), "{off}");
        }
    }

    #[test]
    fn the_mark_of_a_user_depends_on_the_secret() {
        assert_ne!(salt(Uuid::from_u128(1), "ada"), salt(Uuid::from_u128(2), "ada"));
    }
}
