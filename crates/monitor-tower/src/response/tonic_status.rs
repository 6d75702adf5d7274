//! The error behind a `tonic::Status`, which tonic puts into the extensions of a response.

use http::Extensions;
use monitor_core::Failure;

/// Returns the source of the status in `extensions`. tonic puts no status there if it sends it in the trailers.
#[cfg(feature = "tonic")]
pub(crate) fn source_in(extensions: &Extensions) -> Option<Failure> {
    use std::error::Error;

    let source = extensions.get::<tonic::Status>()?.source()?;
    let mut failure = Failure::new(monitor_core::EventKind::Error, source);
    failure.handled = true;
    Some(failure)
}

#[cfg(not(feature = "tonic"))]
pub(crate) fn source_in(_: &Extensions) -> Option<Failure> {
    None
}
