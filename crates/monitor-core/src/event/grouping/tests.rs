use std::{collections::BTreeSet, sync::Arc};

use monitor_redact::Redaction;
use serde_json::json;
use uuid::Uuid;
use yaml_rust2::{Yaml, YamlLoader};

use super::{in_app::InApp, *};
use crate::{
    base::{clock, json::FromText},
    event::{Failure, ScopeRecord, type_names::Cause},
    model::{code_location::CodeLocation, identity::Identity, method::KnownMethod},
};

/// Returns each case: its name, the expected number of issues, and its events.
fn cases() -> Vec<(String, usize, Vec<ErrorEvent>)> {
    let cases = YamlLoader::load_from_str(include_str!("cases.yaml")).expect("the table is YAML").remove(0);
    let read = |case: &Yaml| {
        let name = case["case"].as_str().expect("a case has a name");
        let issues = case["issues"].as_i64().expect("a case says how many issues");
        let next = |event: &mut ErrorEvent, yaml: &Yaml| {
            change(event, yaml, name);
            Some(event.clone())
        };
        let events = case["events"].as_vec().expect("a case has events").iter();
        (name.to_owned(), issues as usize, events.scan(nothing(), next).collect())
    };
    cases.as_vec().expect("the table is a list").iter().map(read).collect()
}

fn change(event: &mut ErrorEvent, yaml: &Yaml, case: &str) {
    for (key, value) in yaml.as_hash().expect("an event has keys") {
        let text = || value.as_str().unwrap_or_else(|| panic!("{case}: {key:?} is a text")).to_owned();
        let texts = || value.as_vec().unwrap_or_else(|| panic!("{case}: {key:?} is a list")).iter().map(word);
        match key.as_str().unwrap_or_default() {
            "kind" => event.failure.kind = kind(&text()),
            "type" => event.failure.type_name = text().into(),
            "causes" => {
                event.failure.chain = texts().map(|type_name| Cause { type_name, message: String::new() }).collect();
            }
            "says" => event.failure.message = text(),
            "at" => event.failure.location = CodeLocation::from_text(&text()),
            "stack" => event.backtrace = texts().map(|text| frame(&text)).collect(),
            "route" => event.scope.route = text(),
            "method" => event.scope.method = Some(KnownMethod::from_name(&text())),
            "user" => event.scope.user = Some(text()),
            "thread" => event.thread = text(),
            "release" => event.identity = identity(&text()),
            "given" => event.scope.fingerprint = texts().collect(),
            unknown => panic!("{case}: `{unknown}` is nothing an event can say"),
        }
    }
}

fn word(yaml: &Yaml) -> String {
    yaml.as_str().expect("a list of texts").to_owned()
}

fn kind(name: &str) -> EventKind {
    EventKind::ALL.iter().copied().find(|kind| kind.as_str() == name).unwrap_or_else(|| panic!("`{name}` is no kind"))
}

fn frame(text: &str) -> Frame {
    let (function, at) = text.split_once(" @ ").map_or((text, None), |(function, at)| (function, Some(at)));
    let location = at.and_then(CodeLocation::from_text);
    let in_app = InApp::default().owns(function, location.as_ref().map(|at| at.file.as_str()));
    Frame { function: function.to_owned(), location, in_app, excerpt: None }
}

fn identity(release: &str) -> Arc<Identity> {
    let (service, environment) = (String::from("shop"), String::from("test"));
    Arc::new(Identity { service, release: release.to_owned(), revision: String::new(), environment })
}

fn nothing() -> ErrorEvent {
    ErrorEvent {
        id: Uuid::new_v4(),
        at: clock::wall(),
        failure: Failure::of_text(EventKind::Panic, "panic", ""),
        backtrace: Vec::new(),
        thread: String::new(),
        scope: ScopeRecord::default(),
        identity: identity("1"),
        fingerprint: Fingerprint::default(),
        grouping: Grouping::default(),
        suppressed: 0,
        muted: false,
        user_mark: None,
    }
}

fn group(event: &ErrorEvent) -> Grouping {
    let mut redacted = event.clone();
    redacted.redact(&Redaction::new());
    redacted.scope.hide_path();
    Grouping::of(&redacted)
}

