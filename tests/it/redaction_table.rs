//! Every value of a table in each of eight places: secrets are masked everywhere, and lookalikes are left unchanged.

use std::{
    collections::BTreeSet,
    io::Write,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use http::{HeaderValue, Request};
use monitor_kit::{
    ErrorEvent, IpMasking, MonitorBuilder, Redaction, Scope, capture_error,
    scope::{self, Breadcrumb},
};
use serde_json::{Value, json};
use yaml_rust2::YamlLoader;

use crate::support::{Failure, builder, flush, only_event, status, visit, watched_by};

struct Case {
    what: String,
    value: String,
    /// The part that must be masked if it is a secret, and shown otherwise.
    part: String,
    is_secret: bool,
}

fn cases() -> Vec<Case> {
    let table = YamlLoader::load_from_str(include_str!("../data/redaction.yaml")).expect("the table is YAML").remove(0);
    let read = |case: &yaml_rust2::Yaml| {
        let text = |key: &str| case[key].as_str().map(str::to_owned);
        let value = text("value").expect("a case has a value");
        let (part, is_secret) = match (text("secret"), text("shown")) {
            (None, Some(shown)) => (shown, false),
            (secret, None) => (secret.unwrap_or_else(|| value.clone()), true),
            (Some(_), Some(_)) => panic!("{value} is either a secret or not"),
        };
        Case { what: text("what").expect("a case says what it is"), value, part, is_secret }
    };
    table.as_vec().expect("the table is a list").iter().map(read).collect()
}

/// Returns the places in which `part` is visible in an event that has `value` in all of them.
fn seen(builder: MonitorBuilder, redaction: Redaction, value: &str, part: &str) -> BTreeSet<&'static str> {
    let (monitor, memory) = watched_by(builder.redaction(redaction.headers(["x-note"])));
    // A header cannot contain a line break.
    let header = value.replace('\n', " ");
    let header = HeaderValue::from_bytes(header.as_bytes()).expect("it is a header");
    let request = Request::get("/").header("x-note", header).body(()).expect("the path is right");
    visit(&monitor, request, || {
        scope::set_user(value);
        scope::set_tag("note", value);
        scope::set_context("order", json!({ "note": [value] }));
        let asked = format!("GET https://a.example/search?q={value}");
        Breadcrumb::new("http", value).data(json!({ "note": value, "url": asked })).add();
        capture_error(&Failure::new(value));
        status(500, "")
    });
    flush(&monitor);
    let event = only_event(&monitor, &memory);
    let is_seen = |place: &Value| place.to_string().contains(json!(part).to_string().trim_matches('"'));
    places(&event).into_iter().filter(|(_, place)| is_seen(place)).map(|(name, _)| name).collect()
}

fn places(event: &Arc<ErrorEvent>) -> [(&'static str, Value); 8] {
    let context = |name: &str| {
        let found = event.scope.contexts.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.clone()).expect("it is there")
    };
    let crumb = &event.scope.breadcrumbs[0];
    [
        ("message", json!(event.failure.message)),
        ("user", json!(event.scope.user)),
        ("header", context("request")),
        ("query", crumb.data["url"].clone()),
        ("tag", json!(event.scope.tags)),
        ("context", context("order")),
        ("breadcrumb", json!(crumb.message)),
        ("breadcrumb data", crumb.data["note"].clone()),
    ]
}

#[test]
fn every_secret_of_the_table_is_seen_nowhere_and_what_is_none_everywhere() {
    let cases = cases();
    assert!(cases.iter().filter(|case| case.is_secret).count() >= 40);
    for Case { what, value, part, is_secret } in cases {
        let seen = seen(builder(), Redaction::new(), &value, &part);
        let expected = if is_secret { BTreeSet::new() } else { everywhere_but_in_a_query() };
        assert_eq!(seen, expected, "{what}: {value}");
    }
}

/// Queries are never shown.
fn everywhere_but_in_a_query() -> BTreeSet<&'static str> {
    ["message", "user", "header", "tag", "context", "breadcrumb", "breadcrumb data"].into()
}

