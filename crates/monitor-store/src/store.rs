//! The store: a folder that one process at a time uses.

use std::{
    fmt, fs, io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use monitor_core::{BoxError, KeyPrefix, Persist, ProcessEnded, ProcessHeartbeat, StoreState, StoreWrite};
use redb::Database;
use uuid::Uuid;

use crate::{
    backend::Backend,
    database::{self, Bounds},
    error::{DatabaseError, StoreError},
    file::File,
    heartbeat::HeartbeatFile,
    lock::{Lock, private},
    quarantine::{forget_aside, set_aside},
};

/// Persists issues and disabled routes in a file, for one monitor. Clones are handles to the same store.
///
/// See the [crate's docs](crate).
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    size_limit: u64,
    backend: Backend,
    state: Mutex<State>,
    /// `None` without the lock, and after a failed write. Apart from the state, so that no heartbeat waits for a save.
    heartbeat: Mutex<Option<HeartbeatFile>>,
}

/// Settings of a [`Store`]. Created by [`Store::builder`].
#[derive(Clone, Debug)]
#[must_use]
pub struct StoreBuilder {
    folder: PathBuf,
    size_limit: u64,
    backend: Backend,
}

#[derive(Default)]
struct State {
    lock: Option<Lock>,
    /// `None` before it is opened, and after an error.
    file: Option<File>,
    /// The damage found when the file was last used.
    damage: Option<String>,
    /// A data loss that `access` has not reported yet.
    lost: Option<String>,
    /// Prefixes of keys with a quota.
    quotas: Vec<KeyPrefix>,
}

impl Store {
    /// Opens the store in `folder`, which is created if missing. Does not wait for another process that uses the store.
    ///
    /// # Errors
    ///
    /// Returns an error if the folder cannot be created or written to. A damaged file is not an error: it is
    /// quarantined, and the log has an error with the reason.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, StoreError> {
        Self::builder(folder).open()
    }

    /// Returns a builder for a store in `folder`.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::store::Store;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let folder = folder.path();
    /// let store = Store::builder(folder).size_limit(32 * 1024 * 1024).open()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn builder(folder: impl Into<PathBuf>) -> StoreBuilder {
        StoreBuilder { folder: folder.into(), size_limit: SIZE, backend: Backend::default() }
    }

    /// Returns the folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0.folder
    }

    fn with<R>(&self, f: impl FnOnce(&Database, &[KeyPrefix]) -> Result<R, DatabaseError>) -> Result<R, BoxError> {
        let mut state = self.0.state();
        let file = state.file.as_ref().ok_or("the store is not open: another process has it, or it failed")?;
        let done = file.with(|database| f(database, &state.quotas));
        done.map_err(|trouble| {
            if let DatabaseError::Damaged(why) = &trouble {
                state.damage = Some(why.clone());
            }
            // After an I/O error redb refuses all further operations until the file is reopened.
            if let Some(file) = state.file.take() {
                file.close();
            }
            trouble.into()
        })
    }
}

// === impl StoreBuilder ===

impl StoreBuilder {
    /// Sets the maximum total size of all persisted events and issues, keys included, in bytes. Beyond it the values
    /// saved longest ago are evicted, which the monitor counts. The file is larger than that, because redb needs space
    /// for its indices. Defaults to 256 MiB.
    pub fn size_limit(mut self, bytes: u64) -> Self {
        self.size_limit = bytes;
        self
    }

    /// Opens the store.
    ///
    /// # Errors
    ///
    /// The same as [`Store::open`].
    pub fn open(self) -> Result<Store, StoreError> {
        let Self { folder, size_limit, backend } = self;
        let failed = |what| {
            let path = folder.clone();
            move |source| StoreError { what, path, source }
        };
        make(&folder).map_err(failed("make the folder"))?;
        let store = Store(Arc::new(Inner {
            folder: folder.clone(),
            size_limit,
            backend,
            state: Mutex::default(),
            heartbeat: Mutex::default(),
        }));
        match secret(&store.0.path(SECRET)) {
            // A full disk must not keep the service from starting; the saver retries once there is room.
            Err(error) if !is_full(&error) => Err(failed("write to the folder")(error)),
            _ => Ok(store),
        }
    }

    /// Sets the storage below the database.
    #[cfg(test)]
    pub(crate) fn backend(mut self, backend: Backend) -> Self {
        self.backend = backend;
        self
    }
}

impl Persist for Store {
    fn access(&self) -> Result<StoreState, BoxError> {
        let mut state = self.0.state();
        if state.lock.is_none() {
            match Lock::take(&self.0.path(LOCK))? {
                Some(lock) => {
                    state.lock = Some(lock);
                    *self.0.heartbeat() = Some(HeartbeatFile::new(self.0.path(HEARTBEAT)));
                }
                None => return Ok(StoreState::Busy),
            }
        }
        self.0.open(&mut state)
    }

