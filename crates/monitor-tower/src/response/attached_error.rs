//! An error attached to a response.
//!
//! A handler converts its error into a response, and no layer can see the error behind a 500. An extension of the
//! response carries it to the layer.

use std::panic::Location;

use monitor_core::{AnyError, EventKind, Failure};

/// An error that explains a response. A handler that returns a 500 inserts it into the response's extensions; the layer
/// removes it and captures it as handled, with the location at which it was attached.
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
/// # Example: the location of the `?`
///
/// One `IntoResponse` implementation serves all handlers, so its own location is useless. A `#[track_caller]`
/// conversion records the line of the `?`:
///
/// ```
/// use monitor_kit::AttachedError;
///
/// /// Failures of a handler, as the client may see them.
/// struct ApiError(AttachedError);
///
/// impl From<std::num::ParseIntError> for ApiError {
///     #[track_caller]
///     fn from(error: std::num::ParseIntError) -> Self {
///         Self(AttachedError::new(&error))
///     }
/// }
///
/// fn handler(size: &str) -> Result<String, ApiError> {
///     let size: u32 = size.parse()?; // the place of the event
///     Ok(size.to_string())
/// }
/// # assert!(handler("x").is_err());
/// ```
///
/// `into()` and `map_err(ApiError::from)` have no useful location, because they call the conversion inside the standard
/// library.
#[derive(Clone, Debug)]
pub struct AttachedError(pub(crate) Failure);

impl AttachedError {
    /// Records `error`, its chain of causes and the location of the caller.
    #[must_use]
    #[track_caller]
    pub fn new<E: AnyError<M> + ?Sized, M>(error: &E) -> Self {
        let mut failure = Failure::new(EventKind::Error, error);
        failure.handled = true;
        failure.location = Some(Location::caller().into());
        Self(failure)
    }
}
