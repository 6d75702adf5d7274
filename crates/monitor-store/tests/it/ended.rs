//! The next process learns how the last one ended.

use std::{env, fs, io::stdin, os::unix::fs::symlink, path::Path, process::Command};

use monitor_core::{DropReason, KnownMethod, LastEnd, ProcessEnded, Signal, instrument, traffic::InFlight};

use crate::support::{childs_folder, flush, shop, started, stop, until, watched_shop};

#[test]
fn a_killed_process_was_killed_and_its_requests_in_flight_are_known() {
    let folder = tempfile::tempdir().unwrap();
    let (killed, _lines) = started("ended::a_shop_with_requests_until_it_is_killed", folder.path());
    until("its requests are recorded", || written(folder.path()).contains("in-flight 1 POST /orders"));
    drop(killed);
    let ended = last_end(folder.path());
    let last = ended.last.unwrap();
    assert_eq!((ended.end, &*last.release), (LastEnd::Killed, "1.0.0"));
    let busiest = [InFlight::new(KnownMethod::Get, "/items/{id}", 2), InFlight::new(KnownMethod::Post, "/orders", 1)];
    assert_eq!((&last.in_flight[..], last.in_flight_elsewhere), (&busiest[..], 0));
    assert!(last.started < last.at);
}

#[test]
fn a_process_that_shut_its_monitor_down_ended_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    stop(shop(folder.path(), "1.0.0"));
    for release in ["1.0.0", LATER] {
        let ended = last_end(folder.path());
        assert_eq!((ended.end, &*ended.last.unwrap().release), (LastEnd::ByItself, release));
    }
}

#[test]
fn a_process_that_drops_its_monitor_and_goes_on_ended_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    drop(shop(folder.path(), "1.0.0"));
    until("it is recorded", || written(folder.path()).contains("\nlast\n"));
    assert_eq!(last_end(folder.path()).end, LastEnd::ByItself);
}

#[test]
fn an_end_by_the_main_thread_is_told_from_an_abort() {
    let folder = tempfile::tempdir().unwrap();
    let ends =
        ["shutdown", "drop", "return", "exit", "abort", "shutdown"].map(|end| printed_before(folder.path(), end));
    let by_itself = "the last process: ended_by_itself\n";
    let first = "the last process: not_recorded\n";
    assert_eq!(ends, [first, by_itself, by_itself, by_itself, by_itself, "the last process: killed\n"]);
}

#[test]
fn the_end_before_the_first_start_is_not_recorded() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(last_end(folder.path()), ProcessEnded::not_recorded());
}

#[test]
fn a_torn_heartbeat_is_not_recorded() {
    let folder = tempfile::tempdir().unwrap();
    stop(shop(folder.path(), "1.0.0"));
    let torn = written(folder.path()).replace("release 1", "release 2");
    fs::write(folder.path().join(NAME), torn).unwrap();
    assert_eq!(last_end(folder.path()), ProcessEnded::not_recorded());
}

#[test]
fn a_process_of_an_earlier_boot_ended_with_the_machine() {
    let folder = tempfile::tempdir().unwrap();
    let running = shop(folder.path(), "1.0.0");
    let other_boot = written(folder.path()).replace("boot ", "boot 0");
    stop(running);
    fs::write(folder.path().join(NAME), with_checksum(&other_boot)).unwrap();
    assert_eq!(last_end(folder.path()).end, LastEnd::MachineRestarted);
}

#[test]
fn of_two_processes_the_one_with_the_store_is_recorded_and_judged_by_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let old = shop(folder.path(), "1.0.0");
    let (new, memory) = watched_shop(folder.path(), "1.0.1");
    flush(&new);
    assert_eq!(ends(&memory.signals()), [], "it does not have the store");
    assert!(written(folder.path()).contains("\nrelease 1.0.0\n"));
    stop(old);
    until("the end is published", || !ends(&memory.signals()).is_empty());
    let ended = ends(&memory.signals()).remove(0);
    assert_eq!((ended.end, &*ended.last.unwrap().release), (LastEnd::ByItself, "1.0.0"));
    assert!(written(folder.path()).contains("\nrelease 1.0.1\n"));
    stop(new);
    assert_eq!(ends(&memory.signals()).len(), 1);
}

#[test]
fn a_disk_without_room_for_a_heartbeat_is_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    symlink("/dev/full", folder.path().join(NAME)).unwrap();
    let (shop, memory) = watched_shop(folder.path(), "1.0.0");
    // Published by the first round of the housekeeping thread, which then writes a heartbeat.
    until("the housekeeping thread has run", || !ends(&memory.signals()).is_empty());
    stop(shop.clone());
    let dropped = shop.dropped();
    let of_store: Vec<_> = dropped.iter().map(|dropped| (&*dropped.reporter, dropped.reason, dropped.count)).collect();
    assert_eq!(of_store, [("store", DropReason::NotPersisted, 1)]);
    assert!(!folder.path().join(NAME).exists());
}

/// The child process that the first test kills.
#[test]
fn a_shop_with_requests_until_it_is_killed() {
    let Some(folder) = childs_folder() else { return };
    let shop = shop(&folder, "1.0.0");
    let recorder = instrument::recorder(&shop).unwrap();
    for (method, route) in
        [(KnownMethod::Get, "/items/{id}"), (KnownMethod::Post, "/orders"), (KnownMethod::Get, "/items/{id}")]
    {
        recorder.start(recorder.series(method, route));
    }
    // Its standard input stays open until it is killed.
    let _ = stdin().read_line(&mut String::new());
}

/// Runs the example, which ends by `end`. Returns what it printed of the run before.
#[track_caller]
fn printed_before(folder: &Path, end: &str) -> String {
    let test = env::current_exe().expect("this is a program");
    let examples = test.parent().and_then(Path::parent).expect("it is in a folder of the profile").join("examples");
    let output = Command::new(examples.join("last_end")).arg(folder).arg(end).output().expect("it starts");
    String::from_utf8(output.stdout).expect("it prints text")
}

/// Starts a shop of the release [`LATER`] and shuts it down. Returns what it learned of the process before.
#[track_caller]
fn last_end(folder: &Path) -> ProcessEnded {
    let (shop, memory) = watched_shop(folder, LATER);
    // The process before may not have released the store yet.
    until("the end is published", || {
        flush(&shop);
        !ends(&memory.signals()).is_empty()
    });
    stop(shop);
    let mut ends = ends(&memory.signals());
    assert_eq!(ends.len(), 1, "{ends:?}");
    ends.remove(0)
}

fn ends(signals: &[Signal]) -> Vec<ProcessEnded> {
    let ended = |signal: &Signal| match signal {
        Signal::ProcessEnded(ended) => Some((**ended).clone()),
        _ => None,
    };
    signals.iter().filter_map(ended).collect()
}

/// Returns the content of the heartbeat's file; empty if there is none.
fn written(folder: &Path) -> String {
    fs::read_to_string(folder.join(NAME)).unwrap_or_default()
}

/// Returns a changed file with the checksum that belongs to it, and with its original length.
fn with_checksum(file: &str) -> String {
    let (_, content) = file.split_once('\n').expect("it has a header");
    let content = &content[..4096 - HEADER];
    let add = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    format!("monitor-heartbeat 1 {:016x}\n{content}", content.bytes().fold(0xcbf2_9ce4_8422_2325, add))
}

const LATER: &str = "2.0.0";
const NAME: &str = "monitor.heartbeat";
const HEADER: usize = 37;
