//! Reads a failure from an error of a known type, or of any type.

use std::{
    any::{Any, type_name},
    fmt,
};

use crate::{
    base::error::BoxError,
    event::{EventKind, Failure, any_error::AnyError, type_names::TypeNames},
    monitor::Monitor,
    scope, text,
};

impl Failure {
    /// Reads the type name, message and causes of `error`.
    #[must_use]
    pub fn new<E: AnyError<M> + ?Sized, M>(kind: EventKind, error: &E) -> Self {
        with_current_types(|types| Self::read(types, kind, error))
    }

    /// Reads an error of any type: its `Display`, and its causes if it is a `Box<dyn Error + Send + Sync>`, a report of
    /// anyhow or eyre with the feature of that name, or a type that [`ErrorSettings::error_wrapper`] opens.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::{BoxError, EventKind, Failure};
    ///
    /// let error: BoxError = "7x".parse::<u8>().expect_err("not a number").into();
    /// let failure = Failure::of_any(EventKind::ServiceError, &error);
    /// assert_eq!((&*failure.type_name, &*failure.message), ("ParseIntError", "invalid digit found in string"));
    /// ```
    ///
    /// [`ErrorSettings::error_wrapper`]: crate::ErrorSettings::error_wrapper
    #[must_use]
    pub fn of_any<E: fmt::Display + 'static>(kind: EventKind, error: &E) -> Self {
        with_current_types(|types| Self::read_any(types, kind, error))
    }

    fn read_any<E: fmt::Display + 'static>(types: &TypeNames, kind: EventKind, error: &E) -> Self {
        let any = error as &dyn Any;
        if let Some(error) = any.downcast_ref::<BoxError>() {
            return Self::read(types, kind, error);
        }
        #[cfg(feature = "anyhow")]
        if let Some(report) = any.downcast_ref::<anyhow::Error>() {
            return Self::read(types, kind, report);
        }
        #[cfg(feature = "eyre")]
        if let Some(report) = any.downcast_ref::<eyre::Report>() {
            return Self::read(types, kind, report);
        }
        if let Some(inside) = types.open(any) {
            let observed = Self::read(types, kind, inside);
            // A wrapper may return the value itself, whose own type name is more precise.
            let is_itself = std::ptr::addr_eq(inside, error);
            let type_name = if is_itself { type_name::<E>().into() } else { observed.type_name };
            return Self { type_name, ..observed };
        }
        Self::of_text(kind, type_name::<E>(), text::format(format_args!("{error}")))
    }

    /// Reads type name, message and causes of `error`.
    pub(super) fn read<E: AnyError<M> + ?Sized, M>(types: &TypeNames, kind: EventKind, error: &E) -> Self {
        let any = error.as_error();
        let failure = Self::of_text(kind, types.name(error), text::format(format_args!("{any}")));
        Self { chain: types.causes(any), ..failure }
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
    /// Reads an error of any type, as [`Failure::of_any`] does, with the type names and wrappers of this monitor.
    ///
    /// # Example
    ///
    /// ```
    /// use std::num::ParseIntError;
    /// use monitor_kit::{BoxError, ErrorSettings, EventKind, Monitor};
    ///
    /// let errors = ErrorSettings::new().error_type::<ParseIntError>();
    /// let monitor = Monitor::builder("shop").errors(errors).build()?;
    /// let error: BoxError = "7x".parse::<u8>().expect_err("not a number").into();
    /// let failure = monitor.observe(EventKind::ServiceError, &error);
    /// assert_eq!(failure.type_name, "core::num::error::ParseIntError");
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    #[must_use]
    pub fn observe<E: fmt::Display + 'static>(&self, kind: EventKind, error: &E) -> Failure {
        match self.inner() {
            Some(inner) => Failure::read_any(&inner.shared.error_types, kind, error),
            None => Failure::read_any(&TypeNames::default(), kind, error),
        }
    }
}
