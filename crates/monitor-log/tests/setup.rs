//! Global logging setup, which is possible only once per process: one test, in a binary of its own.

use std::{collections::BTreeMap, fmt, fs};

use monitor_core::{Monitor, Scope};
use monitor_log::{LogBuilder, Rotation, init};
use serde_json::Value;

/// Its `Debug` logs an event while the line is written in which it is a field.
struct Chatty;

impl fmt::Debug for Chatty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        tracing::info!("logged by a Debug");
        f.write_str("chatty")
    }
}

#[test]
fn a_process_begins_to_log_once_and_to_a_file_as_well() {
    let monitor = Monitor::builder("shop").release("1.4.2").log(None).build().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("app.log");
    let setup = LogBuilder::new(&monitor).console(false).rotation(Rotation::size(100_000).keep(2));

    let refusal = setup.clone().filter("info,shop=loud").init().unwrap_err().to_string();
    assert!(
        refusal.starts_with("the filter is `info,shop=loud`, which is not a valid filter: write levels"),
        "{refusal}"
    );
    let refusal = setup.clone().file(directory.path().join("no/app.log")).init().unwrap_err().to_string();
    assert!(refusal.contains("no/app.log, check its directory and permissions"), "{refusal}");

    let log = setup.file(&path).init().unwrap();
    tracing::info!(order_id = 123, "order_processed");
    tracing::debug!("not asked for");
    tracing::info!(target: "hyper::proto", "of a framework");
    tracing::warn!(target: "hyper::proto", "of a framework that is not well");
    Scope::new(&monitor).in_scope(|| tracing::info!(value = ?Chatty, "inside"));
    let refusal = init(&monitor).unwrap_err().to_string();
    assert!(refusal.starts_with("a global subscriber is set already"), "{refusal}");
    drop(log);
    tracing::info!("too late");

    let text = fs::read_to_string(path).unwrap();
    let lines: Vec<BTreeMap<String, Value>> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let messages: Vec<_> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
    // The file and the breadcrumb each format the value.
    let inside = ["logged by a Debug", "inside", "logged by a Debug"];
    assert_eq!(messages, [["order_processed", "of a framework that is not well"].as_slice(), &inside].concat());
    assert_eq!((&lines[0]["order_id"], &lines[0]["release"]), (&123.into(), &"1.4.2".into()));
    assert!(lines[3].contains_key("request_id") && !lines[0].contains_key("request_id"));
    assert!(lines[2..].iter().all(|line| line["request_id"] == lines[3]["request_id"]), "all are of the same scope");
    let dropped = monitor.dropped();
    assert_eq!(dropped.len(), 1, "{dropped:?}");
    assert_eq!(
        (dropped[0].reporter.as_str(), dropped[0].reason.as_str(), dropped[0].count),
        ("log_writer", "closed", 1)
    );
}
