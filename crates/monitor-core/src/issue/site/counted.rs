//! A bit set of the sites that have counted since the last update, so that the update does not visit all of them.

use std::sync::{Arc, PoisonError};

use super::Site;
use crate::base::sync::{
    RwLock,
    atomic::{AtomicU64, Ordering},
};

/// The sites that have counted since the last update.
#[derive(Debug)]
pub(crate) struct Counted {
    all: RwLock<Vec<Arc<Site>>>,
    /// One bit per site, by its number.
    marks: Box<[AtomicU64]>,
}

impl Counted {
    pub(crate) fn new(limit: usize) -> Self {
        Self { all: RwLock::default(), marks: (0..limit.div_ceil(64)).map(|_| AtomicU64::new(0)).collect() }
    }

    /// Creates a site with a number of its own.
    pub(super) fn add(&self) -> Arc<Site> {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        let source = Arc::new(Site { number: all.len(), ..Site::default() });
        all.push(Arc::clone(&source));
        source
    }

    pub(super) fn mark(&self, source: &Site) {
        if let Some(word) = self.marks.get(source.number / 64) {
            word.fetch_or(1 << (source.number % 64), Ordering::AcqRel);
        }
    }

    /// Returns the sites that have counted since the last call.
    pub(crate) fn take(&self) -> Vec<Arc<Site>> {
        let mut taken = Vec::new();
        for (at, word) in self.marks.iter().enumerate().filter(|(_, word)| word.load(Ordering::Relaxed) != 0) {
            let mut left = word.swap(0, Ordering::AcqRel);
            let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
            while left != 0 {
                taken.extend(all.get(64 * at + left.trailing_zeros() as usize).map(Arc::clone));
                left &= left - 1;
            }
        }
        taken
    }
}
