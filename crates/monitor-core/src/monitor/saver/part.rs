//! One part of the persisted state, and what the saver knows of its values in the store.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    base::{error::BoxError, unwind},
    persist::{
        Persist, StoreWrite,
        durable::{Durable, KeyPrefix},
        eraser::Eraser,
    },
};

/// A part of the persisted state. A panic in one part keeps no other from being saved.
pub(super) struct Part {
    durable: Arc<dyn Durable>,
    pub(super) prefixes: Vec<KeyPrefix>,
    /// Whether the stored values were merged. A part whose merge panicked is not saved, so its stored values stay as
    /// they are.
    is_merged: bool,
    /// Keys of values written by a newer release that this one cannot read. They are never removed.
    foreign: BTreeSet<String>,
}

/// The changes of a part, or the panic of one of its functions.
pub(super) type Changes = Result<Vec<StoreWrite>, Panicked>;

pub(super) struct Panicked;

/// Counts of a merge.
#[derive(Default)]
pub(super) struct Unread {
    pub(super) foreign: usize,
    pub(super) damaged: u64,
}

impl Part {
    pub(super) fn new(durable: Arc<dyn Durable>) -> Self {
        let prefixes = guarded(|| durable.prefixes()).unwrap_or_default();
        Self { durable, prefixes, is_merged: false, foreign: BTreeSet::new() }
    }

    /// Returns all stored values of this part.
    pub(super) fn load(&self, persist: &dyn Persist) -> Result<Vec<(String, Vec<u8>)>, BoxError> {
        let mut stored = Vec::new();
        for prefix in &self.prefixes {
            stored.extend(persist.load(&prefix.name)?);
        }
        Ok(stored)
    }

    /// Merges the stored values. Returns the changes that remove useless ones.
    pub(super) fn merge(&mut self, stored: Vec<(String, Vec<u8>)>, unread: &mut Unread) -> Changes {
        let report = guarded(|| self.durable.merge(stored))?;
        self.is_merged = true;
        unread.foreign += report.foreign.len();
        unread.damaged += report.damaged.len() as u64;
        self.foreign.extend(report.foreign);
        let useless = report.obsolete.into_iter().chain(report.damaged);
        Ok(useless.map(|key| StoreWrite::Remove { key }).collect())
    }

    pub(super) fn take_changes(&self) -> Changes {
        if self.is_merged { guarded(|| self.durable.take_changes()) } else { Ok(Vec::new()) }
    }

    pub(super) fn discard_changes(&self) {
        let _ = guarded(|| self.durable.discard_changes());
    }

    /// Returns the changes that make the store equal to the memory, whatever it holds now.
    pub(super) fn everything(&self, persist: &dyn Persist) -> Result<Changes, BoxError> {
        if !self.is_merged {
            return Ok(Ok(Vec::new()));
        }
        let stored: BTreeMap<_, _> = self.load(persist)?.into_iter().collect();
        Ok(guarded(|| self.difference(stored)))
    }

    pub(super) fn erase(&self, eraser: &Eraser) {
        let _ = guarded(|| self.durable.erase(eraser));
    }

    fn difference(&self, stored: BTreeMap<String, Vec<u8>>) -> Vec<StoreWrite> {
        let mut all = self.durable.everything();
        let known: BTreeSet<_> = all.iter().map(|change| change.key().to_owned()).collect();
        all.retain(|change| !self.is_stored(change, &stored));
        let gone = stored.into_keys().filter(|key| !known.contains(key) && !self.foreign.contains(key));
        all.extend(gone.map(|key| StoreWrite::Remove { key }));
        all
    }

    fn is_stored(&self, change: &StoreWrite, stored: &BTreeMap<String, Vec<u8>>) -> bool {
        let StoreWrite::Put { key, value } = change else { return false };
        stored.get(key).is_some_and(|stored| self.durable.is_stored(key, stored, value))
    }
}

fn guarded<R>(f: impl FnOnce() -> R) -> Result<R, Panicked> {
    let mut returned = Err(Panicked);
    unwind::catch_and_drop(|| returned = Ok(f()));
    returned
}
