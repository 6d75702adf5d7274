//! Errors of the route switch.

use std::{error::Error, fmt};

/// The error of an order that the route switch refused. Its message says what to change.
///
/// # Example
///
/// ```
/// use monitor_kit::Monitor;
///
/// let monitor = Monitor::builder("shop").routes([("GET", "/orders")]).build()?;
/// let error = monitor.enable_route("/orders", None, "ada").expect_err("it was never disabled");
/// assert!(error.is_not_disabled());
/// eprintln!("{error}");
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SwitchError(pub(super) Refusal);

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Refusal {
    /// Neither declared nor requested so far.
    Unknown {
        route: String,
        known: Vec<String>,
    },
    Protected {
        route: String,
    },
    /// Not disabled, or not for this method.
    NotDisabled {
        route: String,
        disabled: Vec<String>,
    },
    NoActor,
    /// The order would expire at once, or in more than 366 days.
    Expiry,
    MonitorDisabled,
}

// === impl SwitchError ===

impl SwitchError {
    /// Returns `true` if the route is unknown: neither declared nor requested so far.
    #[must_use]
    pub fn is_unknown_route(&self) -> bool {
        matches!(self.0, Refusal::Unknown { .. })
    }

    /// Returns `true` if the route is [protected](crate::MonitorBuilder::protected_routes).
    #[must_use]
    pub fn is_protected(&self) -> bool {
        matches!(self.0, Refusal::Protected { .. })
    }

    /// Returns `true` if the route to enable is not disabled, or not for this method.
    #[must_use]
    pub fn is_not_disabled(&self) -> bool {
        matches!(self.0, Refusal::NotDisabled { .. })
    }
}

impl From<Refusal> for SwitchError {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl fmt::Display for SwitchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Refusal::Unknown { route, known } => {
                write!(f, "no route `{}` is known; known routes: {}", Shown(route), List(known))
            }
            Refusal::Protected { route } => {
                write!(
                    f,
                    "the route `{}` is protected: health, metrics and administration stay in service",
                    Shown(route)
                )
            }
            Refusal::NotDisabled { route, disabled } => {
                write!(f, "the route `{}` is not disabled; disabled routes: {}", Shown(route), List(disabled))
            }
            Refusal::NoActor => f.write_str("the actor is empty: name the person or program that changes the route"),
            Refusal::Expiry => f.write_str("the route must expire within 366 days and not at once, or not at all"),
            Refusal::MonitorDisabled => f.write_str("the monitor is disabled, so no route can be switched"),
        }
    }
}

impl Error for SwitchError {}

pub(super) fn check_actor(actor: &str) -> Result<(), SwitchError> {
    if actor.trim().is_empty() { Err(Refusal::NoActor.into()) } else { Ok(()) }
}

/// A text of the caller, which may have come from a stranger: cut short, and escaped for logs.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut chars = self.0.chars();
        for char in chars.by_ref().take(MAX_CHARS) {
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
const MAX_CHARS: usize = 200;

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
    fn the_route_of_an_order_is_escaped_and_cut_in_the_message() {
        let refusal =
            SwitchError(Refusal::Protected { route: format!("/a\n\u{1b}[31m{}", "x".repeat(1000)) }).to_string();
        assert!(
            refusal.starts_with("the route `/a\\n\\u{1b}[31mxxx") && refusal.contains("x…` is protected"),
            "{refusal}"
        );
        assert!(refusal.len() < 400);
    }
}
