//! The tables in the file, and the versions of their form.

use monitor_core::Change;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};

use crate::error::Trouble;

/// Makes sure that all is of the form this release knows.
pub(crate) fn prepare(database: &Database) -> Result<(), Trouble> {
    let write = database.begin_write()?;
    {
        let mut numbers = write.open_table(NUMBERS)?;
        let format = numbers.get(FORMAT)?.map_or(0, |format| format.value());
        if format > NEWEST {
            return Err(Trouble::Damaged(format!(
                "it is of format {format}, and this release knows none above {NEWEST}: a newer release wrote it"
            )));
        }
        write.open_table(VALUES)?;
        numbers.insert(FORMAT, NEWEST)?;
    }
    Ok(write.commit()?)
}

/// Returns every key that begins with `prefix`, and its value.
pub(crate) fn load(database: &Database, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, Trouble> {
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

/// Carries out all changes or none. When it returns they are on the disk.
pub(crate) fn save(database: &Database, changes: &[Change]) -> Result<(), Trouble> {
    let write = database.begin_write()?;
    put(&write, changes)?;
    Ok(write.commit()?)
}

/// Copies every value.
pub(crate) fn copy(from: &Database, to: &Database) -> Result<(), Trouble> {
    let all = load(from, "")?.into_iter().map(|(key, value)| Change::Put { key, value });
    save(to, &all.collect::<Vec<_>>())
}

fn put(write: &WriteTransaction, changes: &[Change]) -> Result<(), Trouble> {
    let mut values = write.open_table(VALUES)?;
    for change in changes {
        match change {
            Change::Put { key, value } => values.insert(key.as_str(), value.as_slice())?,
            Change::Remove { key } => values.remove(key.as_str())?,
        };
    }
    Ok(())
}

/// All values by their keys.
const VALUES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("values");
const NUMBERS: TableDefinition<'_, &str, u64> = TableDefinition::new("numbers");
/// The number of the form of all tables, 0 in a file that is new.
const FORMAT: &str = "format";
const NEWEST: u64 = 1;
