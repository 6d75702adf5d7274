//! A captured error as a block of short lines, so that a terminal of 80 columns rarely cuts one.

use std::{collections::HashMap, fmt};

use monitor_core::instrument::text;
use tracing::{
    Event, Metadata,
    field::{Field, Visit},
};

use super::{DIM, Line};

/// The fields of the event, by name.
#[derive(Default)]
struct Fields(HashMap<&'static str, String>);

/// Returns whether events of this callsite are captured errors.
pub(super) fn is_error(metadata: &Metadata<'_>) -> bool {
    metadata.target() == "monitor::error"
}

/// Writes type and message of the error, and below them location, request, causes and the program's own frames.
pub(super) fn write(line: &mut Line<'_>, event: &Event<'_>) {
    let mut fields = Fields::default();
    event.record(&mut fields);
    let get = |line: &Line<'_>, name: &str| fields.0.get(name).map(|text| line.shown(name, text));
    let (name, exception) = (get(line, "message"), get(line, "exception"));
    line.text.push_str(&[name, exception].map(Option::unwrap_or_default).join(": "));
    if let Some(what) = joined([get(line, "exception_type"), get(line, "location")], " at ") {
        line.below(&what);
    }
    if let Some(request) = joined([get(line, "method"), get(line, "route")], " ") {
        line.below(&request);
    }
    for name in ["request_id", "user_id", "fingerprint", "suppressed"] {
        if let Some(text) = get(line, name) {
            line.below(&format!("{name}={text}"));
        }
    }
    for cause in lines_of(&fields, "chain") {
        line.below(&format!("caused by: {}", line.shown("chain", cause)));
    }
    for frame in lines_of(&fields, "trace") {
        let (function, location) = frame.rsplit_once(" at ").unwrap_or((frame, ""));
        line.below(&format!("in {}", line.shown("trace", function)));
        if !location.is_empty() {
            line.below(&format!("   at {}", line.shown("trace", location)));
        }
    }
}

impl Line<'_> {
    /// Writes an indented line below the first.
    fn below(&mut self, text: &str) {
        self.text.push_str("\n    ");
        self.paint(DIM, text);
    }
}

/// Joins the texts that are present and not empty.
fn joined<const N: usize>(texts: [Option<String>; N], separator: &str) -> Option<String> {
    let texts: Vec<_> = texts.into_iter().flatten().filter(|text| !text.is_empty()).collect();
    (!texts.is_empty()).then(|| texts.join(separator))
}

fn lines_of<'a>(fields: &'a Fields, name: &str) -> impl Iterator<Item = &'a str> {
    fields.0.get(name).into_iter().flat_map(|text| text.lines())
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), text::format(format_args!("{value:?}")));
    }
}
