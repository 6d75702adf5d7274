//! The storage below the database. It is a file; tests put one in its place that fails.

use std::{fmt, fs, sync::Arc};

use redb::{Builder, Database, DatabaseError, backends::FileBackend};

/// Opens the database in a file.
#[derive(Clone)]
pub(crate) struct Backend(Arc<Open>);

type Open = dyn Fn(&Builder, fs::File) -> Result<Database, DatabaseError> + Send + Sync;

impl Backend {
    /// Returns a backend whose databases are opened by `open`.
    pub(crate) fn new(
        open: impl Fn(&Builder, fs::File) -> Result<Database, DatabaseError> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(open))
    }

    pub(crate) fn open(&self, builder: &Builder, file: fs::File) -> Result<Database, DatabaseError> {
        (self.0)(builder, file)
    }
}

impl Default for Backend {
    fn default() -> Self {
        Self::new(|builder, file| builder.create_with_backend(FileBackend::new(file)?))
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend").finish_non_exhaustive()
    }
}
