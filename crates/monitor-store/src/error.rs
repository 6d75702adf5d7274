//! Errors of a store. The database's errors are classified by the reaction: quarantine the file, leave it alone, or
//! retry.

use std::{error::Error, fmt, io, path::PathBuf};

/// The error when a folder cannot be used as a store.
#[derive(Debug)]
pub struct StoreError {
    pub(crate) what: &'static str,
    pub(crate) path: PathBuf,
    pub(crate) source: io::Error,
}

/// The reason why a database cannot be used.
#[derive(Debug)]
pub(crate) enum DatabaseError {
    /// The file exists but is corrupt.
    Damaged(String),
    /// A newer release wrote the file in a format that this release cannot read.
    Newer(String),
    /// The disk or the operating system failed; a retry may succeed.
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
            // None of these means that the file is damaged.
            error @ (redb::Error::PreviousIo | redb::Error::DatabaseAlreadyOpen | redb::Error::ValueTooLarge(_)) => {
                Self::Failed(error.into())
            }
            error => Self::Damaged(error.to_string()),
        }
    }
}

/// Returns whether an I/O error means that the file is truncated or malformed.
fn is_of_the_content(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
}
