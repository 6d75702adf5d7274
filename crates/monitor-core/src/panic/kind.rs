//! Identification of a panic by the type of its payload and its text.

use std::{
    any::{Any, TypeId},
    borrow::Cow,
};

use crate::base::{bounded::bounded, mark::mark};

/// Type of a payload and hash of its text: the same in the hook and where the panic is caught.
///
/// An error in the payload is not formatted: a `Display` that panics inside the hook would abort the process.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Kind {
    type_id: TypeId,
    pub(super) mark: u64,
}

impl Kind {
    pub(super) fn of(payload: &(dyn Any + Send)) -> Self {
        Self { type_id: payload.type_id(), mark: mark(&text_of(payload).unwrap_or(Cow::Borrowed(NO_TEXT))) }
    }
}

/// Returns the text of the payload, or `None` for an error or another value.
pub(crate) fn text_of(payload: &(dyn Any + Send)) -> Option<Cow<'static, str>> {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        return Some(Cow::Borrowed(text));
    }
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<Cow<'static, str>>().map(|text| &**text));
    text.or_else(|| payload.downcast_ref::<Box<str>>().map(|text| &**text))
        .map(|text| Cow::Owned(bounded(text.to_owned())))
}

/// The message of a panic with a payload that is neither a text nor a known error.
pub(crate) const NO_TEXT: &str = "a panic without a message";
