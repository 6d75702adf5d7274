//! Writes the fields of an event while they are visited.

use std::{borrow::Cow, error::Error, fmt, io::Write};

use monitor_core::instrument::{source_path, text};
use tracing::field::{Field, Visit};

use super::{
    escape::{JsonText, write_masked},
    keys::Keys,
    request::decimal,
};

pub(super) struct Fields<'a> {
    pub(super) line: &'a mut Vec<u8>,
    pub(super) keys: &'a Keys,
    pub(super) texts: &'a JsonText,
}

impl Fields<'_> {
    /// Writes the key and a value between quotation marks; `value` writes the closing one.
    fn text(&mut self, field: &Field, value: impl FnOnce(&mut Vec<u8>)) {
        let Some(key) = self.keys.at(field.index()) else { return };
        self.line.extend_from_slice(key.text.as_bytes());
        if key.is_secret { write_masked(self.line) } else { value(self.line) }
    }

    /// Writes the key and a value without quotation marks.
    fn plain(&mut self, field: &Field, value: impl FnOnce(&mut Vec<u8>)) {
        let Some(key) = self.keys.at(field.index()) else { return };
        if key.is_secret {
            return self.text(field, |_| {});
        }
        let without_quotation_mark = key.text.strip_suffix('"').unwrap_or(&key.text);
        self.line.extend_from_slice(without_quotation_mark.as_bytes());
        value(self.line);
    }

    fn number(&mut self, field: &Field, value: impl fmt::Display) {
        self.plain(field, |line| _ = write!(line, "{value}"));
    }
}

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        let Some(key) = self.keys.at(field.index()).filter(|key| key.known.as_deref() != Some(value)) else { return };
        let value = if key.is_file { source_path::shown(value) } else { Cow::Borrowed(value) };
        let texts = self.texts;
        self.text(field, |line| texts.write(line, &value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let texts = self.texts;
        self.text(field, |line| texts.write_debug(line, value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.record_debug(field, &format_args!("{}", Chain(value)));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.plain(field, |line| {
            if value < 0 {
                line.push(b'-');
            }
            decimal(line, value.unsigned_abs());
        });
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.plain(field, |line| decimal(line, value));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.number(field, value);
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.number(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.plain(field, |line| line.extend_from_slice(if value { b"true" } else { b"false" }));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        match odd_name(value) {
            Some(name) => self.text(field, |line| line.extend_from_slice(name)),
            // serde_json formats floats faster than the standard library. Writing to memory cannot fail.
            None => self.plain(field, |line| _ = serde_json::to_writer(line, &value)),
        }
    }
}

/// Returns the name of a float that JSON cannot represent, with the closing quotation mark.
fn odd_name(value: f64) -> Option<&'static [u8]> {
    match value {
        value if value.is_finite() => None,
        value if value.is_nan() => Some(b"NaN\""),
        value if value > 0.0 => Some(b"Infinity\""),
        _ => Some(b"-Infinity\""),
    }
}

/// An error and its causes as one text.
struct Chain<'a>(&'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::write(f, format_args!("{}", self.0));
        let mut next = self.0.source();
        for _ in 0..CHAIN {
            let Some(cause) = next else { break };
            text::write(f, format_args!(": {cause}"));
            next = cause.source();
        }
        Ok(())
    }
}

const CHAIN: usize = 20;
