//! The milestones of an issue: each is published once, over restarts.

use std::{path::Path, thread, time::Duration};

use monitor_core::MemoryReporter;
use monitor_kit::{Monitor, Scope, Signal, Triage, capture_error, clock, store::Store};

use crate::support::{Failure, builder, flush};

const PATIENCE: Duration = Duration::from_secs(30);

/// Returns a monitor with a store, and the milestones that it publishes.
fn monitor(folder: &Path) -> (Monitor, MemoryReporter) {
    let memory = MemoryReporter::new();
    let store = Store::open(folder).expect("the folder can be written to");
    (builder().persist(store).reporter(memory.clone()).build().expect("the settings are good"), memory)
}

fn fail(monitor: &Monitor, times: usize) {
    (0..times).for_each(|_| Scope::new(monitor).in_scope(|| capture_error(&Failure::new("gone"))));
    flush(monitor);
}

fn milestones(memory: &MemoryReporter) -> Vec<u64> {
    let of_signal = |signal: &Signal| match signal {
        Signal::IssueMilestone(milestone) => Some(milestone.events),
        _ => None,
    };
    memory.signals().iter().filter_map(of_signal).collect()
}

#[test]
fn each_milestone_is_published_once_over_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let (first, memory) = monitor(folder.path());
    fail(&first, 9);
    assert!(milestones(&memory).is_empty());
    fail(&first, 4);
    assert_eq!(milestones(&memory), [10]);
    assert!(first.shutdown(PATIENCE));
    drop(first);

    let (second, memory) = monitor(folder.path());
    fail(&second, 90);
    assert_eq!(second.issues()[0].count, 103);
    assert!(second.shutdown(PATIENCE));
    assert_eq!(milestones(&memory), [100]);
    drop(second);

    let (third, memory) = monitor(folder.path());
    fail(&third, 1);
    assert_eq!((third.issues()[0].count, milestones(&memory)), (104, vec![]));
}

#[test]
fn an_issue_that_passes_several_milestones_has_the_highest_and_a_muted_one_none() {
    let folder = tempfile::tempdir().unwrap();
    let (monitor, memory) = monitor(folder.path());
    fail(&monitor, 1);
    let fingerprint = monitor.issues()[0].fingerprint;
    monitor.triage(fingerprint, Triage::Mute, "ada").unwrap();
    fail(&monitor, 20);
    monitor.triage(fingerprint, Triage::Reopen, "ada").unwrap();
    fail(&monitor, 20);
    assert!(milestones(&memory).is_empty());
    fail(&monitor, 1_000);
    // Events beyond the first ten of a minute are counted once a second.
    let deadline = clock::now() + PATIENCE;
    while !milestones(&memory).ends_with(&[1_000]) {
        assert!(clock::now() < deadline, "{:?}", milestones(&memory));
        thread::sleep(Duration::from_millis(10));
    }
    assert!(milestones(&memory).len() <= 2, "{:?}", milestones(&memory));
}
