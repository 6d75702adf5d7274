//! The rendered keys of a callsite, cached per thread.
//!
//! Field names, level, target and source location are the same for every event of a callsite. They are escaped and
//! checked for clashes and secrets once, and then copied.

use std::{
    cell::RefCell,
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    io::Write,
    ptr,
    rc::Rc,
    sync::atomic::{AtomicU64, Ordering},
};

use monitor_core::{
    escape::json_text,
    instrument::{REQUEST_TARGET, source_path},
};
use tracing::{Level, Metadata};

use super::{
    escape::{self, JsonText},
    line_cache::LineCache,
    names::{Names, Style, bare},
};
use crate::origin::{self, is_bridged, is_of_monitor};

/// The rendered keys of one callsite.
pub(super) struct Keys {
    /// Level, target and source location, the same for every event of the callsite.
    pub(super) head: Box<[u8]>,
    /// One entry per field, `None` for a field that is not written.
    fields: Box<[Option<Key>]>,
    pub(super) has_request_id: bool,
    pub(super) has_trace_id: bool,
    /// Set if the callsite logs the end of a request.
    pub(super) request: Option<RequestKeys>,
}

pub(super) struct RequestKeys {
    /// The head of [`Keys`], the message, and the key of the request ID.
    pub(super) head: Box<[u8]>,
    pub(super) alike: LineCache,
}

pub(super) struct Key {
    /// The leading comma, the quoted name, the colon, and the opening quotation mark of a text.
    pub(super) text: Box<str>,
    /// Values are masked.
    pub(super) is_secret: bool,
    /// Values are paths of source files.
    pub(super) is_file: bool,
    /// The constant that every line already has under this name. An equal value is not written again.
    pub(super) known: Option<Box<str>>,
}

/// Finds the keys of a callsite. Each layer has its own instance.
#[derive(Debug)]
pub(super) struct CallsiteKeys {
    id: u64,
}

/// The keys by the layer's ID and the address of a callsite's metadata, which are never freed.
type Known = HashMap<(u64, usize), Rc<Keys>, BuildHasherDefault<Mix>>;

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::default();
}

impl CallsiteKeys {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { id: NEXT.fetch_add(1, Ordering::Relaxed) }
    }

    /// Returns the keys of a callsite; `make` renders them on first use.
    pub(super) fn of(&self, metadata: &'static Metadata<'static>, make: impl Fn() -> Keys) -> Rc<Keys> {
        let callsite = (self.id, ptr::from_ref(metadata).addr());
        let make = || Rc::new(make());
        // The cache is not available while the thread ends and in a nested call: render without it.
        let found = KNOWN.try_with(|known| {
            let mut known = known.try_borrow_mut().ok()?;
            Some(Rc::clone(known.entry(callsite).or_insert_with(make)))
        });
        found.ok().flatten().unwrap_or_else(make)
    }
}

impl Keys {
    pub(super) fn new(metadata: &Metadata<'_>, style: &Style, texts: &JsonText) -> Self {
        let names = style.names;
        let mut taken: Vec<String> = Vec::new();
        let fields = metadata.fields().iter().map(|field| {
            let name = match role(field.name(), metadata, style) {
                Role::Ours(key) => bare(key).to_owned(),
                Role::Hidden => return None,
                Role::Own => free(field.name(), names, &taken),
            };
            let known = style.constants().find(|(key, _)| bare(key) == field.name()).map(|(_, value)| value.into());
            let is_file = field.name() == origin::FILE;
            let key = Key { text: rendered(&name), is_secret: texts.mask(field.name()), is_file, known };
            taken.push(name);
            Some(key)
        });
        let fields = fields.collect();
        let has = |key: &str| taken.iter().any(|name| name == bare(key));
        let head = head(metadata, style, texts);
        let is_request = metadata.target() == REQUEST_TARGET;
        Self {
            request: is_request.then(|| RequestKeys::new(&head, metadata, names)),
            head,
            fields,
            has_request_id: has(names.request_id),
            has_trace_id: has(names.trace_id),
        }
    }

    pub(super) fn at(&self, index: usize) -> Option<&Key> {
        self.fields.get(index)?.as_ref()
    }
}

