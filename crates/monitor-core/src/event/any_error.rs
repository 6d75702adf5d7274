//! Error values that can be captured: errors of a known type, errors behind a pointer, and reports.

use std::{any::type_name, error::Error};

use crate::base::error::BoxError;

/// An error that can be captured.
///
/// Implemented for every [`Error`] that borrows nothing, for `dyn Error` behind a reference, and for types that hold an
/// error without implementing [`Error`]: `Box<dyn Error + Send + Sync>`, `anyhow::Error` with the feature `anyhow`, and
/// `eyre::Report` with the feature `eyre`.
///
/// The location of a report is that of its capture, not of the `?` that created it: eyre's default handler does not
/// expose its location, and anyhow's backtrace is read only by `capture_anyhow`.
///
/// The parameter `M` keeps these implementations from overlapping, and is always inferred: `()` for an error, `Self`
/// for a report. The trait is sealed: an error of another kind is opened with
/// [`ErrorSettings::error_wrapper`](crate::ErrorSettings::error_wrapper).
pub trait AnyError<M = ()>: ErrorValue<M> {}

impl<E: ErrorValue<M> + ?Sized, M> AnyError<M> for E {}

/// What a capture reads of an error. Its module is private, which seals [`AnyError`].
#[expect(unnameable_types, reason = "seals `AnyError`")]
pub trait ErrorValue<M> {
    /// Returns the error as a trait object.
    fn as_error(&self) -> &(dyn Error + 'static);

    /// Returns the error that gives the event its type: the root cause of a report, else the error itself.
    fn typed(&self) -> &(dyn Error + 'static) {
        self.as_error()
    }

    /// Returns the name of the error's type, if the compiler knows it.
    #[must_use]
    fn known_type(&self) -> Option<&'static str> {
        None
    }
}

impl<E: Error + 'static> ErrorValue<()> for E {
    fn as_error(&self) -> &(dyn Error + 'static) {
        self
    }

    fn known_type(&self) -> Option<&'static str> {
        Some(type_name::<E>())
    }
}

impl ErrorValue<()> for dyn Error + 'static {
    fn as_error(&self) -> &(dyn Error + 'static) {
        self
    }
}

impl ErrorValue<()> for dyn Error + Send + 'static {
    fn as_error(&self) -> &(dyn Error + 'static) {
        self
    }
}

impl ErrorValue<()> for dyn Error + Send + Sync + 'static {
    fn as_error(&self) -> &(dyn Error + 'static) {
        self
    }
}

impl ErrorValue<Self> for BoxError {
    fn as_error(&self) -> &(dyn Error + 'static) {
        &**self
    }
}

#[cfg(feature = "anyhow")]
impl ErrorValue<Self> for anyhow::Error {
    fn as_error(&self) -> &(dyn Error + 'static) {
        self.as_ref()
    }

    fn typed(&self) -> &(dyn Error + 'static) {
        self.root_cause()
    }
}

#[cfg(feature = "eyre")]
impl ErrorValue<Self> for eyre::Report {
    fn as_error(&self) -> &(dyn Error + 'static) {
        self.as_ref()
    }

    fn typed(&self) -> &(dyn Error + 'static) {
        self.root_cause()
    }
}
