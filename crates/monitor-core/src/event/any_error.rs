//! What can be captured: errors of a known type, errors behind a pointer, and reports.

use std::{any::type_name, error::Error};

use crate::base::error::BoxError;

/// An error that can be captured.
///
/// Implemented for every [`Error`] that borrows nothing, for `dyn Error` behind a reference, and for what holds an error
/// without being one: `Box<dyn Error + Send + Sync>`, `anyhow::Error` with the feature `anyhow`, and `eyre::Report` with
/// the feature `eyre`.
///
/// The place of a report is that of its capture, not the `?` that made it: eyre's default handler shows its location to
/// nobody, and anyhow's backtrace is shown only by `capture_anyhow`.
///
/// The parameter keeps these implementations apart, and is always inferred: `()` for an error, the type itself for a
/// report.
pub trait AnyError<M = ()> {
    /// Returns the error as one of any type.
    fn as_error(&self) -> &(dyn Error + 'static);

    /// Returns the error whose type names the event: of a report, the root cause.
    fn typed(&self) -> &(dyn Error + 'static) {
        self.as_error()
    }

    /// Returns the name of its type, where the compiler knows it.
    #[must_use]
    fn known_type(&self) -> Option<&'static str> {
        None
    }
}

impl<E: Error + 'static> AnyError for E {
    fn as_error(&self) -> &(dyn Error + 'static) {
        self
    }

    fn known_type(&self) -> Option<&'static str> {
        Some(type_name::<E>())
    }
}

impl AnyError for dyn Error + 'static {
    fn as_error(&self) -> &(dyn Error + 'static) {
        self
    }
}

impl AnyError for dyn Error + Send + 'static {
    fn as_error(&self) -> &(dyn Error + 'static) {
        self
    }
}

impl AnyError for dyn Error + Send + Sync + 'static {
    fn as_error(&self) -> &(dyn Error + 'static) {
        self
    }
}

impl AnyError<Self> for BoxError {
    fn as_error(&self) -> &(dyn Error + 'static) {
        &**self
    }
}

#[cfg(feature = "anyhow")]
impl AnyError<Self> for anyhow::Error {
    fn as_error(&self) -> &(dyn Error + 'static) {
        self.as_ref()
    }

    fn typed(&self) -> &(dyn Error + 'static) {
        self.root_cause()
    }
}

#[cfg(feature = "eyre")]
impl AnyError<Self> for eyre::Report {
    fn as_error(&self) -> &(dyn Error + 'static) {
        self.as_ref()
    }

    fn typed(&self) -> &(dyn Error + 'static) {
        self.root_cause()
    }
}
