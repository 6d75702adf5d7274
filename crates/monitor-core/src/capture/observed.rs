//! What is to be seen of an error: its type, what it says, what caused it.

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

/// What somebody other than the program itself saw of an error: a layer, for instance.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "whoever saw the error says all of it")]
pub struct ObservedError {
    /// What kind of failure.
    pub kind: EventKind,
    /// Whether the program dealt with it.
    pub handled: bool,
    /// The error's type.
    pub type_name: Cow<'static, str>,
    /// What it says.
    pub message: String,
    /// What caused it, the direct cause first.
    pub chain: Vec<Cause>,
    /// Where it was handed over, where known.
    pub location: Option<CodeLocation>,
}

// === impl ObservedError ===

impl ObservedError {
    /// Returns what is to be seen of `error`.
    #[must_use]
    pub fn new<E: AnyError<M> + ?Sized, M>(kind: EventKind, error: &E) -> Self {
        with_current_types(|types| Self::with(types, kind, error))
    }

    /// Returns what is to be seen of an error of any type: its `Display`, and its causes where it is a
    /// `Box<dyn Error + Send + Sync>`, a report of anyhow or eyre with the feature of that name, or a type that
    /// [`MonitorBuilder::error_wrapper`] opens.
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
            // What opens to itself is called what it is.
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

/// Calls `f` with the types that the monitor of the current scope knows; outside a scope with none.
fn with_current_types<R>(f: impl FnOnce(&TypeNames) -> R) -> R {
    let scope = scope::current();
    match scope.as_ref().and_then(|scope| scope.monitor().inner()) {
        Some(inner) => f(&inner.shared.error_types),
        None => f(&TypeNames::default()),
    }
}

impl Monitor {
    /// Returns what is to be seen of an error of any type, as [`ObservedError::of_any`] does, by what this monitor was told of
    /// types.
    #[must_use]
    pub fn observe<E: fmt::Display + 'static>(&self, kind: EventKind, error: &E) -> ObservedError {
        match self.inner() {
            Some(inner) => ObservedError::with_any(&inner.shared.error_types, kind, error),
            None => ObservedError::with_any(&TypeNames::default(), kind, error),
        }
    }
}
