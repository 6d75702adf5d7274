//! Observed errors: the data of an error that a layer or another library saw, without the error itself.

use std::{
    any::{Any, type_name},
    borrow::Cow,
    fmt,
};

use crate::{
    base::error::BoxError,
    event::{
        EventKind,
        any_error::AnyError,
        type_names::{Cause, TypeNames},
    },
    model::code_location::CodeLocation,
    monitor::Monitor,
    scope, text,
};

/// The data of an error that was observed by a layer or another library, not captured by the program itself.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "whoever saw the error says all of it")]
pub struct ObservedError {
    /// The kind of failure.
    pub kind: EventKind,
    /// Whether the program handled the error.
    pub handled: bool,
    /// The error's type name.
    pub type_name: Cow<'static, str>,
    /// The error's message.
    pub message: String,
    /// The error's causes, the direct cause first.
    pub chain: Vec<Cause>,
    /// The place where the error was handed over, if known.
    pub location: Option<CodeLocation>,
}

// === impl ObservedError ===

impl ObservedError {
    /// Reads the type name, message and causes of `error`.
    #[must_use]
    pub fn new<E: AnyError<M> + ?Sized, M>(kind: EventKind, error: &E) -> Self {
        with_current_types(|types| Self::with(types, kind, error))
    }

    /// Reads an error of any type: its `Display`, and its causes if it is a `Box<dyn Error + Send + Sync>`, a report of
    /// anyhow or eyre with the feature of that name, or a type that [`MonitorBuilder::error_wrapper`] opens.
    ///
    /// [`MonitorBuilder::error_wrapper`]: crate::MonitorBuilder::error_wrapper
    #[must_use]
    pub fn of_any<E: fmt::Display + 'static>(kind: EventKind, error: &E) -> Self {
        with_current_types(|types| Self::with_any(types, kind, error))
    }

    fn with_any<E: fmt::Display + 'static>(types: &TypeNames, kind: EventKind, error: &E) -> Self {
        let any = error as &dyn Any;
        if let Some(error) = any.downcast_ref::<BoxError>() {
            return Self::with(types, kind, error);
        }
        #[cfg(feature = "anyhow")]
        if let Some(report) = any.downcast_ref::<anyhow::Error>() {
            return Self::with(types, kind, report);
        }
        #[cfg(feature = "eyre")]
        if let Some(report) = any.downcast_ref::<eyre::Report>() {
            return Self::with(types, kind, report);
        }
        if let Some(inside) = types.open(any) {
            let observed = Self::with(types, kind, inside);
            // A wrapper may return the value itself, whose own type name is more precise.
            let is_itself = std::ptr::addr_eq(inside, error);
            let type_name = if is_itself { type_name::<E>().into() } else { observed.type_name };
            return Self { type_name, ..observed };
        }
        Self {
            kind,
            handled: false,
            type_name: Cow::Borrowed(type_name::<E>()),
            message: text::format(format_args!("{error}")),
            chain: Vec::new(),
            location: None,
        }
    }

    fn with<E: AnyError<M> + ?Sized, M>(types: &TypeNames, kind: EventKind, error: &E) -> Self {
        Self {
            kind,
            handled: false,
            type_name: types.name(error),
            message: text::format(format_args!("{}", error.as_error())),
            chain: types.causes(error.as_error()),
            location: None,
        }
    }
}

/// Calls `f` with the type names of the current scope's monitor; outside a scope, with none.
fn with_current_types<R>(f: impl FnOnce(&TypeNames) -> R) -> R {
    let scope = scope::current();
    match scope.as_ref().and_then(|scope| scope.monitor().inner()) {
        Some(inner) => f(&inner.shared.error_types),
        None => f(&TypeNames::default()),
    }
}

impl Monitor {
    /// Reads an error of any type, as [`ObservedError::of_any`] does, with the type names and wrappers of this monitor.
    #[must_use]
    pub fn observe<E: fmt::Display + 'static>(&self, kind: EventKind, error: &E) -> ObservedError {
        match self.inner() {
            Some(inner) => ObservedError::with_any(&inner.shared.error_types, kind, error),
            None => ObservedError::with_any(&TypeNames::default(), kind, error),
        }
    }
}
