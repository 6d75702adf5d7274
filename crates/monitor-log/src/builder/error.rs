//! The reasons why logging could not be set up.

use std::{fmt, io};

use tracing_subscriber::filter::ParseError;

/// The reason why logging could not be set up.
#[derive(Debug)]
pub struct InitError(pub(super) Kind);

#[derive(Debug)]
pub(super) enum Kind {
    Filter { origin: &'static str, text: String, error: ParseError },
    File(io::Error),
    Thread(io::Error),
    Taken,
}

impl fmt::Display for InitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Filter { origin, text, .. } => write!(
                f,
                "{origin} is `{text}`, which is not a valid filter: write levels and target=level with commas between, \
                 such as `info,sqlx=debug`"
            ),
            // The message of the I/O error already names the file and a remedy.
            Kind::File(error) => error.fmt(f),
            Kind::Thread(_) => f.write_str("a thread of the log could not be started"),
            Kind::Taken => {
                f.write_str("a global subscriber is set already: set up logging once, before any other subscriber")
            }
        }
    }
}

impl std::error::Error for InitError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Kind::Filter { error, .. } => Some(error),
            Kind::Thread(error) => Some(error),
            Kind::File(_) | Kind::Taken => None,
        }
    }
}