#[test]
fn events_are_grouped_as_the_table_says() {
    let cases = cases();
    assert!(cases.len() >= 40, "{}", cases.len());
    for (name, issues, events) in cases {
        let groupings: Vec<_> = events.iter().map(group).collect();
        let fingerprints: BTreeSet<_> = groupings.iter().map(Grouping::fingerprint).collect();
        let explanations: Vec<_> = groupings.iter().map(ToString::to_string).collect();
        assert_eq!(fingerprints.len(), issues, "{name}:\n{}", explanations.join("\n\n"));
    }
}

#[test]
fn two_issues_have_two_explanations() {
    for (name, _, events) in cases() {
        let groupings: BTreeSet<_> =
            events.iter().map(group).map(|grouping| (grouping.fingerprint(), grouping.to_string())).collect();
        let explanations: BTreeSet<_> = groupings.iter().map(|(_, explanation)| explanation).collect();
        assert_eq!(groupings.len(), explanations.len(), "{name}");
    }
}

#[test]
fn a_grouping_is_explained_in_words() {
    let (_, _, events) = cases().remove(0);
    let expected = "\
These events are one issue because all of them
- are panics
- happened in the function shop::fault::divide
- come from the file src/fault.rs
- come from column 5
- have the message \"attempt to divide by zero\"
Their line, route, request, user, thread, process and release may differ.
Grouped by function, version 2 of the rules.";
    assert_eq!(group(&events[0]).to_string(), expected);
}

#[test]
fn an_explanation_says_why_the_line_takes_part() {
    let known = Part::Function(String::from("shop::fault::divide"));
    let (mut grouping, sentence) =
        (Grouping { version: VERSION, basis: Basis::Function, parts: vec![known] }, "The line takes part");
    assert!(!grouping.to_string().contains(sentence), "{grouping}");
    grouping.parts.push(Part::Line(7));
    let expected = "\
- come from line 7
The line takes part because the build does not name the function for certain.
Their route, request, user, thread, process and release may differ.";
    assert!(grouping.to_string().contains(expected), "{grouping}");
}

#[test]
fn groupings_of_version_1_are_read_by_their_old_words() {
    for (basis, expected) in [("explicit", Basis::Custom), ("stack", Basis::Function), ("place", Basis::Location)] {
        let json = json!({ "version": 1, "basis": basis, "parts": [{ "given": "billing" }, { "says": "no money" }] });
        let parts = vec![Part::Custom(String::from("billing")), Part::Message(String::from("no money"))];
        assert_eq!(serde_json::from_value::<Grouping>(json).unwrap(), Grouping { version: 1, basis: expected, parts });
    }
}

/// Stored issues are found by these fingerprints: a change of the rules needs a new [`VERSION`].
#[test]
fn the_rules_are_those_of_their_version() {
    let known = [
        ("the same panic in two requests, by two users", "v2-ddb8eb9936faceedfd220e93ee108ded"),
        ("two panics without a stack, in two files", "v2-d07ba16a172bb284b3489cd7a3f19d9d"),
        ("an error a service returned, for two causes", "v2-3e7411aa61375887cef75dc837c45816"),
        ("a bare 500 on one route, to two users", "v2-42f192073ad99b6246f2b537d1467e82"),
        ("a message about two of everything that changes", "v2-bad55151800eb597f66eb4e7ff457291"),
        ("two panics that the program groups as one", "v2-8aa27b1ed871b1482931077d4688c1f2"),
    ];
    let cases = cases();
    let fingerprint = |name: &str| {
        let (_, _, events) = cases.iter().find(|(other, ..)| other == name).expect("the case is there");
        group(&events[0]).fingerprint().to_string()
    };
    assert_eq!(known.map(|(name, _)| fingerprint(name)), known.map(|(_, expected)| expected));
    assert_eq!(VERSION, 2);
}

#[test]
fn an_event_reads_back_as_it_was_written() {
    for (name, _, events) in cases() {
        for event in events {
            let written = event.to_json();
            let read: ErrorEvent =
                serde_json::from_value(written.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(read.to_json(), written, "{name}");
            assert_eq!(group(&read), group(&event), "{name}");
        }
    }
}

#[test]
fn an_explanation_masks_secrets_of_the_message() {
    let failure = Failure::of_text(EventKind::Panic, "panic", "login failed: password=hunter2");
    let event = ErrorEvent { failure, ..nothing() };
    assert!(!group(&event).to_string().contains("hunter2"));
}
