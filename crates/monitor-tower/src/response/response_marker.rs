//! What a response of ours stands for, said to the layers around: to them it would be a response like any other.

use http::Response;
use monitor_core::{ObservedError, Outcome};

/// Goes out with a response that answers a panic or an error, or refuses a request.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    outcome: Outcome,
    /// The error, until it is captured.
    error: Option<ObservedError>,
}

/// Marks a response to a panic, which is captured already wherever anything is captured.
pub(crate) fn mark_panic<C>(response: &mut Response<C>) {
    response.extensions_mut().insert(Answered { outcome: Outcome::Panic, error: None });
}

/// Marks the refusal of a request.
pub(crate) fn mark_refusal<C>(response: &mut Response<C>) {
    response.extensions_mut().insert(Answered { outcome: Outcome::Refused, error: None });
}

/// Marks a response to an error, which the guard around is to capture.
pub(crate) fn mark_error<C>(response: &mut Response<C>, error: ObservedError) {
    response.extensions_mut().insert(Answered { outcome: Outcome::ServiceError, error: Some(error) });
}

/// Returns how the request ended further in, where that is known.
pub(crate) fn outcome<C>(response: &Response<C>) -> Option<Outcome> {
    response.extensions().get().map(|answered: &Answered| answered.outcome)
}

/// Takes the error out, for whoever captures it.
pub(crate) fn take_error<C>(response: &mut Response<C>) -> Option<ObservedError> {
    response.extensions_mut().get_mut::<Answered>()?.error.take()
}
