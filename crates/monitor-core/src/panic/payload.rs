//! The payload of a panic: mostly a text, sometimes an error.

use std::{
    any::{Any, TypeId},
    borrow::Cow,
    error::Error,
    io,
};

use crate::{BoxError, Cause, EventKind, capture::mark, error_types::ErrorTypes, scope::bounded, text};

/// The type of a payload and a mark of its text: the same in the hook and where the panic is caught.
///
/// The hook must not format an error: a `Display` that panics there would abort the process.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Kind {
    type_id: TypeId,
    pub(super) mark: u64,
}

/// An event's view of a payload.
pub(crate) struct Payload {
    /// `panic` for a text.
    pub(crate) type_name: Cow<'static, str>,
    pub(crate) message: String,
    pub(crate) chain: Vec<Cause>,
}

impl Kind {
    pub(super) fn of(payload: &(dyn Any + Send)) -> Self {
        Self { type_id: payload.type_id(), mark: mark(&text_of(payload).unwrap_or(NO_TEXT.into())) }
    }
}

impl Payload {
    /// Reads a text or an error. Formats what is the program's own, so it must not run in the hook.
    pub(crate) fn read(payload: &(dyn Any + Send), types: &ErrorTypes) -> Self {
        if let Some(message) = text_of(payload) {
            return Self::text(message.into_owned());
        }
        match error_in(payload, types) {
            Some(error) => Self {
                type_name: types.name(error),
                message: text::format(format_args!("{error}")),
                chain: types.causes(error),
            },
            None => Self::text(NO_TEXT.to_owned()),
        }
    }

    pub(crate) fn text(message: String) -> Self {
        Self { type_name: Cow::Borrowed(EventKind::Panic.as_str()), message, chain: Vec::new() }
    }
}

/// Returns the payload's text; `None` for an error or another value.
pub(super) fn text_of(payload: &(dyn Any + Send)) -> Option<Cow<'static, str>> {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        return Some(Cow::Borrowed(text));
    }
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<Cow<'static, str>>().map(|text| &**text));
    text.or_else(|| payload.downcast_ref::<Box<str>>().map(|text| &**text))
        .map(|text| Cow::Owned(bounded(text.to_owned())))
}

fn error_in<'a>(payload: &'a (dyn Any + Send), types: &ErrorTypes) -> Option<&'a (dyn Error + 'static)> {
    if let Some(error) = payload.downcast_ref::<BoxError>() {
        return Some(&**error);
    }
    if let Some(error) = payload.downcast_ref::<Box<dyn Error + Send>>() {
        return Some(&**error);
    }
    if let Some(error) = payload.downcast_ref::<io::Error>() {
        return Some(error);
    }
    types.open(payload)
}

/// The message of a panic whose payload is neither a text nor a known error.
pub(super) const NO_TEXT: &str = "a panic without a message";
