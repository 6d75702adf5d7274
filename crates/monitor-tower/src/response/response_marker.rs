//! A marker on responses that this crate creates.
//!
//! To the layers around, a response to a panic looks like any other 500. The marker tells them how the request ended,
//! so that they count the panic, the error or the refusal instead of the response.

use http::Response;
use monitor_core::{Failure, Outcome};

/// An extension of responses that answer a panic or an error, or refuse a request.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    outcome: Outcome,
    /// The error, until a guard captures it.
    error: Option<Failure>,
}

/// Marks the response to a panic. The panic has been captured already, if any layer captures panics.
pub(crate) fn mark_panic<C>(response: &mut Response<C>) {
    response.extensions_mut().insert(Answered { outcome: Outcome::Panic, error: None });
}

/// Marks the refusal of a request.
pub(crate) fn mark_refusal<C>(response: &mut Response<C>) {
    response.extensions_mut().insert(Answered { outcome: Outcome::Refused, error: None });
}

/// Marks the response to an error. The next guard captures the error.
pub(crate) fn mark_error<C>(response: &mut Response<C>, error: Failure) {
    response.extensions_mut().insert(Answered { outcome: Outcome::ServiceError, error: Some(error) });
}

/// Returns the outcome of the request according to an inner layer, if there is one.
pub(crate) fn outcome<C>(response: &Response<C>) -> Option<Outcome> {
    response.extensions().get().map(|answered: &Answered| answered.outcome)
}

/// Removes the error, for the guard that captures it.
pub(crate) fn take_error<C>(response: &mut Response<C>) -> Option<Failure> {
    response.extensions_mut().get_mut::<Answered>()?.error.take()
}
