//! The error of rules in TOML.

use std::{error::Error, fmt};

/// A refused text of rules. Its message names the line, and what to change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RulesError {
    line: usize,
    message: String,
}

impl RulesError {
    /// Creates the error of the rule or the value that begins at this byte.
    pub(super) fn new(text: &str, start: usize, message: impl Into<String>) -> Self {
        let before = text.get(..start.min(text.len())).unwrap_or(text);
        Self { line: before.matches('\n').count() + 1, message: message.into() }
    }

    pub(super) fn of_toml(text: &str, error: &toml::de::Error) -> Self {
        Self::new(text, error.span().map_or(0, |span| span.start), error.message())
    }

    /// Returns the number of the line, from 1.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }
}

impl fmt::Display for RulesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of the rules: {}", self.line, self.message)
    }
}

impl Error for RulesError {}
