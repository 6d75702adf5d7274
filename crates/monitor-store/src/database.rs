//! The tables of the database and the versions of their format.
//!
//! Releases of different ages share a file during rollouts and rollbacks. The file therefore has a format number, and
//! an older release must either understand the tables or leave them untouched.
//!
//! | format | content |
//! | --- | --- |
//! | 1 | the value of each key |
//! | 2 | also the order in which keys with a `/` were saved, so that the oldest can be evicted |
//!
//! A newer format may be compatible with older releases. It then stores the oldest format whose releases may use it.
//! Such a release reads and writes these tables, and preserves the format number and all unknown keys. New tables
//! require a format that older releases may not use. `tests/data` has a store in each format.

mod tables;

use monitor_core::{KeyPrefix, StoreWrite};
use redb::{Database, ReadableDatabase, ReadableTable, TableError, WriteTransaction};

use self::tables::{AGES, NOTES, NUMBERS, Tables, VALUES};
use crate::error::DatabaseError;

/// Returns an error if a newer release wrote the database in a format that this release cannot read.
pub(crate) fn refuse_newer(database: &Database) -> Result<(), DatabaseError> {
    let numbers = match database.begin_read()?.open_table(NUMBERS) {
        // A new database.
        Err(TableError::TableDoesNotExist(_)) => return Ok(()),
        numbers => numbers?,
    };
    let number = |name| Ok::<_, DatabaseError>(numbers.get(name)?.map(|number| number.value()));
    let format = number(FORMAT)?.unwrap_or(0);
    if number(OLDEST_READER)?.unwrap_or(format) > NEWEST {
        return Err(DatabaseError::Newer(format!("its format is {format}, and this release reads {NEWEST} at most")));
    }
    Ok(())
}

/// Creates the tables or migrates them to [`NEWEST`]. A newer format that this release may use is left as it is.
pub(crate) fn prepare(database: &Database) -> Result<(), DatabaseError> {
    let write = database.begin_write()?;
    let format = write.open_table(NUMBERS)?.get(FORMAT)?.map_or(0, |format| format.value());
    match format {
        // Opening a table creates it.
        0 => drop(Tables::open(&write)?),
        1 => from_format_1(&write)?,
        // The current format, or a newer one that passed `refuse_newer`.
        _ => return Ok(write.abort()?),
    }
    write.open_table(NUMBERS)?.insert(FORMAT, NEWEST)?;
    Ok(write.commit()?)
}

fn from_format_1(write: &WriteTransaction) -> Result<(), DatabaseError> {
    let mut tables = Tables::open(write)?;
    let all: Vec<_> = tables
        .values
        .iter()?
        .map(|entry| entry.map(|(key, value)| (key.value().to_owned(), value.value().len())))
        .collect::<Result<_, _>>()?;
    all.iter().try_for_each(|(key, length)| tables.note(key, *length))
}

/// Returns all keys that begin with `prefix`, with their values.
pub(crate) fn load(database: &Database, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, DatabaseError> {
    let read = database.begin_read()?;
    let values = read.open_table(VALUES)?;
    let mut found = Vec::new();
    for entry in values.range(prefix..)? {
        let (key, value) = entry?;
        if !key.value().starts_with(prefix) {
            break;
        }
        found.push((key.value().to_owned(), value.value().to_vec()));
    }
    Ok(found)
}

/// Upper bounds of the keys with a `/` and their values, in bytes.
pub(crate) struct Bounds<'a> {
    /// The bound of all together.
    pub(crate) size: u64,
    /// The bounds of prefixes.
    pub(crate) quotas: &'a [KeyPrefix],
}

/// Applies all changes in one durable transaction. Returns the number of values evicted to stay within `bounds`.
pub(crate) fn save(database: &Database, changes: &[StoreWrite], bounds: &Bounds<'_>) -> Result<u64, DatabaseError> {
    let write = database.begin_write()?;
    let evicted = {
        let mut tables = Tables::open(&write)?;
        for change in changes {
            match change {
                StoreWrite::Put { key, value } => tables.put(key, value)?,
                StoreWrite::Remove { key } => tables.remove(key)?,
            }
        }
        let mut evicted = 0;
        for (prefix, quota) in bounds.touched_by(changes) {
            evicted += tables.bound_prefix(prefix, quota)?;
        }
        evicted + tables.bound(bounds.size)?
    };
    write.commit()?;
    Ok(evicted)
}

impl Bounds<'_> {
    /// Returns the prefixes with a quota of which `changes` sets a value.
    fn touched_by(&self, changes: &[StoreWrite]) -> impl Iterator<Item = (&str, u64)> {
        let is_set = |prefix: &str| {
            changes.iter().any(|change| matches!(change, StoreWrite::Put { key, .. } if key.starts_with(prefix)))
        };
        let quotas = self.quotas.iter().filter_map(|prefix| Some((prefix.name.as_str(), prefix.quota?)));
        quotas.filter(move |(prefix, _)| is_set(prefix))
    }
}

/// Copies all tables.
pub(crate) fn copy(from: &Database, to: &Database) -> Result<(), DatabaseError> {
    let (read, write) = (from.begin_read()?, to.begin_write()?);
    {
        let mut tables = Tables::open(&write)?;
        for entry in read.open_table(VALUES)?.iter()? {
            let (key, value) = entry?;
            tables.values.insert(key.value(), value.value())?;
        }
        for entry in read.open_table(NOTES)?.iter()? {
            let (key, note) = entry?;
            tables.notes.insert(key.value(), note.value())?;
        }
        for entry in read.open_table(AGES)?.iter()? {
            let (age, key) = entry?;
            tables.ages.insert(age.value(), key.value())?;
        }
        for entry in read.open_table(NUMBERS)?.iter()? {
            let (name, number) = entry?;
            tables.numbers.insert(name.value(), number.value())?;
        }
    }
    Ok(write.commit()?)
}

