//! The payload of a panic: mostly a text, sometimes an error.

use std::{
    any::{Any, TypeId},
    borrow::Cow,
    error::Error,
    io,
};

use crate::{
    any_error::AnyError, capture::mark, error_types::ErrorTypes, event::EventKind, monitor::BoxError, observed::Cause,
    scope::bounded, text,
};

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
        Self { type_id: payload.type_id(), mark: mark(&text_of(payload).unwrap_or(Cow::Borrowed(NO_TEXT))) }
    }
}

impl Payload {
    /// Reads a text or an error. Formats what is the program's own, so it must not run in the hook.
    pub(crate) fn read(payload: &(dyn Any + Send), types: &ErrorTypes) -> Self {
        if let Some(message) = text_of(payload) {
            return Self::text(message.into_owned());
        }
        let of_error = payload.downcast_ref::<io::Error>().map(|error| Self::error(error, types));
        let of_box = || payload.downcast_ref::<BoxError>().map(|error| Self::error(error, types));
        let of_sendable = || payload.downcast_ref::<Box<dyn Error + Send>>().map(|error| Self::error(&**error, types));
        let of_opened = || types.open(payload).map(|error| Self::error(error, types));
        let read = of_error.or_else(of_box).or_else(of_sendable).or_else(|| report(payload, types)).or_else(of_opened);
        read.unwrap_or_else(|| Self::text(NO_TEXT.to_owned()))
    }

    fn error<E: AnyError<M> + ?Sized, M>(error: &E, types: &ErrorTypes) -> Self {
        let any = error.as_error();
        Self { type_name: types.name(error), message: text::format(format_args!("{any}")), chain: types.causes(any) }
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

#[cfg_attr(not(any(feature = "anyhow", feature = "eyre")), expect(unused_variables, reason = "no report is known"))]
fn report(payload: &(dyn Any + Send), types: &ErrorTypes) -> Option<Payload> {
    #[cfg(feature = "anyhow")]
    if let Some(report) = payload.downcast_ref::<anyhow::Error>() {
        return Some(Payload::error(report, types));
    }
    #[cfg(feature = "eyre")]
    if let Some(report) = payload.downcast_ref::<eyre::Report>() {
        return Some(Payload::error(report, types));
    }
    None
}

/// The message of a panic whose payload is neither a text nor a known error.
pub(super) const NO_TEXT: &str = "a panic without a message";
