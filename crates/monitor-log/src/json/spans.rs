//! The fields of spans, rendered once when they are recorded and copied to the line of every event inside.

use std::{error::Error, fmt};

use monitor_core::escape::json_text;
use tracing::{
    Metadata,
    field::{Field, Visit},
};

use super::{escape::JsonText, fields::Fields, keys::Keys};

/// The rendered fields of one span with their indices, in the order in which they were first recorded.
#[derive(Debug, Default)]
pub(super) struct SpanFields(Vec<(usize, Vec<u8>)>);

/// Records fields of a span. A later value of a field replaces the earlier one.
pub(super) struct Recorder<'a> {
    pub(super) fields: &'a mut SpanFields,
    pub(super) keys: &'a Keys,
    pub(super) texts: &'a JsonText,
}

impl SpanFields {
    /// Writes name and fields of a span as an object.
    pub(super) fn write(&self, line: &mut Vec<u8>, metadata: &Metadata<'_>) {
        line.extend_from_slice(b"{\"name\":\"");
        json_text(line, metadata.name());
        line.push(b'"');
        for (_, field) in &self.0 {
            line.extend_from_slice(field);
        }
        line.push(b'}');
    }
}

impl Recorder<'_> {
    fn record(&mut self, field: &Field, visit: impl FnOnce(&mut Fields<'_>)) {
        let mut line = Vec::new();
        visit(&mut Fields { line: &mut line, keys: self.keys, texts: self.texts });
        let known = self.fields.0.iter_mut().find(|(index, _)| *index == field.index());
        match known {
            Some((_, before)) => *before = line,
            None => self.fields.0.push((field.index(), line)),
        }
    }
}

impl Visit for Recorder<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record(field, |fields| fields.record_str(field, value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record(field, |fields| fields.record_debug(field, value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.record(field, |fields| fields.record_error(field, value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.record(field, |fields| fields.record_i64(field, value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.record(field, |fields| fields.record_u64(field, value));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.record(field, |fields| fields.record_i128(field, value));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.record(field, |fields| fields.record_u128(field, value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.record(field, |fields| fields.record_bool(field, value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.record(field, |fields| fields.record_f64(field, value));
    }
}
