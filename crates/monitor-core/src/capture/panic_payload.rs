//! The payload of a panic: usually a text, sometimes an error.

use std::{any::Any, error::Error, io};

use crate::{
    base::error::BoxError,
    event::{EventKind, Failure, any_error::AnyError, type_names::TypeNames},
    panic::{NO_TEXT, text_of},
};

/// Reads a text or an error. Runs the program's own formatting code, so it must not be called in the hook.
pub(super) fn read(payload: &(dyn Any + Send), types: &TypeNames) -> Failure {
    if let Some(message) = text_of(payload) {
        return of_text(message);
    }
    let of_io = payload.downcast_ref::<io::Error>().map(|error| of_error(error, types));
    let of_box = || payload.downcast_ref::<BoxError>().map(|error| of_error(error, types));
    let of_sendable = || payload.downcast_ref::<Box<dyn Error + Send>>().map(|error| of_error(&**error, types));
    let of_opened = || types.open(payload).map(|error| of_error(error, types));
    let read = of_io.or_else(of_box).or_else(of_sendable).or_else(|| of_report(payload, types)).or_else(of_opened);
    read.unwrap_or_else(|| of_text(NO_TEXT))
}

/// Returns a panic with a text payload. Its type is `panic`.
pub(super) fn of_text(message: impl Into<String>) -> Failure {
    Failure::of_text(EventKind::Panic, EventKind::Panic.as_str(), message)
}

fn of_error<E: AnyError<M> + ?Sized, M>(error: &E, types: &TypeNames) -> Failure {
    Failure::read(types, EventKind::Panic, error)
}

#[cfg_attr(not(any(feature = "anyhow", feature = "eyre")), expect(unused_variables, reason = "no report is known"))]
fn of_report(payload: &(dyn Any + Send), types: &TypeNames) -> Option<Failure> {
    #[cfg(feature = "anyhow")]
    if let Some(report) = payload.downcast_ref::<anyhow::Error>() {
        return Some(of_error(report, types));
    }
    #[cfg(feature = "eyre")]
    if let Some(report) = payload.downcast_ref::<eyre::Report>() {
        return Some(of_error(report, types));
    }
    None
}
