//! The payload of a panic: usually a text, sometimes an error.

use std::{any::Any, borrow::Cow, error::Error, io};

use crate::{
    base::error::BoxError,
    event::{
        EventKind,
        any_error::AnyError,
        type_names::{Cause, TypeNames},
    },
    panic::{NO_TEXT, text_of},
    text,
};

/// The type name, message and causes of a payload.
pub(crate) struct Payload {
    /// `panic` if the payload is a text.
    pub(crate) type_name: Cow<'static, str>,
    pub(crate) message: String,
    pub(crate) chain: Vec<Cause>,
}

impl Payload {
    /// Reads a text or an error. Runs the program's own formatting code, so it must not be called in the hook.
    pub(crate) fn read(payload: &(dyn Any + Send), types: &TypeNames) -> Self {
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

    fn error<E: AnyError<M> + ?Sized, M>(error: &E, types: &TypeNames) -> Self {
        let any = error.as_error();
        Self { type_name: types.name(error), message: text::format(format_args!("{any}")), chain: types.causes(any) }
    }

    pub(crate) fn text(message: String) -> Self {
        Self { type_name: Cow::Borrowed(EventKind::Panic.as_str()), message, chain: Vec::new() }
    }
}

#[cfg_attr(not(any(feature = "anyhow", feature = "eyre")), expect(unused_variables, reason = "no report is known"))]
fn report(payload: &(dyn Any + Send), types: &TypeNames) -> Option<Payload> {
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
