//! The meaning of a failed step of a session.

use std::{error::Error as _, io, time::Duration};

use lettre::transport::smtp::Error;

use super::server::Server;
use crate::{http::reason, notifier::DeliveryError};

/// A step of a session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Step {
    Greeting,
    Encryption,
    Login,
    Sender,
    Recipient,
    Mail,
}

/// Returns the error of a step.
pub(super) fn of(server: &Server, timeout: Duration, step: Step, error: &Error) -> DeliveryError {
    let host = &server.host;
    let Some(code) = error.status() else { return DeliveryError::retryable(unanswered(host, timeout, step, error)) };
    let mut text = format!("{host} refused {} with {code}", step.as_str());
    let reply = error.source().map(ToString::to_string).unwrap_or_default();
    let is_repeated = server.secrets.iter().any(|secret| reply.contains(secret.as_str()));
    if let Some(reason) = reason::first_line(&reply).filter(|_| !is_repeated) {
        text = format!("{text} ({reason})");
    }
    if error.is_permanent() { DeliveryError::permanent(text + step.setting()) } else { DeliveryError::retryable(text) }
}

/// Returns the text of a step without a reply. The next attempt may succeed whatever the cause.
fn unanswered(host: &str, timeout: Duration, step: Step, error: &Error) -> String {
    // The text of such an error has what the server sent instead of a reply.
    match (error.is_response(), step) {
        (true, Step::Greeting) => return format!("{host} did not answer by SMTP: check the port"),
        (true, _) => return format!("{host} broke off the session"),
        (false, _) => {}
    }
    if is_timeout(error) {
        return format!("no answer from {host} within {timeout:?}");
    }
    format!("no answer from {host}: {}", error.source().map_or_else(|| error.to_string(), ToString::to_string))
}

/// Returns whether a time-out of a socket has passed. `Error::is_timeout` knows only that of a connection.
fn is_timeout(error: &Error) -> bool {
    let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    source.is_some_and(|error| matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock))
}

impl Step {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Greeting => "the connection",
            Self::Encryption => "STARTTLS",
            Self::Login => "the login",
            Self::Sender => "the sender",
            Self::Recipient => "a recipient",
            Self::Mail => "the mail",
        }
    }

    /// Returns the setting to check after a permanent refusal, for the end of the error's text.
    const fn setting(self) -> &'static str {
        match self {
            Self::Greeting | Self::Encryption | Self::Mail => "",
            Self::Login => ": check the user and the password",
            Self::Sender => ": check the sender's address, and whether the server wants a user and a password",
            Self::Recipient => ": check the address, and whether the server wants a user and a password",
        }
    }
}
