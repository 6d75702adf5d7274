//! What errors of unknown type are called: those behind a `dyn Error`, and those in a wrapper of any type.

use std::{
    any::{Any, type_name},
    borrow::Cow,
    error::Error,
    fmt,
    sync::Arc,
};

use crate::{
    observed::{AnyError, Cause},
    scope, text,
};

/// What a program said of the types of its errors.
#[derive(Clone, Default)]
pub(crate) struct ErrorTypes {
    names: Vec<fn(&(dyn Error + 'static)) -> Option<&'static str>>,
    wrappers: Vec<Arc<Open>>,
}

type Open = dyn Fn(&dyn Any) -> Option<&(dyn Error + 'static)> + Send + Sync;

impl ErrorTypes {
    pub(crate) fn add<E: Error + 'static>(&mut self) {
        self.names.push(|error| error.is::<E>().then(type_name::<E>));
        self.add_wrapper(|error: &E| error);
    }

    pub(crate) fn add_wrapper<W: 'static>(
        &mut self,
        open: impl Fn(&W) -> &(dyn Error + 'static) + Send + Sync + 'static,
    ) {
        self.wrappers.push(Arc::new(move |any| any.downcast_ref::<W>().map(&open)));
    }

    /// Hands on what the monitor of the current scope was told, or nothing.
    pub(crate) fn of_current<R>(f: impl FnOnce(&Self) -> R) -> R {
        let scope = scope::current();
        match scope.as_ref().and_then(|scope| scope.monitor().inner()) {
            Some(inner) => f(&inner.shared.error_types),
            None => f(&Self::default()),
        }
    }

    /// Returns the error in a wrapper that is known.
    pub(crate) fn open<'a>(&self, any: &'a dyn Any) -> Option<&'a (dyn Error + 'static)> {
        self.wrappers.iter().find_map(|open| open(any))
    }

    /// Returns the name of an error's type.
    pub(crate) fn name<E: AnyError + ?Sized>(&self, error: &E) -> Cow<'static, str> {
        error.known_type().map_or_else(|| self.name_of(error.as_error()), Cow::Borrowed)
    }

    /// Returns what caused an error, the direct cause first.
    pub(crate) fn causes(&self, error: &(dyn Error + 'static)) -> Vec<Cause> {
        let mut causes = Vec::new();
        let mut next = error.source();
        while let Some(cause) = next.filter(|_| causes.len() < CAUSES) {
            let type_name = self.name_of(cause).into_owned();
            causes.push(Cause { type_name, message: text::format(format_args!("{cause}")) });
            next = cause.source();
        }
        causes
    }

    fn name_of(&self, error: &(dyn Error + 'static)) -> Cow<'static, str> {
        let told = self.names.iter().find_map(|name| name(error));
        told.map_or_else(|| debug_name(error), Cow::Borrowed)
    }
}

/// Returns what an error's `Debug` begins with, where that is a name and not what the error says.
fn debug_name(error: &(dyn Error + 'static)) -> Cow<'static, str> {
    let debug = text::beginning(format_args!("{error:?}"), BEGINNING);
    let says = text::beginning(format_args!("{error}"), BEGINNING);
    let name: String = debug.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':')).collect();
    let is_name = name.starts_with(char::is_alphabetic) && (says.is_empty() || !debug.starts_with(&says));
    if is_name { Cow::Owned(name) } else { Cow::Borrowed("error") }
}

impl fmt::Debug for ErrorTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorTypes").field("names", &self.names.len()).finish_non_exhaustive()
    }
}

const CAUSES: usize = 20;
const BEGINNING: usize = 128;
