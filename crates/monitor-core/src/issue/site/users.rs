//! The users of a site's errors, until the next update counts them.

use crate::base::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Marks of users that are not counted yet. Open addressing, lock-free, bounded: past the bound, marks are dropped.
#[derive(Debug)]
pub(super) struct UserSet {
    marks: Box<[AtomicU64; USERS]>,
    is_any: AtomicBool,
}

impl UserSet {
    pub(super) fn new() -> Self {
        Self { marks: Box::new([const { AtomicU64::new(0) }; USERS]), is_any: AtomicBool::new(false) }
    }

    pub(super) fn add(&self, mark: u64) {
        let begin = usize::try_from(mark % USERS as u64).unwrap_or(0);
        for at in (begin..USERS).chain(0..begin) {
            match self.marks[at].compare_exchange(0, mark, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return self.is_any.store(true, Ordering::Release),
                Err(known) if known == mark => return,
                Err(_) => {}
            }
        }
    }

    pub(super) fn drain(&self) -> impl Iterator<Item = u64> {
        let marks = if self.is_any.swap(false, Ordering::Acquire) { &self.marks[..] } else { &[] };
        marks.iter().map(|mark| mark.swap(0, Ordering::Relaxed)).filter(|mark| *mark != 0)
    }
}

/// Maximum number of new users per site between two updates. Updates run at least once a second.
const USERS: usize = 256;
