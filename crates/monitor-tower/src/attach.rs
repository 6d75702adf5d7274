//! An error handed over with a response.

use std::panic::Location;

use monitor_core::{AnyError, EventKind, ObservedError};

/// An error that explains a response. A handler that answers 500 puts it into the response's extensions; the layer
/// takes it out and captures it as handled, with the place where it was attached.
///
/// # Example
///
/// ```
/// use http::{Response, StatusCode};
/// use monitor_kit::AttachedError;
///
/// fn answer(error: &std::io::Error) -> Response<String> {
///     let mut response = Response::new(String::from("try again later"));
///     *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
///     response.extensions_mut().insert(AttachedError::new(error));
///     response
/// }
/// ```
#[derive(Clone, Debug)]
pub struct AttachedError(pub(crate) ObservedError);

impl AttachedError {
    /// Takes note of `error`, its chain of causes and the caller's place.
    #[must_use]
    #[track_caller]
    pub fn new<E: AnyError<M> + ?Sized, M>(error: &E) -> Self {
        let observed = ObservedError::new(EventKind::Error, error);
        Self(ObservedError { handled: true, location: Some(Location::caller().into()), ..observed })
    }
}
