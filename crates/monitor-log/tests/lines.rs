//! Keys, values and source locations of single lines and breadcrumbs.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use monitor_core::{MemoryReporter, Monitor, Scope, capture_message};
use monitor_log::{BreadcrumbLayer, FieldNames, JsonLayer, ReadableLayer};
use serde_json::{Value, json};
use tracing::{
    Event, Metadata, callsite::Identifier, error, field::FieldSet, info, info_span, metadata::Kind,
    subscriber::Interest, warn,
};
use tracing_subscriber::{Layer, Registry, layer::SubscriberExt};

/// A log in memory.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn writer(&self) -> impl Fn() -> Self + Send + Sync + 'static {
        let log = self.clone();
        move || log.clone()
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()).expect("text")
    }
}

fn monitor() -> Monitor {
    Monitor::builder("shop").log(None).build().expect("the settings are right")
}

fn through(layer: impl Layer<Registry> + Send + Sync, f: impl FnOnce()) {
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), f);
}

/// Logs through `layer` and returns the parsed lines.
#[track_caller]
fn lines_of(layer: JsonLayer, f: impl FnOnce()) -> Vec<Value> {
    let log = Log::default();
    through(layer.writer(log.writer()), f);
    log.text().lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

#[track_caller]
fn line_of(layer: JsonLayer, f: impl FnOnce()) -> Value {
    let mut lines = lines_of(layer, f);
    assert_eq!(lines.len(), 1, "{lines:#?}");
    lines.remove(0)
}

#[track_caller]
fn says(line: &Value, expected: Value) {
    for (key, value) in expected.as_object().expect("an object") {
        assert_eq!(&line[key], value, "{key} of {line:#}");
    }
}

/// Logs a record of the `log` crate, as tracing-log forwards it.
fn record(level: log::Level, target: &str) {
    record_in("src/pool.rs", level, target);
}

fn record_in(file: &str, level: log::Level, target: &str) {
    let message = format_args!("pool is empty");
    let record = log::Record::builder()
        .args(message)
        .level(level)
        .target(target)
        .module_path(Some("sqlx::pool"))
        .file(Some(file))
        .line(Some(42))
        .build();
    tracing_log::format_trace(&record).expect("a record can be passed on");
}

#[test]
fn a_record_of_the_log_crate_has_its_target_and_place() {
    let line = line_of(JsonLayer::new(&monitor()), || record(log::Level::Warn, "sqlx"));
    let keys: Vec<_> = line.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["environment", "file", "level", "line", "message", "release", "service", "target", "timestamp"]);
    says(&line, json!({"target": "sqlx", "file": "src/pool.rs", "line": 42, "message": "pool is empty"}));
    let line = line_of(JsonLayer::new(&monitor()), || record(log::Level::Info, "sqlx"));
    assert_eq!((line.get("target"), line.get("file"), line.get("line")), (Some(&"sqlx".into()), None, None));
}

#[test]
fn a_record_of_the_log_crate_has_the_keys_of_the_preset() {
    let layer = JsonLayer::new(&monitor()).field_names(FieldNames::OpenTelemetry);
    let line = line_of(layer, || record(log::Level::Error, "sqlx"));
    says(&line, json!({"otel.scope.name": "sqlx", "code.file.path": "src/pool.rs", "code.line.number": 42}));
    let layer = JsonLayer::new(&monitor()).field_names(FieldNames::Python);
    let line = line_of(layer, || record(log::Level::Info, "sqlx"));
    says(&line, json!({"name": "sqlx", "pathname": "src/pool.rs", "lineno": 42, "event": "pool is empty"}));
}

/// The path of a source file of a dependency, as the compiler sees it.
const IN_REGISTRY: &str = "/home/ann/.cargo/registry/src/index-1949cf8c6b5b557f/sqlx-0.9.1/src/pool.rs";

#[test]
fn the_file_of_a_record_names_no_machine() {
    let log = || record_in(IN_REGISTRY, log::Level::Warn, "sqlx");
    says(&line_of(JsonLayer::new(&monitor()), log), json!({"file": "sqlx-0.9.1/src/pool.rs", "line": 42}));
    let line = readable(log);
    assert!(line.contains("file=sqlx-0.9.1/src/pool.rs "), "{line}");
    let memory = MemoryReporter::new();
    let monitor = Monitor::builder("shop").log(None).reporter(memory.clone()).build().unwrap();
    through(BreadcrumbLayer::new(), || {
        Scope::new(&monitor).in_scope(|| {
            log();
            capture_message("no connection", monitor_core::Level::Error);
        });
    });
    assert!(monitor.flush(std::time::Duration::from_secs(20)));
    let crumb = &memory.events()[0].scope.breadcrumbs[0];
    assert_eq!(crumb.data["file"], "sqlx-0.9.1/src/pool.rs");
}

