//! The error of a registry that cannot be built.

use std::fmt;

/// The error of a registry, or of one of its probes, that cannot be built. Its message names the setting to change.
#[derive(Debug)]
pub struct HealthError(String);

impl HealthError {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for HealthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for HealthError {}
