//! The error type of [`MonitorBuilder::build`](crate::MonitorBuilder::build).

use std::{error::Error, fmt, io};

/// An error when building a monitor.
#[derive(Debug)]
pub struct BuildError(Kind);

#[derive(Debug)]
enum Kind {
    Setting(String),
    Thread(io::Error),
}

/// Returns an error about a setting. `text` must name the mistake and the change that corrects it.
pub(crate) fn setting<T>(text: impl Into<String>) -> Result<T, BuildError> {
    Err(BuildError::setting(text))
}

impl BuildError {
    /// Creates the error of a setting of an [`Extension`](crate::Extension). `text` names the mistake and the change
    /// that corrects it.
    // No example: `Extension::prepare` returns it.
    #[must_use]
    pub fn setting(text: impl Into<String>) -> Self {
        Self(Kind::Setting(text.into()))
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Setting(text) => f.write_str(text),
            Kind::Thread(_) => f.write_str("a thread of the monitor could not be started"),
        }
    }
}

impl Error for BuildError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Kind::Setting(_) => None,
            Kind::Thread(error) => Some(error),
        }
    }
}

impl From<io::Error> for BuildError {
    fn from(error: io::Error) -> Self {
        Self(Kind::Thread(error))
    }
}

/// A boxed error, used in public interfaces.
pub type BoxError = Box<dyn Error + Send + Sync>;
