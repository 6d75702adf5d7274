//! Who reports: service, release, environment.

use serde::{Deserialize, Serialize};

/// Which service reports, in which release and environment.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Identity {
    pub(crate) service: String,
    pub(crate) release: String,
    #[serde(default)]
    pub(crate) revision: String,
    pub(crate) environment: String,
}

impl Identity {
    /// Returns the service's name.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Returns the release, `unknown` where none was given.
    #[must_use]
    pub fn release(&self) -> &str {
        &self.release
    }

    /// Returns the revision the release was built from, empty where none was given.
    #[must_use]
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// Returns the environment, `development` where none was given.
    #[must_use]
    pub fn environment(&self) -> &str {
        &self.environment
    }
}