/// The format number; absent in a new file.
const FORMAT: &str = "format";
/// The oldest format whose releases may read and write the tables. Defaults to the format itself.
const OLDEST_READER: &str = "oldest-reader";
const NEWEST: u64 = 2;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use redb::backends::InMemoryBackend;

    use super::{tables::BYTES, *};

    const PLENTY: Bounds<'_> = Bounds { size: u64::MAX, quotas: &[] };

    fn database() -> Database {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).expect("there is memory");
        prepare(&database).expect("it is new");
        database
    }

    fn put(key: &str, value: &str) -> StoreWrite {
        StoreWrite::Put { key: key.to_owned(), value: value.as_bytes().to_vec() }
    }

    fn keys(database: &Database) -> Vec<String> {
        load(database, "").expect("it can be read").into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn the_least_recently_saved_value_is_evicted_first_and_a_single_value_never() {
        let database = database();
        let save = |changes: &[StoreWrite]| save(&database, changes, &Bounds { size: 20, ..PLENTY }).unwrap();
        assert_eq!(
            save(&[put("routes", "a text that is longer than the limit"), put("a/1", "xxxx"), put("a/2", "xxxx")]),
            0
        );
        assert_eq!(save(&[put("a/1", "yyyy")]), 0, "now it is younger than the other one");
        assert_eq!(save(&[put("a/3", "xxxx")]), 1);
        assert_eq!(keys(&database), ["a/1", "a/3", "routes"]);
        assert_eq!(save(&[put("a/4", "a text that is longer than the limit")]), 3, "itself among them");
        assert_eq!(keys(&database), ["routes"]);
    }

    #[test]
    fn a_quota_bounds_its_own_prefix_only() {
        let database = database();
        let quotas = [KeyPrefix::new("a/").quota(20)];
        let save =
            |changes: &[StoreWrite]| save(&database, changes, &Bounds { size: u64::MAX, quotas: &quotas }).unwrap();
        assert_eq!(save(&[put("b/1", "a text that is longer than the quota"), put("a/2", "xxxx")]), 0);
        assert_eq!(save(&[put("a/1", "xxxx"), put("a/2", "xxxx")]), 0, "now a/2 is younger, but the first by name");
        assert_eq!(save(&[put("a/3", "xxxx"), put("a/4", "xxxx")]), 2);
        assert_eq!(keys(&database), ["a/3", "a/4", "b/1"]);
    }

    #[test]
    fn values_of_format_1_get_an_age() {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
        let write = database.begin_write().unwrap();
        for key in ["a/1", "a/2", "routes"] {
            write.open_table(VALUES).unwrap().insert(key, b"xxxx".as_slice()).unwrap();
        }
        write.open_table(NUMBERS).unwrap().insert(FORMAT, 1).unwrap();
        write.commit().unwrap();
        prepare(&database).unwrap();
        assert_eq!(keys(&database), ["a/1", "a/2", "routes"]);
        assert_eq!(save(&database, &[put("a/3", "x")], &Bounds { size: 11, ..PLENTY }).unwrap(), 1);
        assert_eq!(keys(&database), ["a/2", "a/3", "routes"]);
    }

    fn set(database: &Database, numbers: &[(&str, u64)]) {
        let write = database.begin_write().expect("it is open");
        for (name, number) in numbers {
            write.open_table(NUMBERS).expect("it is there").insert(*name, *number).expect("there is memory");
        }
        write.commit().expect("there is memory");
    }

    #[test]
    fn a_newer_format_is_refused_by_its_number() {
        let database = database();
        set(&database, &[(FORMAT, 7)]);
        let refused = refuse_newer(&database).unwrap_err();
        assert!(matches!(refused, DatabaseError::Newer(_)));
        assert_eq!(refused.to_string(), "its format is 7, and this release reads 2 at most");
    }

    #[test]
    fn a_newer_format_that_this_release_may_use_is_used_and_keeps_its_number() {
        let database = database();
        set(&database, &[(FORMAT, 3), (OLDEST_READER, 2)]);
        refuse_newer(&database).unwrap();
        prepare(&database).unwrap();
        save(&database, &[put("a/1", "x")], &PLENTY).unwrap();
        assert_eq!(keys(&database), ["a/1"]);
        let write = database.begin_write().unwrap();
        assert_eq!(Tables::open(&write).unwrap().number(FORMAT).unwrap(), 3);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn the_database_equals_a_map(
            changes in prop::collection::vec((0..12_u8, prop::option::of(0..60_usize)), 1..60),
        ) {
            let (database, mut model) = (database(), BTreeMap::new());
            for (key, length) in changes {
                let key = if key < 3 { key.to_string() } else { format!("many/{key}") };
                let change = match length {
                    Some(length) => put(&key, &"x".repeat(length)),
                    None => StoreWrite::Remove { key: key.clone() },
                };
                save(&database, &[change], &PLENTY).unwrap();
                match length {
                    Some(length) => drop(model.insert(key, length)),
                    None => drop(model.remove(&key)),
                }
            }
            let held = load(&database, "").unwrap().into_iter().map(|(key, value)| (key, value.len()));
            prop_assert_eq!(&held.collect::<BTreeMap<_, _>>(), &model);
            let many = model.iter().filter(|(key, _)| key.contains('/'));
            let bytes: usize = many.map(|(key, length)| key.len() + length).sum();
            let write = database.begin_write().unwrap();
            let tables = Tables::open(&write).unwrap();
            prop_assert_eq!(tables.number(BYTES).unwrap(), bytes as u64);
            prop_assert_eq!(tables.ages.iter().unwrap().count(), tables.notes.iter().unwrap().count());
        }
    }
}
