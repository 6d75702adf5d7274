//! Errors of the route switch.

use std::{error::Error, fmt};

/// The reason an order of the route switch was refused.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SwitchError {
    /// The route is unknown: neither declared nor requested so far.
    Unknown {
        /// The requested route, redacted.
        route: String,
        /// The known routes.
        known: Vec<String>,
    },
    /// The route is protected.
    Protected {
        /// The requested route, redacted.
        route: String,
    },
    /// The route is not disabled, or not for this method.
    NotDisabled {
        /// The requested route, redacted.
        route: String,
        /// The disabled routes.
        disabled: Vec<String>,
    },
    /// The actor is empty.
    NoActor,
    /// The order would expire at once, or in more than 366 days.
    Expiry,
    /// The monitor is disabled.
    MonitorDisabled,
}

impl fmt::Display for SwitchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { route, known } => {
                write!(f, "no route `{}` is known; known routes: {}", Shown(route), List(known))
            }
            Self::Protected { route } => {
                write!(
                    f,
                    "the route `{}` is protected: health, metrics and administration stay in service",
                    Shown(route)
                )
            }
            Self::NotDisabled { route, disabled } => {
                write!(f, "the route `{}` is not disabled; disabled routes: {}", Shown(route), List(disabled))
            }
            Self::NoActor => f.write_str("no actor is named: say who changes the route"),
            Self::Expiry => f.write_str("the route must expire within 366 days and not at once, or not at all"),
            Self::MonitorDisabled => f.write_str("the monitor is disabled, so no route can be switched"),
        }
    }
}

impl Error for SwitchError {}

pub(super) fn check_actor(actor: &str) -> Result<(), SwitchError> {
    if actor.trim().is_empty() { Err(SwitchError::NoActor) } else { Ok(()) }
}

/// A text of the caller, which may have come from a stranger: cut short, and escaped for logs.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut chars = self.0.chars();
        for char in chars.by_ref().take(LONGEST) {
            write!(f, "{}", char.escape_debug())?;
        }
        if chars.as_str().is_empty() { Ok(()) } else { f.write_str("…") }
    }
}

/// The first entries, and the number of further ones.
struct List<'a>(&'a [String]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(names) = self;
        match names.len().checked_sub(SHOWN) {
            _ if names.is_empty() => f.write_str("none"),
            None | Some(0) => f.write_str(&names.join(", ")),
            Some(more) => write!(f, "{} and {more} more", names[..SHOWN].join(", ")),
        }
    }
}

const SHOWN: usize = 20;
const LONGEST: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_cut() {
        let names: Vec<_> = (0..22).map(|number| format!("GET /{number:02}")).collect();
        assert_eq!(List(&names[..2]).to_string(), "GET /00, GET /01");
        assert!(List(&names[..20]).to_string().ends_with("GET /18, GET /19"));
        assert!(List(&names).to_string().ends_with("GET /18, GET /19 and 2 more"));
        assert_eq!(List(&[]).to_string(), "none");
    }

    #[test]
    fn what_somebody_asked_for_is_harmless_in_a_log() {
        let refusal = SwitchError::Protected { route: format!("/a\n\u{1b}[31m{}", "x".repeat(1000)) }.to_string();
        assert!(
            refusal.starts_with("the route `/a\\n\\u{1b}[31mxxx") && refusal.contains("x…` is protected"),
            "{refusal}"
        );
        assert!(refusal.len() < 400);
    }
}
