//! The error behind a `tonic::Status`, which tonic leaves in the extensions of a response.

use http::Extensions;
use monitor_core::ObservedError;

/// Returns the source of the status in `extensions`. A status that goes out in trailers is in no extensions.
#[cfg(feature = "tonic")]
pub(crate) fn source_in(extensions: &Extensions) -> Option<ObservedError> {
    use std::error::Error;

    let source = extensions.get::<tonic::Status>()?.source()?;
    Some(ObservedError { handled: true, ..ObservedError::new(monitor_core::EventKind::Error, source) })
}

#[cfg(not(feature = "tonic"))]
pub(crate) fn source_in(_: &Extensions) -> Option<ObservedError> {
    None
}
