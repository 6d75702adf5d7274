//! The error of a setting of a notifier.

use std::{error::Error, fmt};

/// A refused setting of a notifier. Its message names the setting to change, and shows no URL and no secret.
#[derive(Debug)]
pub struct NotifierError(String);

impl NotifierError {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for NotifierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for NotifierError {}
