//! Issues stored by an earlier version of the grouping rules.

use monitor_kit::{Monitor, Scope, capture_error};
use serde_json::{Value, json};

use crate::{
    stored::Stored,
    support::{Failure, builder, flush},
};

#[test]
fn an_issue_of_version_1_goes_on_under_the_fingerprint_of_today() {
    let stored = Stored::default();
    let today = {
        let monitor = with(&stored);
        fail(&monitor);
        monitor.issues()[0].fingerprint.to_string()
    };
    age(&stored, &today, "v1-0123456789abcdef0123456789abcdef");
    let monitor = with(&stored);
    fail(&monitor);
    let issues: Vec<_> = monitor.issues().iter().map(|issue| (issue.fingerprint.to_string(), issue.count)).collect();
    assert_eq!(issues, [(today, 2)], "{}", monitor.issues()[0].explain());
    assert_eq!(stored.keys_with("v1-"), 0, "what was stored under the old fingerprint is gone");
    assert_eq!(stored.keys_with("v2-"), 3, "a record and two events");
}

#[test]
fn an_issue_of_version_1_without_an_event_stays_what_it_was() {
    let stored = Stored::default();
    let today = {
        let monitor = with(&stored);
        fail(&monitor);
        monitor.issues()[0].fingerprint.to_string()
    };
    let old = "v1-0123456789abcdef0123456789abcdef";
    age(&stored, &today, old);
    stored.values().retain(|key, _| !key.starts_with("event/"));
    let monitor = with(&stored);
    let issues: Vec<_> = monitor.issues().iter().map(|issue| (issue.fingerprint.to_string(), issue.count)).collect();
    assert_eq!(issues, [(old.to_owned(), 1)]);
    let explanation = monitor.issues()[0].explain();
    assert!(explanation.ends_with("version 1 of the rules."), "{explanation}");
}

fn with(stored: &Stored) -> Monitor {
    builder().persist(stored.clone()).build().expect("the settings are right")
}

fn fail(monitor: &Monitor) {
    Scope::new(monitor).in_scope(|| capture_error(&Failure::new("out of stock")));
    flush(monitor);
}

/// Rewrites all values in the form of version 1 of the rules.
fn age(stored: &Stored, today: &str, old: &str) {
    let mut values = stored.values();
    let aged = |value: &Vec<u8>| match serde_json::from_slice::<Value>(value) {
        Ok(json) => with_old_words(json).to_string().replace(today, old).into_bytes(),
        Err(_) => value.clone(),
    };
    *values = values.iter().map(|(key, value)| (key.replace(today, old), aged(value))).collect();
}

fn with_old_words(mut json: Value) -> Value {
    if let Some(grouping) = json.get_mut("grouping") {
        (grouping["version"], grouping["basis"]) = (1.into(), "stack".into());
        for part in grouping["parts"].as_array_mut().into_iter().flatten() {
            if let Some(message) = part.get("message").cloned() {
                *part = json!({ "says": message });
            }
        }
    }
    json
}
