//! The error of a command, with its exit status.

use std::{fmt, process::ExitCode};

use crate::USAGE;

/// The sentence to print, and the kind that determines the exit status.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    sentence: String,
}

#[derive(Debug)]
enum Kind {
    Step,
    Unmet,
    Usage,
}

impl Failure {
    /// Creates the failure of a step that ran.
    pub(crate) fn step(sentence: impl Into<String>) -> Self {
        Self { kind: Kind::Step, sentence: sentence.into() }
    }

    /// Creates the failure of a command that cannot start because a requirement is missing.
    pub(crate) fn unmet(sentence: impl Into<String>) -> Self {
        Self { kind: Kind::Unmet, sentence: sentence.into() }
    }

    /// Creates the failure of an unknown command line.
    pub(crate) fn usage(sentence: impl Into<String>) -> Self {
        Self { kind: Kind::Usage, sentence: sentence.into() }
    }

    /// Prefixes the sentence with the activity during which it failed.
    pub(crate) fn during(self, what: &str) -> Self {
        Self { sentence: format!("{what}: {}", self.sentence), ..self }
    }

    /// Returns the exit status: 1 for a failed step, else 2.
    pub(crate) fn code(&self) -> ExitCode {
        match self.kind {
            Kind::Step => ExitCode::FAILURE,
            Kind::Unmet | Kind::Usage => ExitCode::from(2),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)?;
        match self.kind {
            Kind::Usage => write!(f, "\n\n{}", USAGE.trim_end()),
            Kind::Step | Kind::Unmet => Ok(()),
        }
    }
}
