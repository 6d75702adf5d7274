//! What is to be seen of an error: its type, what it says, what caused it.

use std::{any::Any, borrow::Cow, error::Error, fmt};

use crate::{BoxError, CodeLocation, EventKind, scope::bounded};

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
    pub chain: Vec<String>,
    /// Where it was handed over, where known.
    pub location: Option<CodeLocation>,
}

impl ObservedError {
    /// Returns what is to be seen of `error`.
    #[must_use]
    pub fn new<E: Error + ?Sized>(kind: EventKind, error: &E) -> Self {
        Self {
            kind,
            handled: false,
            type_name: type_name(error),
            message: bounded(error.to_string()),
            chain: chain(error),
            location: None,
        }
    }

    /// Returns what is to be seen of an error of any type: its `Display`, and its causes where it is a
    /// `Box<dyn Error + Send + Sync>`.
    #[must_use]
    pub fn of_any<E: fmt::Display + 'static>(kind: EventKind, error: &E) -> Self {
        if let Some(error) = (error as &dyn Any).downcast_ref::<BoxError>() {
            return Self::new(kind, &**error);
        }
        Self {
            kind,
            handled: false,
            type_name: Cow::Borrowed(std::any::type_name::<E>()),
            message: bounded(error.to_string()),
            chain: Vec::new(),
            location: None,
        }
    }
}

/// Returns the type's name; of a trait object, the name its `Debug` begins with.
pub(crate) fn type_name<E: Error + ?Sized>(error: &E) -> Cow<'static, str> {
    let name = std::any::type_name::<E>();
    if !name.contains("dyn ") {
        return Cow::Borrowed(name);
    }
    let debug = format!("{error:?}");
    let name: String = debug.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':')).collect();
    if name.is_empty() { Cow::Borrowed("error") } else { Cow::Owned(bounded(name)) }
}

pub(crate) fn chain<E: Error + ?Sized>(error: &E) -> Vec<String> {
    let mut chain = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next.filter(|_| chain.len() < CHAIN) {
        chain.push(bounded(cause.to_string()));
        next = cause.source();
    }
    chain
}

const CHAIN: usize = 20;
