//! The origin of an event: its target and source location.
//!
//! tracing-log forwards records of the `log` crate as events whose metadata are tracing-log's own. The origin of the
//! record is in fields of the event.

use std::{borrow::Cow, fmt};

use tracing::{
    Event, Metadata,
    field::{Field, Visit},
};

/// Target and source location of an event, or of the forwarded `log` record.
#[derive(Debug, Default)]
pub(crate) struct Origin {
    pub(crate) target: Cow<'static, str>,
    pub(crate) file: Option<Cow<'static, str>>,
    pub(crate) line: Option<u32>,
}

/// Returns whether the events of this callsite are records of the `log` crate.
pub(crate) fn is_bridged(metadata: &Metadata<'_>) -> bool {
    metadata.target() == "log" && metadata.fields().field(TARGET).is_some()
}

/// Returns whether the monitor itself logged the event. Its source location is inside the library and of no use to a
/// reader.
pub(crate) fn is_of_monitor(target: &str) -> bool {
    is_below(target, "monitor")
}

/// Returns whether `target` is `prefix` or below it.
pub(crate) fn is_below(target: &str, prefix: &str) -> bool {
    target.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

impl Origin {
    pub(crate) fn of(event: &Event<'_>) -> Self {
        let metadata = event.metadata();
        if is_bridged(metadata) {
            let mut record = Self::default();
            event.record(&mut record);
            return record;
        }
        Self { target: metadata.target().into(), file: metadata.file().map(Cow::Borrowed), line: metadata.line() }
    }
}

impl Visit for Origin {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            TARGET => self.target = value.to_owned().into(),
            FILE => self.file = Some(value.to_owned().into()),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == LINE {
            self.line = u32::try_from(value).ok();
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

pub(crate) const TARGET: &str = "log.target";
pub(crate) const FILE: &str = "log.file";
pub(crate) const LINE: &str = "log.line";
/// Usually the same as the target, and therefore omitted.
pub(crate) const MODULE: &str = "log.module_path";
