//! Compares the captured events with the marks in the sources.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::ExitCode,
};

use monitor_core::Grouping;
use serde_json::Value;

use crate::{Fault, faults_of_all_files};

/// Prints a line for each fault: issue, place and mark, and whether the issue changes when the line moves. Its
/// mismatches follow.
pub(crate) fn check(knows: &str, events: &[Value]) -> ExitCode {
    let mut faults_of_issue = BTreeMap::<_, BTreeSet<_>>::new();
    let mut wrong = 0;
    for fault in faults_of_all_files() {
        let place = place(fault);
        let own: Vec<_> = events.iter().filter(|event| is_at(&event["location"], &place)).collect();
        let issues: BTreeSet<_> = own.iter().map(|event| text(&event["fingerprint"])).collect();
        for issue in &issues {
            faults_of_issue.entry(*issue).or_default().insert(fault.mark);
        }
        let with_line = if own.iter().any(|event| has_line(event)) { " (by its line)" } else { "" };
        println!("{} {place} {}{with_line}", issues.first().unwrap_or(&"-"), fault.mark);
        let faults = faults_with(fault, knows, &own, issues.len());
        wrong += faults.len();
        faults.iter().for_each(|fault| println!("    {fault}"));
    }
    for (issue, marks) in faults_of_issue.iter().filter(|(_, marks)| marks.len() > 1) {
        wrong += 1;
        println!("{issue} is the issue of {}", marks.iter().copied().collect::<Vec<_>>().join(", "));
    }
    println!("{} faults, {} issues, {wrong} wrong", faults_of_all_files().count(), faults_of_issue.len());
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Returns the mismatches between the events and what this build should report.
fn faults_with(fault: Fault, knows: &str, events: &[&Value], issues: usize) -> Vec<String> {
    let mut faults = Vec::new();
    if events.len() != 2 || issues != 1 {
        faults.push(format!("{} events in {issues} issues instead of 2 in 1", events.len()));
    }
    let Some(event) = events.first() else { return faults };
    let parts = &event["grouping"]["parts"];
    let part = |name| parts.as_array().into_iter().flatten().find_map(|part| part.get(name));
    let frames: Vec<_> = event["backtrace"].as_array().into_iter().flatten().collect();
    let has_backtrace = !cfg!(panic = "abort") && event["kind"] != "message";
    if has_backtrace && frames.is_empty() {
        faults.push("there is no backtrace".to_owned());
    }
    if part("function").is_some_and(|function| text(function).starts_with('{')) {
        faults.push("the function is a number".to_owned());
    }
    if knows != "nothing" && has_backtrace && is_physical(fault) {
        let functions: Vec<_> = frames.iter().map(|frame| text(&frame["function"])).collect();
        if !functions.contains(&fault.function) {
            faults.push(format!("no frame is {}, but {functions:?}", fault.function));
        }
    }
    if knows == "nothing"
        && event["kind"] != "message"
        && !explanation(event).contains("\nThe line takes part because ")
    {
        faults.push(format!("the line does not take part: {}", explanation(event)));
    }
    if knows == "paths" && has_backtrace {
        let function = part("function").map_or("", text);
        if function != fault.function && !is_resumed(fault) {
            faults.push(format!("the function is {function:?} instead of {:?}", fault.function));
        }
        if has_line(event) && !is_resumed(fault) {
            faults.push("the line takes part".to_owned());
        }
    }
    if matches!(knows, "paths" | "names") && has_backtrace && !is_resumed(fault) {
        let own = frames.iter().filter(|frame| frame["in_app"] == true);
        let own: Vec<_> = own.map(|frame| text(&frame["location"])).collect();
        if !own.iter().any(|at| same_line(at, &place(fault))) {
            faults.push(format!("no own frame is at the line, but {own:?}"));
        }
    }
    if knows == "nothing" && part("function").is_some() {
        faults.push("a stripped build names a function".to_owned());
    }
    faults
}

/// Returns whether the line takes part in the fingerprint.
fn has_line(event: &Value) -> bool {
    event["grouping"]["parts"].as_array().into_iter().flatten().any(|part| part.get("line").is_some())
}

/// Returns whether the function is called by address or never inlined, so that every build with a symbol table has its
/// path.
fn is_physical(fault: Fault) -> bool {
    PHYSICAL.contains(&fault.mark)
}

/// Returns the explanation of an issue's grouping.
fn explanation(event: &Value) -> String {
    serde_json::from_value::<Grouping>(event["grouping"].clone())
        .expect("a grouping is read as it was written")
        .to_string()
}

/// Returns whether the panic occurs on another thread, whose backtrace has no frame of the thread that resumes it.
fn is_resumed(fault: Fault) -> bool {
    fault.file.ends_with("threads.rs")
}

/// Returns the marked line as `file:line`.
fn place(fault: Fault) -> String {
    let mark = format!("// fault: {}", fault.mark);
    let line = fault.source.lines().position(|line| line.ends_with(&mark)).expect("the line is marked") + 1;
    format!("{}:{line}", fault.file)
}

/// Returns whether a location, `file:line:column`, is on this line.
fn is_at(location: &Value, place: &str) -> bool {
    text(location).strip_prefix(place).is_some_and(|rest| rest.starts_with(':'))
}

/// Returns whether a frame's location is on this line, seen from the folder of the crate.
fn same_line(location: &str, place: &str) -> bool {
    let line = location.rsplit_once(':').map_or(location, |(line, _column)| line);
    line.ends_with(place) || place.ends_with(line)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

const PHYSICAL: [&str; 11] = [
    "a capture",
    "another capture",
    "a capture at the end of a function",
    "another capture at the end of a function",
    "a closure",
    "another closure",
    "a closure in a box",
    "an error as a payload",
    "an error in a box as a payload",
    "a borrowed text as a payload",
    "a number as a payload",
];