impl RequestKeys {
    fn new(head: &[u8], metadata: &Metadata<'_>, names: &Names) -> Self {
        let mut head = head.to_vec();
        escape::own(&mut head, names.message, metadata.name());
        head.extend_from_slice(names.request_id.as_bytes());
        Self { head: head.into(), alike: LineCache::default() }
    }
}

/// The way a field is written.
enum Role {
    /// Under one of the layer's own keys.
    Ours(&'static str),
    /// Under its own name.
    Own,
    /// Not at all.
    Hidden,
}

fn role(field: &str, metadata: &Metadata<'_>, style: &Style) -> Role {
    let names = style.names;
    let (is_bridged, is_of_monitor) = (is_bridged(metadata), is_of_monitor(metadata.target()));
    match field {
        "message" => Role::Ours(names.message),
        origin::TARGET if is_bridged => Role::Ours(names.target),
        origin::FILE | origin::LINE if is_bridged && !style.shows_location(metadata) => Role::Hidden,
        origin::FILE if is_bridged => Role::Ours(names.file),
        origin::LINE if is_bridged => Role::Ours(names.line),
        origin::MODULE if is_bridged => Role::Hidden,
        // The monitor logs the location of a captured error in fields of these names.
        "file" if is_of_monitor => Role::Ours(names.file),
        "line" if is_of_monitor => Role::Ours(names.line),
        _ => Role::Own,
    }
}

fn head(metadata: &Metadata<'_>, style: &Style, texts: &JsonText) -> Box<[u8]> {
    let (mut head, names) = (Vec::new(), style.names);
    let _ = write!(head, "{}{}\"", names.level, names.level_name(*metadata.level()));
    if names.has_severity_number {
        let _ = write!(head, ",\"severity_number\":{}", severity_number(*metadata.level()));
    }
    // The target of a bridged record is in its fields.
    if !is_bridged(metadata) {
        head.extend_from_slice(names.target.as_bytes());
        texts.write(&mut head, metadata.target());
    }
    if style.shows_location(metadata)
        && !is_of_monitor(metadata.target())
        && let Some((file, line)) = metadata.file().zip(metadata.line())
    {
        head.extend_from_slice(names.file.as_bytes());
        texts.write(&mut head, &source_path::shown(file));
        let _ = write!(head, "{}{line}", names.line);
    }
    head.into()
}

/// Returns the number of OpenTelemetry's [logs data model](https://opentelemetry.io/docs/specs/otel/logs/data-model/).
fn severity_number(level: Level) -> u8 {
    match level {
        Level::TRACE => 1,
        Level::DEBUG => 5,
        Level::INFO => 9,
        Level::WARN => 13,
        Level::ERROR => 17,
    }
}

/// Returns the name, or the first free `name_2`, `name_3`, ….
fn free(name: &str, names: &Names, taken: &[String]) -> String {
    let is_free = |name: &String| !names.reserve(name) && !taken.contains(name);
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    [name.to_owned()].into_iter().chain(numbered).find(is_free).unwrap_or_default()
}

/// Returns a key with its comma, quotation marks and colon.
fn rendered(name: &str) -> Box<str> {
    let mut key = b",\"".to_vec();
    json_text(&mut key, name);
    key.extend_from_slice(b"\":\"");
    String::from_utf8_lossy(&key).into()
}

/// A fast hasher for a few numbers. It needs no protection against collisions, because addresses are not chosen by
/// clients.
#[derive(Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use monitor_redact::Redaction;

    use super::*;
    use crate::json::names::FieldNames;

    #[test]
    fn no_two_layers_share_the_keys_of_a_callsite() {
        let metadata = tracing::info_span!("work").metadata().unwrap();
        let style = Style { names: Names::of(FieldNames::Plain), locations: None, identity: Default::default() };
        let make = || Keys::new(metadata, &style, &JsonText::new(Redaction::new()));
        let keys_of = |id| CallsiteKeys { id }.of(metadata, make);
        let first = keys_of(0);
        for id in [1, 1 << 16, 1 << 32, u64::MAX] {
            assert!(!Rc::ptr_eq(&first, &keys_of(id)), "{id}");
            assert!(Rc::ptr_eq(&keys_of(id), &keys_of(id)), "{id}");
        }
    }
}