#[test]
#[ignore = "needs sentry-relay, which `cargo xtask test` installs"]
fn texts_that_relay_masks_are_masked() {
    let cases: Vec<_> = cases().into_iter().filter(|case| case.is_secret).collect();
    let texts: Vec<_> = cases.iter().map(|case| json!({ "value": case.value, "secret": case.part })).collect();
    let relay: Vec<BTreeSet<String>> = serde_json::from_value(ask_relay(&json!(texts))).unwrap();
    let mut hidden = 0;
    for (case, relay) in cases.iter().zip(relay) {
        let ours = seen(builder(), Redaction::new(), &case.value, &case.part);
        hidden += 8 - relay.len();
        let missed: Vec<_> = ours.iter().filter(|place| !relay.contains(**place)).collect();
        assert!(missed.is_empty(), "{}: Relay hides it in {missed:?}", case.what);
    }
    assert!(hidden > 100, "Relay hides only {hidden} of them");
}

#[test]
fn personal_data_is_shown_where_that_is_asked_for_and_secrets_are_not() {
    let shown = ["jo.doe@example.org", "203.0.113.9", "2001:db8::9"];
    for value in shown {
        let seen = seen(builder(), Redaction::new().personal_data(true), value, value);
        assert_eq!(seen, everywhere_but_in_a_query(), "{value}");
    }
    for value in ["password=hunter2", "postgres://app:hunter2@db/todo"] {
        assert_eq!(seen(builder(), Redaction::new().personal_data(true), value, "hunter2"), BTreeSet::new());
    }
    assert_eq!(seen(builder(), Redaction::new().personal_data(true), "4111111111111111", "4111").len(), 0);
}

#[test]
fn addresses_are_shown_as_far_as_the_policy_says() {
    let seen = |policy| Redaction::new().ip_addresses(policy).text("from 203.0.113.9").into_owned();
    assert_eq!(seen(IpMasking::Truncated), "from 203.0.113.0");
    assert_eq!(seen(IpMasking::Masked), "from [Filtered]");
    assert_eq!(seen(IpMasking::Full), "from 203.0.113.9");
}

#[test]
fn a_rule_of_ones_own_masks_in_every_place_and_a_bad_one_masks_everything() {
    let number = |text: &str| text.find("CUST-").map(|at| at..at + "CUST-000815".len());
    assert_eq!(seen(builder(), Redaction::new().rule(number), "of CUST-000815 and CUST-000816", "CUST-").len(), 0);
    let text = |redaction: Redaction| redaction.text("a harmless text").into_owned();
    assert_eq!(text(Redaction::new().rule(number)), "a harmless text");
    assert_eq!(text(Redaction::new().rule(|_| Some(0..1000))), "[Filtered]");
    assert_eq!(text(Redaction::new().rule(|_| Some(3..3))), "[Filtered]");
    assert_eq!(text(Redaction::new().rule(|_| panic!("the rule is broken"))), "[Filtered]");
    let as_long = Redaction::new().rule(|_| panic!("the rule is broken"));
    assert_eq!(as_long.text("as long it"), "[Filtered]", "what is masked is as long as what it stands for");
}

#[test]
fn keys_names_and_what_is_below_a_secret_key_are_masked() {
    let (monitor, memory) = watched_by(builder());
    Scope::new(&monitor).in_scope(|| {
        scope::set_tag("of jo@example.org", "x");
        let credentials = json!({ "value": "hunter2", "on": true });
        let card = 4_111_111_111_111_111_u64;
        scope::set_context("order", json!({ "jo@example.org": 1, "credentials": credentials, "paid": card }));
        scope::set_context("jo@example.org", json!({ "password": [{ "v": "hunter2" }] }));
        capture_error(&Failure::new("gone"));
    });
    flush(&monitor);
    let scope = memory.events()[0].to_json()["scope"].to_string();
    for secret in ["jo@", "hunter2", "4111", "true"] {
        assert!(!scope.contains(secret), "{secret}: {scope}");
    }
}

#[test]
fn a_context_of_any_depth_is_cut() {
    let (monitor, memory) = watched_by(builder());
    let mut deep = json!(1);
    (0..5_000).for_each(|_| deep = Value::Array(vec![deep.take()]));
    Scope::new(&monitor).in_scope(|| {
        scope::set_context("deep", deep);
        capture_error(&Failure::new("gone"));
    });
    flush(&monitor);
    let context = memory.events()[0].scope.contexts[0].1.to_string();
    assert_eq!(context, format!("{}\"…\"{}", "[".repeat(32), "]".repeat(32)));
}

fn ask_relay(cases: &Value) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut relay = Command::new("python3")
        .arg(root.join("tests/relay.py"))
        .env("PYTHONPATH", root.join("target/python"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is there");
    relay.stdin.take().expect("it is a pipe").write_all(cases.to_string().as_bytes()).expect("it listens");
    let output = relay.wait_with_output().expect("it ends");
    assert!(output.status.success(), "relay.py fails");
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}