#[test]
fn the_file_of_an_event_in_a_dependency_names_no_machine() {
    let log = || Event::dispatch(&IN_DEPENDENCY, &IN_DEPENDENCY.fields().value_set(&[]));
    says(&line_of(JsonLayer::new(&monitor()), log), json!({"file": "sqlx-0.9.1/src/pool.rs", "line": 7}));
    let line = readable(log);
    assert!(line.contains("file=sqlx-0.9.1/src/pool.rs line=7"), "{line}");
}

/// The metadata that the macros of `tracing` create for a warning in a dependency.
static IN_DEPENDENCY: Metadata<'static> = Metadata::new(
    "event",
    "sqlx",
    tracing::Level::WARN,
    Some(IN_REGISTRY),
    Some(7),
    None,
    FieldSet::new(&[], Identifier(&Callsite)),
    Kind::EVENT,
);

struct Callsite;

impl tracing::Callsite for Callsite {
    fn set_interest(&self, _: Interest) {}

    fn metadata(&self) -> &Metadata<'_> {
        &IN_DEPENDENCY
    }
}

/// Returns the output of a readable layer without the time.
fn readable(f: impl FnOnce()) -> String {
    let log = Log::default();
    through(ReadableLayer::new(&monitor()).writer(log.writer()), f);
    log.text().split_at(13).1.to_owned()
}

#[test]
fn a_record_of_the_log_crate_is_readable_with_its_target_and_place() {
    let text = readable(|| record(log::Level::Warn, "sqlx"));
    assert_eq!(text, " WARN sqlx: pool is empty file=src/pool.rs line=42\n");
    assert_eq!(readable(|| record(log::Level::Info, "sqlx")), " INFO sqlx: pool is empty\n");
}

/// Calls `f` with texts in which a secret starts before byte `cut` and ends after it.
fn secrets_across(cut: usize, f: impl Fn(&str)) {
    for (secret, least) in
        [("postgres://admin:hunter2@db/todo", 19), ("4111 1111 1111 1111", 6), ("Bearer hunter2hunter2", 9)]
    {
        for shown in (least..secret.len()).step_by(3) {
            let before = "x ".repeat((cut - shown) / 2) + &" ".repeat((cut - shown) % 2);
            f(&(before + secret + &" y".repeat(cut)));
        }
    }
}

#[track_caller]
fn has_no_secret(line: &str, cut: usize) {
    assert!(!line.contains("hunter") && !line.contains("4111"), "{}", &line[cut - 100..]);
    assert!(line.len() > cut && line.len() < cut + 1024, "{}", line.len());
}

#[test]
fn a_field_is_masked_before_it_is_cut() {
    let log = |f: &dyn Fn()| {
        let log = Log::default();
        through(JsonLayer::new(&monitor()).writer(log.writer()), f);
        log.text()
    };
    secrets_across(16 * 1024, |text| {
        has_no_secret(&log(&|| info!(text, "late")), 16 * 1024);
        has_no_secret(&log(&|| info!(text = ?text, "late")), 16 * 1024);
        has_no_secret(&log(&|| info!(text = %text, "late")), 16 * 1024);
        has_no_secret(&log(&|| info!("{text}")), 16 * 1024);
    });
}

#[test]
fn a_readable_field_is_masked_before_it_is_cut() {
    secrets_across(8 * 1024, |text| {
        has_no_secret(&readable(|| info!(text, "late")), 8 * 1024);
        has_no_secret(&readable(|| info!(text = ?text, "late")), 8 * 1024);
        has_no_secret(&readable(|| info!("{text}")), 8 * 1024);
    });
}

#[test]
fn a_readable_warning_has_its_place_and_one_of_the_monitor_none() {
    let text = readable(|| warn!(target: "shop", "late"));
    assert!(text.contains(&format!(" WARN shop: late file={} line=", file!())), "{text}");
    assert_eq!(readable(|| warn!(target: "monitor", "late")), " WARN monitor: late\n");
}

#[test]
fn a_readable_error_has_a_line_for_each_thing_and_each_frame() {
    let text = readable(|| {
        error!(
            target: "monitor::error",
            exception = "charge failed\u{1b}[31m",
            exception_type = "shop::ChargeError",
            chain = "bank did not answer\ntimed out",
            location = %"src/pay.rs:23:6",
            file = "src/pay.rs",
            line = 23,
            trace = "shop::pay::charge at src/pay.rs:23:6\nshop::pay::retry",
            request_id = "0b6c7c2e-7a9e-4d0a-9d55-6f1c2b3a4d5e",
            trace_id = "0b6c7c2e7a9e4d0a9d556f1c2b3a4d5e",
            method = "POST",
            route = "/orders/{id}",
            user_id = "7",
            suppressed = 3,
            "unhandled_exception"
        );
    });
    let expected = r"ERROR unhandled_exception: charge failed\u{1b}[31m
    shop::ChargeError at src/pay.rs:23:6
    POST /orders/{id}
    request_id=0b6c7c2e-7a9e-4d0a-9d55-6f1c2b3a4d5e
    user_id=7
    suppressed=3
    caused by: bank did not answer
    caused by: timed out
    in shop::pay::charge
       at src/pay.rs:23:6
    in shop::pay::retry
";
    assert_eq!(text, expected);
    assert!(text.lines().all(|line| line.len() <= 80));
}

