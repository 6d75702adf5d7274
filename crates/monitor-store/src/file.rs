//! The file, open.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use redb::{Database, backends::FileBackend};

use crate::{database, error::Trouble, lock::private};

/// The database, and which file it is in.
pub(crate) struct File {
    database: Database,
    inode: u64,
}

impl File {
    /// Opens the file, makes it where there is none, and verifies all of it.
    pub(crate) fn open(path: &Path) -> Result<Self, Trouble> {
        guarded(|| {
            let file = private().create(true).truncate(false).open(path).map_err(failed)?;
            let data = file.metadata().map_err(failed)?;
            let mut database =
                Database::builder().set_cache_size(CACHE).create_with_backend(FileBackend::new(file)?)?;
            // What was written before, somebody else may have changed since.
            if data.len() > 0 {
                database.check_integrity()?;
            }
            database::prepare(&database)?;
            Ok(Self { database, inode: data.ino() })
        })
    }

    /// Whether it is still the file that is found at `path`.
    pub(crate) fn is_at(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|data| data.ino() == self.inode)
    }

    pub(crate) fn with<R>(&self, f: impl FnOnce(&Database) -> Result<R, Trouble>) -> Result<R, Trouble> {
        guarded(|| f(&self.database))
    }

    /// Writes all that is in it to a new file, which takes its place: what was removed before is nowhere any more.
    pub(crate) fn rewritten(self, path: &Path) -> Result<Self, Trouble> {
        let new = path.with_extension("redb.new");
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let written = Self::open(&new)?;
        written.with(|to| database::copy(&self.database, to))?;
        self.close();
        fs::rename(&new, path).map_err(failed)?;
        if let Some(folder) = path.parent() {
            fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        }
        Ok(written)
    }

    /// Closes it, which writes down what makes the next opening quick.
    pub(crate) fn close(self) {
        let _ = guarded(|| {
            drop(self.database);
            Ok(())
        });
    }
}

/// What is damaged may make redb panic.
fn guarded<R>(f: impl FnOnce() -> Result<R, Trouble>) -> Result<R, Trouble> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref().copied());
        let why = format!("what reads it panicked: {}", text.unwrap_or("it does not say why"));
        monitor_core::panic::dispose(payload);
        Err(Trouble::Damaged(why))
    })
}

fn failed(error: io::Error) -> Trouble {
    Trouble::Failed(error.into())
}

/// How much of the file is held in memory, in bytes: all of it is in the monitor's memory anyway.
const CACHE: usize = 4 * 1024 * 1024;
