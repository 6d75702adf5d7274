//! The open database file.
//!
//! redb may panic on a damaged file, and a full disk may interrupt any write. This module turns panics into errors and
//! replaces files atomically.

use std::{
    fs, io,
    os::unix::fs::{FileExt, MetadataExt},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use redb::Database;

use crate::{backend::Backend, database, error::DatabaseError, lock::private};

/// The database and the inode of its file.
pub(crate) struct File {
    database: Database,
    inode: u64,
    backend: Backend,
}

impl File {
    /// Opens the file and verifies all checksums, or creates it if it is missing or empty.
    pub(crate) fn open(path: &Path, backend: &Backend) -> Result<Self, DatabaseError> {
        match fs::metadata(path) {
            Ok(data) if data.len() > 0 => Self::existing(path, backend),
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
            _ => Self::make(path, backend, |_| Ok(())),
        }
    }

    fn existing(path: &Path, backend: &Backend) -> Result<Self, DatabaseError> {
        guarded(|| {
            let file = private().open(path).map_err(failed)?;
            refuse_newer_redb(&file)?;
            let mut opened = Self::of(file, backend)?;
            database::refuse_newer(&opened.database)?;
            // The file may have been damaged since it was written, and redb itself does not verify every page on open.
            opened.database.check_integrity()?;
            database::prepare(&opened.database)?;
            Ok(opened)
        })
    }

    /// Creates a new file next to `path` and renames it when it is complete, so that a full disk leaves no torn file.
    fn make(
        path: &Path,
        backend: &Backend,
        fill: impl FnOnce(&Database) -> Result<(), DatabaseError>,
    ) -> Result<Self, DatabaseError> {
        let new = path.with_extension("redb.new");
        let made = guarded(|| {
            let file = private().create(true).truncate(true).open(&new).map_err(failed)?;
            let made = Self::of(file, backend)?;
            database::prepare(&made.database)?;
            fill(&made.database)?;
            fs::rename(&new, path).map_err(failed)?;
            sync_folder(path).map_err(failed)?;
            Ok(made)
        });
        made.map_err(|trouble| {
            let _ = fs::remove_file(&new);
            // Never `Damaged`, whatever redb reports: quarantining a new file would evict a truly damaged one.
            DatabaseError::Failed(trouble.to_string().into())
        })
    }

    fn of(file: fs::File, backend: &Backend) -> Result<Self, DatabaseError> {
        let inode = file.metadata().map_err(failed)?.ino();
        let database = backend.open(Database::builder().set_cache_size(CACHE), file)?;
        Ok(Self { database, inode, backend: backend.clone() })
    }

    /// Returns whether `path` still refers to this file.
    pub(crate) fn is_at(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|data| data.ino() == self.inode)
    }

    pub(crate) fn with<R>(&self, f: impl FnOnce(&Database) -> Result<R, DatabaseError>) -> Result<R, DatabaseError> {
        guarded(|| f(&self.database))
    }

    /// Copies all data to a new file that replaces this one, so that removed data does not remain in free pages.
    pub(crate) fn rewritten(self, path: &Path) -> Result<Self, DatabaseError> {
        let written = Self::make(path, &self.backend, |to| database::copy(&self.database, to));
        self.close();
        written
    }

    /// Closes the database cleanly, which makes the next open fast. Panics are ignored.
    pub(crate) fn close(self) {
        let _ = guarded(|| {
            drop(self.database);
            Ok(())
        });
    }
}

/// Runs `f` and turns a panic into an error: redb panics on some kinds of damage.
fn guarded<R>(f: impl FnOnce() -> Result<R, DatabaseError>) -> Result<R, DatabaseError> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref().copied());
        let why = format!("redb panicked: {}", text.unwrap_or("with a payload that is no text"));
        monitor_core::instrument::panic::drop_payload(payload);
        Err(DatabaseError::Damaged(why))
    })
}

/// Returns an error if a newer release of redb wrote the file. Both commit slots of the header start with the format
/// version.
fn refuse_newer_redb(file: &fs::File) -> Result<(), DatabaseError> {
    let mut header = [0; REDB_SLOTS[1] + 1];
    let is_redb = file.read_exact_at(&mut header, 0).is_ok() && header.starts_with(REDB);
    // A single differing slot may be a flipped bit.
    let [first, second] = REDB_SLOTS.map(|slot| header[slot]);
    if is_redb && first == second && first > REDB_NEWEST {
        return Err(DatabaseError::Newer(format!(
            "redb wrote it in its format {first}, and this release reads {REDB_NEWEST} at most"
        )));
    }
    Ok(())
}

fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}

fn failed(error: io::Error) -> DatabaseError {
    DatabaseError::Failed(error.into())
}

/// The magic number of a redb file.
const REDB: &[u8] = b"redb\x1A\x0A\xA9\x0D\x0A";
/// Offsets of the two commit slots.
const REDB_SLOTS: [usize; 2] = [64, 192];
/// The newest file format of the redb version in use.
const REDB_NEWEST: u8 = 3;
/// Size of redb's page cache in bytes. Small, because the monitor holds all data in memory anyway.
const CACHE: usize = 4 * 1024 * 1024;