#[test]
fn a_record_of_the_log_crate_leaves_a_breadcrumb_with_its_target_and_place() {
    let memory = MemoryReporter::new();
    let monitor = Monitor::builder("shop").log(None).reporter(memory.clone()).build().unwrap();
    let layer = BreadcrumbLayer::new().target("sqlx", tracing::Level::WARN);
    through(layer, || {
        Scope::new(&monitor).in_scope(|| {
            record(log::Level::Info, "sqlx");
            record(log::Level::Warn, "sqlx");
            record(log::Level::Warn, "monitor::error");
            capture_message("no connection", monitor_core::Level::Error);
        });
    });
    assert!(monitor.flush(std::time::Duration::from_secs(20)));
    let event = &memory.events()[0];
    let crumbs: Vec<_> = event.scope.breadcrumbs.iter().map(|crumb| (&*crumb.category, &*crumb.message)).collect();
    assert_eq!(crumbs, [("sqlx", "pool is empty")]);
    assert_eq!(event.scope.breadcrumbs[0].data, json!({"file": "src/pool.rs", "line": 42}));
}

#[test]
fn an_error_record_of_the_log_crate_is_captured_where_it_was_logged() {
    let memory = MemoryReporter::new();
    let monitor = Monitor::builder("shop").log(None).reporter(memory.clone()).build().unwrap();
    through(BreadcrumbLayer::new().capture_errors(true), || {
        Scope::new(&monitor).in_scope(|| record(log::Level::Error, "sqlx"));
    });
    assert!(monitor.flush(std::time::Duration::from_secs(20)));
    let event = &memory.events()[0];
    let at = event.failure.location.as_ref().map(|at| (at.file.as_str(), at.line));
    assert_eq!((&*event.failure.type_name, at), ("sqlx", Some(("src/pool.rs", 42))));
}

#[test]
fn numbers_of_128_bits_are_numbers_in_events_and_spans() {
    let log = Log::default();
    through(JsonLayer::new(&monitor()).writer(log.writer()), || {
        let _span = info_span!("around", span_u = 7_u128, span_i = -7_i128, span_max = u128::MAX).entered();
        info!(u = 7_u128, i = -7_i128, max = u128::MAX, "large");
    });
    let text = log.text();
    for shown in ["\"u\":7,", "\"i\":-7,", "\"span_u\":7,", "\"span_i\":-7,"] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    for key in ["max", "span_max"] {
        assert!(text.contains(&format!("\"{key}\":{}", u128::MAX)), "{key}: {text}");
    }
}

#[test]
fn the_python_preset_has_the_keys_of_pythons_logging() {
    let layer = JsonLayer::new(&monitor()).field_names(FieldNames::Python);
    let lines = lines_of(layer, || {
        info!(target: "shop.orders", order_id = 123, name = "ann", "order_processed");
        warn!("late");
        tracing::trace!("fine");
    });
    says(
        &lines[0],
        json!({
            "event": "order_processed", "levelname": "INFO", "name": "shop.orders", "name_2": "ann", "order_id": 123,
        }),
    );
    says(&lines[0], json!({"pathname": file!(), "timestamp": null, "message": null, "level": null}));
    let time = lines[0]["asctime"].as_str().unwrap();
    assert!(time.len() == 27 && time.contains('T') && time.ends_with('Z'), "{time}");
    assert!(lines[0]["lineno"].is_u64());
    let levels: Vec<_> = lines.iter().map(|line| line["levelname"].as_str().unwrap()).collect();
    assert_eq!(levels, ["INFO", "WARNING", "DEBUG"]);
}

#[test]
fn lines_of_the_monitor_have_the_place_of_the_error_or_none() {
    let lines = lines_of(JsonLayer::new(&monitor()), || {
        error!(target: "monitor::error", file = "src/pay.rs", line = 7, "unhandled_exception");
        warn!(target: "monitor", "a reporter is slow");
        warn!(target: "monitoring", file = "ours", "not the monitor's");
    });
    says(&lines[0], json!({"file": "src/pay.rs", "line": 7, "file_2": null}));
    says(&lines[1], json!({"file": null, "line": null}));
    says(&lines[2], json!({"file": file!(), "file_2": "ours"}));
}
