//! A file lock that lets only one process rotate a log file at a time.

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
};

/// Locks the file `{path}.lock` until the returned file is dropped or the process ends. Returns `None` if another
/// process holds the lock. On a file system without locks, returns the file unlocked.
pub(super) fn try_lock(path: &Path) -> io::Result<Option<File>> {
    let beside = beside(path);
    // The lock file is never removed: a process waiting for the removed file and one that creates it anew would both
    // hold a lock.
    let file = File::options().append(true).create(true).open(&beside).map_err(|error| explain(&beside, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(Some(file)),
        Err(TryLockError::Error(error)) => Err(explain(&beside, &error)),
    }
}

fn explain(beside: &Path, error: &io::Error) -> io::Error {
    let text = format!("cannot lock {}, check its directory and permissions: {error}", beside.display());
    io::Error::new(error.kind(), text)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}
