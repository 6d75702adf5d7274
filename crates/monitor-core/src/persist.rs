//! Keeping state over a restart.

use std::sync::Arc;

use crate::BoxError;

/// Keeps what must outlive the process: for each key the last value saved.
///
/// It is asked when the monitor is built, and told when somebody changes something, who waits for it. No request does. What
/// it cannot save still holds in this process; it is warned of and counted as dropped with reason `not_persisted`.
///
/// # Example
///
/// ```
/// use std::{fs, io, path::PathBuf};
/// use monitor_core::{BoxError, Monitor, Persist};
///
/// /// A file for each key.
/// struct Folder(PathBuf);
///
/// impl Persist for Folder {
///     fn load(&self, key: &str) -> Result<Option<Vec<u8>>, BoxError> {
///         match fs::read(self.0.join(key)) {
///             Ok(value) => Ok(Some(value)),
///             Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
///             Err(error) => Err(error.into()),
///         }
///     }
///
///     fn save(&self, key: &str, value: &[u8]) -> Result<(), BoxError> {
///         let (new, kept) = (self.0.join(format!("{key}.new")), self.0.join(key));
///         fs::write(&new, value)?;
///         Ok(fs::rename(new, kept)?)
///     }
/// }
///
/// # let folder = std::env::temp_dir();
/// let monitor = Monitor::builder("shop").persist(Folder(folder)).build()?;
/// # Ok::<(), monitor_core::BuildError>(())
/// ```
pub trait Persist: Send + Sync + 'static {
    /// Returns the value saved last under `key`, which is made of lower-case letters, digits and `-`.
    ///
    /// # Errors
    ///
    /// When it cannot be told. The monitor begins as if there were none, and warns.
    fn load(&self, key: &str) -> Result<Option<Vec<u8>>, BoxError>;

    /// Saves a value in place of the one before.
    ///
    /// # Errors
    ///
    /// When it could not be saved.
    fn save(&self, key: &str, value: &[u8]) -> Result<(), BoxError>;
}

impl<P: Persist + ?Sized> Persist for Arc<P> {
    fn load(&self, key: &str) -> Result<Option<Vec<u8>>, BoxError> {
        (**self).load(key)
    }

    fn save(&self, key: &str, value: &[u8]) -> Result<(), BoxError> {
        (**self).save(key, value)
    }
}
