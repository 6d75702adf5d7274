//! What can be wrong with a store.

use std::{error::Error, fmt, io, path::PathBuf};

/// A folder cannot hold a store.
#[derive(Debug)]
pub struct StoreError {
    pub(crate) what: &'static str,
    pub(crate) path: PathBuf,
    pub(crate) source: io::Error,
}

/// Why a database cannot be used.
#[derive(Debug)]
pub(crate) enum DatabaseError {
    /// The file is there, and is not what it should be.
    Damaged(String),
    /// A newer release wrote the file in a format that this one cannot read.
    Newer(String),
    /// The disk or the system does not do what it is asked to.
    Failed(Box<dyn Error + Send + Sync>),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, path, source } = self;
        write!(
            f,
            "cannot {what} {}: {source}; give the store a folder of its own that this process may write to",
            path.display()
        )
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(why) | Self::Newer(why) => f.write_str(why),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl Error for DatabaseError {}

impl<E: Into<redb::Error>> From<E> for DatabaseError {
    fn from(error: E) -> Self {
        match error.into() {
            redb::Error::Io(error) if !is_of_the_content(error.kind()) => Self::Failed(error.into()),
            error @ (redb::Error::PreviousIo | redb::Error::DatabaseAlreadyOpen | redb::Error::ValueTooLarge(_)) => {
                Self::Failed(error.into())
            }
            error => Self::Damaged(error.to_string()),
        }
    }
}

/// Whether an error of input or output says that the file is too short, or nonsense.
fn is_of_the_content(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
}
