//! The draft of an event, made on the thread of the error.

use std::borrow::Cow;

use crate::{
    event::{EventKind, type_names::Cause},
    model::{code_location::CodeLocation, level::Level},
    symbols::{OwnBacktrace, RawBacktrace},
};

pub(super) struct Draft {
    pub(super) kind: EventKind,
    pub(super) handled: bool,
    pub(super) level: Level,
    pub(super) type_name: Cow<'static, str>,
    pub(super) message: String,
    pub(super) chain: Vec<Cause>,
    pub(super) location: Option<CodeLocation>,
    pub(super) backtrace: Option<RawBacktrace>,
    pub(super) own_backtrace: Option<OwnBacktrace>,
    /// `None` for the current thread.
    pub(super) thread: Option<String>,
}

impl Draft {
    pub(super) fn new(kind: EventKind) -> Self {
        Self {
            kind,
            handled: false,
            level: Level::Error,
            type_name: Cow::Borrowed(""),
            message: String::new(),
            chain: Vec::new(),
            location: None,
            backtrace: None,
            own_backtrace: None,
            thread: None,
        }
    }
}
