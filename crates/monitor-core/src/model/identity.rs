//! Identity of the reporting program: service, release, environment.

use serde::{Deserialize, Serialize};

/// Service, release, revision and environment of the reporting program.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Identity {
    pub(crate) service: String,
    pub(crate) release: String,
    #[serde(default)]
    pub(crate) revision: String,
    pub(crate) environment: String,
}

impl Identity {
    /// Returns the name of the service.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Returns the release, or `unknown` if none was set.
    #[must_use]
    pub fn release(&self) -> &str {
        &self.release
    }

    /// Returns the source revision of the release; empty if none was set.
    #[must_use]
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// Returns the environment, or `development` if none was set.
    #[must_use]
    pub fn environment(&self) -> &str {
        &self.environment
    }
}
