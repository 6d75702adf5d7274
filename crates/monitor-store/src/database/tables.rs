//! The tables, and what ties their entries together.

use monitor_core::clock;
use redb::{ReadableTable, Table, TableDefinition, WriteTransaction};

use crate::error::DatabaseError;

/// All tables, opened for writing. The entries of a key are consistent across them.
pub(super) struct Tables<'a> {
    pub(super) values: Table<'a, &'static str, &'static [u8]>,
    pub(super) notes: Table<'a, &'static str, (u64, u64, u64)>,
    pub(super) ages: Table<'a, u64, &'static str>,
    pub(super) numbers: Table<'a, &'static str, u64>,
}

impl<'a> Tables<'a> {
    pub(super) fn open(write: &'a WriteTransaction) -> Result<Self, DatabaseError> {
        Ok(Self {
            values: write.open_table(VALUES)?,
            notes: write.open_table(NOTES)?,
            ages: write.open_table(AGES)?,
            numbers: write.open_table(NUMBERS)?,
        })
    }

    pub(super) fn put(&mut self, key: &str, value: &[u8]) -> Result<(), DatabaseError> {
        self.forget(key)?;
        self.values.insert(key, value)?;
        self.note(key, value.len())
    }

    pub(super) fn remove(&mut self, key: &str) -> Result<(), DatabaseError> {
        self.forget(key)?;
        self.values.remove(key)?;
        Ok(())
    }

    /// Records the size of a value and marks it as the one saved last.
    pub(super) fn note(&mut self, key: &str, length: usize) -> Result<(), DatabaseError> {
        // A value that exists only once, such as the disabled routes, is never evicted.
        if !key.contains('/') {
            return Ok(());
        }
        let (age, length) = (self.number(NEXT)?, (key.len() + length) as u64);
        self.numbers.insert(NEXT, age + 1)?;
        self.ages.insert(age, key)?;
        self.notes.insert(key, (age, length, now()))?;
        self.add_bytes(|bytes| bytes + length)
    }

    fn forget(&mut self, key: &str) -> Result<(), DatabaseError> {
        let note = self.notes.remove(key)?.map(|note| note.value());
        let Some((age, length, _)) = note else { return Ok(()) };
        self.ages.remove(age)?;
        self.add_bytes(|bytes| bytes.saturating_sub(length))
    }

    /// Evicts the oldest values until the rest fits into `limit` bytes. Returns their number.
    pub(super) fn bound(&mut self, limit: u64) -> Result<u64, DatabaseError> {
        let mut evicted = 0;
        while self.number(BYTES)? > limit
            && let Some(oldest) = self.oldest()?
        {
            self.remove(&oldest)?;
            evicted += 1;
        }
        Ok(evicted)
    }

    /// Evicts the oldest values of a prefix until the rest of them fits into `quota` bytes. Returns their number.
    ///
    /// The sizes are read from the notes and not counted in a number of their own, which an older release would not
    /// update.
    pub(super) fn bound_prefix(&mut self, prefix: &str, quota: u64) -> Result<u64, DatabaseError> {
        let mut noted = Vec::new();
        for entry in self.notes.range(prefix..)? {
            let (key, note) = entry?;
            if !key.value().starts_with(prefix) {
                break;
            }
            noted.push((note.value().0, note.value().1, key.value().to_owned()));
        }
        let mut bytes: u64 = noted.iter().map(|(_, length, _)| length).sum();
        noted.sort_unstable();
        let mut evicted = 0;
        for (_, length, key) in noted {
            if bytes <= quota {
                break;
            }
            self.remove(&key)?;
            bytes -= length;
            evicted += 1;
        }
        Ok(evicted)
    }

    fn oldest(&self) -> Result<Option<String>, DatabaseError> {
        Ok(self.ages.first()?.map(|(_, key)| key.value().to_owned()))
    }

    pub(super) fn number(&self, name: &str) -> Result<u64, DatabaseError> {
        Ok(self.numbers.get(name)?.map_or(0, |number| number.value()))
    }

    fn add_bytes(&mut self, f: impl FnOnce(u64) -> u64) -> Result<(), DatabaseError> {
        let bytes = self.number(BYTES)?;
        self.numbers.insert(BYTES, f(bytes))?;
        Ok(())
    }
}

fn now() -> u64 {
    u64::try_from(clock::unix_time().as_millis()).unwrap_or(u64::MAX)
}

/// All values by key.
pub(super) const VALUES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("values");
/// For each key with a `/`: its age, the length of key and value, and the time it was saved in milliseconds since the
/// Unix epoch. Only older releases read the time.
pub(super) const NOTES: TableDefinition<'_, &str, (u64, u64, u64)> = TableDefinition::new("notes");
/// The same keys by age, oldest first.
pub(super) const AGES: TableDefinition<'_, u64, &str> = TableDefinition::new("ages");
pub(super) const NUMBERS: TableDefinition<'_, &str, u64> = TableDefinition::new("numbers");
/// The age assigned to the next saved value.
const NEXT: &str = "next-age";
/// Total length of all keys with a `/` and of their values, in bytes.
pub(super) const BYTES: &str = "bytes";
