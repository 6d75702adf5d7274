//! Why a registry could not be built.

use std::fmt;

/// Why a registry, or one of its probes, could not be built.
#[derive(Debug)]
pub struct BuildError(String);

impl BuildError {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BuildError {}
