//! The error of rules in TOML.

use std::{
    error::Error,
    fmt, io,
    path::{Path, PathBuf},
};

/// A refused text of rules. Its message names the line, and what to change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RulesError {
    file: Option<PathBuf>,
    line: usize,
    message: String,
}

impl RulesError {
    /// Creates the error of the rule or the value that begins at this byte.
    pub(super) fn new(text: &str, start: usize, message: impl Into<String>) -> Self {
        let before = text.get(..start.min(text.len())).unwrap_or(text);
        Self { file: None, line: before.matches('\n').count() + 1, message: message.into() }
    }

    pub(super) fn of_toml(text: &str, error: &toml::de::Error) -> Self {
        Self::new(text, error.span().map_or(0, |span| span.start), error.message())
    }

    pub(super) fn of_io(file: &Path, error: &io::Error) -> Self {
        Self { file: Some(file.to_owned()), line: 0, message: format!("the rules cannot be read: {error}") }
    }

    pub(super) fn in_file(self, file: &Path) -> Self {
        Self { file: Some(file.to_owned()), ..self }
    }

    /// Returns the number of the line, from 1; 0 if the file could not be read.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }
}

impl fmt::Display for RulesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, message } = self;
        match file {
            Some(file) if *line > 0 => write!(f, "{}:{line}: {message}", file.display()),
            Some(file) => write!(f, "{}: {message}", file.display()),
            None => write!(f, "line {line} of the rules: {message}"),
        }
    }
}

impl Error for RulesError {}