    fn load(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, BoxError> {
        self.with(|database, _| database::load(database, prefix))
    }

    fn save(&self, changes: &[StoreWrite]) -> Result<u64, BoxError> {
        self.with(|database, quotas| database::save(database, changes, &Bounds { size: self.0.size_limit, quotas }))
    }

    fn purge(&self) -> Result<(), BoxError> {
        let mut state = self.0.state();
        let file = state.file.take().ok_or("the store is not open: another process has it, or it failed")?;
        // On an error the file stays closed. The next `access` opens the old one, and the saver retries the purge.
        state.file = Some(file.rewritten(&self.0.path(FILE))?);
        // Quarantined files may contain the removed data as well.
        Ok(forget_aside(&self.0.path(FILE))?)
    }

    fn set_prefixes(&self, prefixes: &[KeyPrefix]) {
        self.0.state().quotas = prefixes.iter().filter(|prefix| prefix.quota.is_some()).cloned().collect();
    }

    fn secret(&self) -> Result<Uuid, BoxError> {
        Ok(secret(&self.0.path(SECRET))?)
    }

    fn last_end(&self) -> Result<Option<ProcessEnded>, BoxError> {
        Ok(self.0.heartbeat().as_ref().map(HeartbeatFile::last_end).transpose()?)
    }

    fn beat(&self, heartbeat: &ProcessHeartbeat) -> Result<(), BoxError> {
        let mut file = self.0.heartbeat();
        let written = file.as_mut().map_or(Ok(()), |file| file.write(heartbeat));
        if written.is_err() {
            *file = None;
        }
        Ok(written?)
    }
}

// === impl Inner ===

impl Inner {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn heartbeat(&self) -> MutexGuard<'_, Option<HeartbeatFile>> {
        self.heartbeat.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the file unless it is open, and reopens it if it was removed or replaced.
    fn open(&self, state: &mut State) -> Result<StoreState, BoxError> {
        let path = self.path(FILE);
        if state.file.as_ref().is_some_and(|file| !file.is_at(&path)) {
            state.file.take().into_iter().for_each(File::close);
            state.lost = Some(format!("{} was removed or replaced", path.display()));
        }
        if state.file.is_none() {
            make(&self.folder)?;
            if let Some(why) = state.damage.take() {
                state.lost = Some(put_aside(&path, &why)?);
            }
            state.file = Some(self.open_or_begin_anew(&path, state)?);
        }
        Ok(state.lost.take().map_or(StoreState::Ready, |why| StoreState::Fresh { why }))
    }

    fn open_or_begin_anew(&self, path: &Path, state: &mut State) -> Result<File, BoxError> {
        match File::open(path, &self.backend) {
            Err(DatabaseError::Damaged(why)) => {
                state.lost = Some(put_aside(path, &why)?);
                Ok(File::open(path, &self.backend)?)
            }
            Err(DatabaseError::Newer(why)) => {
                // Released, because the newer release may return at any time and must find the store free.
                self.heartbeat().take().into_iter().for_each(HeartbeatFile::give_up);
                state.lock = None;
                Err(format!("{} is of a newer release and is left alone: {why}", path.display()).into())
            }
            opened => Ok(opened?),
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        // Closed before the lock is released with the other fields.
        state.file.take().into_iter().for_each(File::close);
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("folder", &self.folder()).finish_non_exhaustive()
    }
}

/// Quarantines a file and returns a description of the loss.
fn put_aside(path: &Path, why: &str) -> io::Result<String> {
    let aside = set_aside(path)?;
    Ok(format!("{} cannot be read: {why}; it was moved to {}", path.display(), aside.display()))
}

fn make(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}

/// Returns the secret in a file. If there is none, creates one; of several processes the first one wins.
fn secret(path: &Path) -> io::Result<Uuid> {
    loop {
        match fs::read(path) {
            Ok(bytes) => match Uuid::from_slice(&bytes) {
                Ok(secret) => return Ok(secret),
                // A malformed secret is replaced.
                Err(_) => fs::remove_file(path)?,
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let secret = Uuid::new_v4();
        // Written to another file first and then linked, so that no process reads a torn secret.
        let new = path.with_extension(format!("new-{secret}"));
        let linked = write(&new, secret.as_bytes()).and_then(|()| fs::hard_link(&new, path));
        // Removed after a failed write as well, or a full disk would accumulate empty files.
        let _ = fs::remove_file(&new);
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            // Linked, or another process was first: the next round reads the file.
            _ => {}
        }
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = private().create_new(true).open(path)?;
    io::Write::write_all(&mut file, bytes)?;
    file.sync_all()
}

const SIZE: u64 = 256 * 1024 * 1024;
const FILE: &str = "monitor.redb";
const HEARTBEAT: &str = "monitor.heartbeat";
const LOCK: &str = "monitor.lock";
const SECRET: &str = "monitor.secret";
