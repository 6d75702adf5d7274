//! Files of older releases are read; files of newer releases are left alone.

use std::{collections::BTreeMap, fs, path::Path};

use monitor_core::{DisableRoute, EventKind, IssueStatus, KnownMethod, Level, Persist, StoreWrite, Triage};
use monitor_store::Store;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use crate::support::{Log, NAME, builder, count, fail, flush, folder_with, shop, stop, until};

/// Written by a release with format 1: an issue that occurred three times and was resolved, and a disabled route.
const FORMAT_1: &[u8] = include_bytes!("../data/format-1.redb");
/// Written by releases with format 2 and version 1 of the grouping rules. The older one used the word `inner_error` for
/// `service_error`. `golden` has version 2.
const FORMAT_2: [&[u8]; 2] =
    [include_bytes!("../data/format-2-inner-error.redb"), include_bytes!("../data/format-2.redb")];

#[test]
fn a_file_of_format_1_is_read_and_goes_on() {
    let folder = folder_with(FORMAT_1);
    for round in 0..2 {
        let shop = builder(folder.path(), "1.0.1").routes([("GET", "/error")]).build().unwrap();
        let all = shop.issues();
        let old = all.iter().find(|issue| issue.message == "out of stock").expect("it is there");
        assert_eq!((old.count, old.samples.len(), old.status.state), (3, 3, IssueStatus::Resolved));
        assert_eq!(shop.disabled_routes()[0].actor, "ada");
        assert_eq!(count(&shop), 3 + round);
        shop.capture_message("out of paper", Level::Error);
        stop(shop);
    }
}

#[test]
fn a_file_of_format_2_is_read_and_goes_on() {
    for golden in FORMAT_2 {
        let folder = folder_with(golden);
        for round in 0..2 {
            let shop = builder(folder.path(), "1.0.0").routes([("GET", "/error")]).build().unwrap();
            let all = shop.issues();
            let find = |kind, message: &str| {
                let found =
                    all.iter().find(|issue| issue.kind == kind && issue.message == message).expect("it is there");
                (found.count, found.samples.len(), found.status.state)
            };
            assert_eq!(find(EventKind::Error, "out of stock"), (3, 3, IssueStatus::Resolved));
            assert_eq!(find(EventKind::ServiceError, "out of stock"), (1, 1, IssueStatus::Unresolved));
            assert_eq!(find(EventKind::Panic, "no such product"), (1, 1, IssueStatus::Unresolved));
            assert_eq!(find(EventKind::Message, "out of paper").2, IssueStatus::Muted);
            assert_eq!(find(EventKind::Message, "out of ink").2, IssueStatus::Muted);
            assert_eq!(find(EventKind::Message, "out of mind").2, IssueStatus::Ignored);
            assert_eq!(shop.disabled_routes()[0].reason, "divides by zero");
            assert_eq!(count(&shop), 8 + round);
            shop.capture_message("out of coffee", Level::Error);
            stop(shop);
        }
    }
}

#[test]
fn a_store_of_a_newer_release_is_left_alone_and_the_process_runs_in_memory() {
    let folder = folder_with(FORMAT_2[1]);
    set_numbers(folder.path(), &[("format", 7)]);
    let before = values(folder.path());
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).init();
    let shop = shop(folder.path(), "1.0.0");
    fail(&shop, 3, "ada");
    assert!(shop.flush(std::time::Duration::from_secs(30)));
    assert_eq!(count(&shop), 3);
    until("it says so", || log.text().contains("is of a newer release and is left alone: its format is 7"));
    assert!(Store::open(folder.path()).unwrap().access().is_err(), "it is not locked");
    stop(shop);
    assert_eq!(values(folder.path()), before);
    let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(files.iter().all(|name| !name.to_string_lossy().contains("damaged")), "{files:?}");
}

#[test]
fn a_store_in_a_newer_format_of_redb_is_left_alone() {
    let mut newer = FORMAT_2[1].to_vec();
    (newer[64], newer[192]) = (4, 4);
    let folder = folder_with(&newer);
    let shop = shop(folder.path(), "1.0.0");
    fail(&shop, 3, "ada");
    assert!(shop.flush(std::time::Duration::from_secs(30)));
    assert_eq!(count(&shop), 3);
    stop(shop);
    assert_eq!(fs::read(folder.path().join(NAME)).unwrap(), newer);
}

/// An older release reads a store of a newer one. The roles are shifted by one release, because a test cannot build the
/// older one: this release is the older, and the golden file gets what a newer one adds: a higher format that names
/// this release's as its oldest reader, unknown keys, and unknown fields in every kind of value.
#[test]
fn a_newer_format_that_this_release_may_use_is_used_and_what_it_does_not_know_survives() {
    let folder = folder_with(FORMAT_2[1]);
    // Opened once, so that its issues are regrouped first, which stores them under other keys.
    stop(shop(folder.path(), "1.0.0"));
    set_numbers(folder.path(), &[("format", 3), ("oldest-reader", 2)]);
    let store = Store::open(folder.path()).unwrap();
    store.access().unwrap();
    store.save(&[put("spool/1", b"unknown"), put("settings", b"{}")]).unwrap();
    // With fields unknown to this release in a record, in its status, in an event and in a disabled route.
    for prefix in ["issue/", "event/", "disabled-routes"] {
        let more: Vec<_> = store.load(prefix).unwrap().iter().map(|(key, value)| put(key, &with_more(value))).collect();
        store.save(&more).unwrap();
    }
    drop(store);
    let before = unknown_fields(folder.path());
    assert!(before.len() > 15, "{before:?}");

    // Built while another handle holds the store, so that the monitor rewrites everything later.
    let other = Store::open(folder.path()).unwrap();
    other.access().unwrap();
    let rewriting = builder(folder.path(), "1.0.0").routes([("GET", "/error")]).build().unwrap();
    drop(other);
    until("it has the store", || rewriting.issues().len() == 6);
    for issue in rewriting.issues() {
        rewriting.triage(issue.fingerprint, Triage::Resolve, "bob").unwrap();
    }
    rewriting.disable_route(DisableRoute::new("/error", "ada").method(KnownMethod::Get)).unwrap();
    stop(rewriting);
    assert_eq!(unknown_fields(folder.path()), before);
}

#[test]
fn a_value_that_this_release_cannot_read_and_a_newer_one_may_is_left_alone() {
    let folder = folder_with(FORMAT_2[1]);
    let store = Store::open(folder.path()).unwrap();
    store.access().unwrap();
    let (key, value) = store.load("issue/").unwrap().remove(0);
    let text = String::from_utf8(value).unwrap().replace("\"state\":\"", "\"state\":\"new-");
    store.save(&[put(&key, text.as_bytes())]).unwrap();
    let events = format!("event/{}/", key.strip_prefix("issue/").unwrap());
    let of_it = |store: &Store| (store.load(&key).unwrap(), store.load(&events).unwrap());
    let before = of_it(&store);
    drop(store);
    let shop = shop(folder.path(), "1.0.0");
    assert_eq!(shop.issues().len(), 5);
    fail(&shop, 1, "ada");
    stop(shop);
    let store = Store::open(folder.path()).unwrap();
    store.access().unwrap();
    assert_eq!(of_it(&store), before);
}

#[test]
fn events_past_the_limit_are_counted_and_the_others_remain() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::builder(folder.path()).size_limit(20_000).open().unwrap();
    let shop = monitor_core::Monitor::builder("shop").log(None).persist(store).build().unwrap();
    for number in 0..30_u8 {
        let word = char::from(b'a' + number % 26).to_string().repeat(1 + usize::from(number / 26));
        shop.capture_message(format!("out of {word}"), Level::Error);
        flush(&shop);
    }
    assert_eq!(shop.issues().len(), 30, "in memory there is room");
    let dropped = shop.dropped();
    let evicted =
        dropped.iter().find(|dropped| dropped.reason == monitor_core::DropReason::StoreLimit).expect("it is counted");
    assert!(evicted.count > 5, "{evicted:?}");
    stop(shop);
    let after = self::shop(folder.path(), "1.0.0");
    let left = after.issues();
    assert!((2..25).contains(&left.len()) && left[0].message == "out of dd", "{} {:?}", left.len(), left[0].message);
    fail(&after, 1, "ada");
    flush(&after);
    assert_eq!(after.issues().iter().filter(|issue| issue.message == "out of stock").count(), 1);
}

fn put(key: &str, value: &[u8]) -> StoreWrite {
    StoreWrite::Put { key: key.to_owned(), value: value.to_vec() }
}

/// Adds an unknown field to the value itself and to every object in it that has one of these names.
fn with_more(value: &[u8]) -> Vec<u8> {
    let mut value: serde_json::Value = serde_json::from_slice(value).expect("it is JSON");
    value["newer"] = serde_json::json!({ "than": 2 });
    for name in ["status", "grouping", "scope"] {
        if value[name].is_object() {
            value[name]["newer"] = serde_json::json!([1]);
        }
    }
    for entry in value["disabled"].as_array_mut().into_iter().flatten() {
        entry["newer"] = serde_json::json!(true);
    }
    value.to_string().into_bytes()
}

/// Returns the number of unknown fields in each value, and the values with unknown keys.
fn unknown_fields(folder: &Path) -> BTreeMap<String, usize> {
    let count = |(key, value): (String, Vec<u8>)| {
        let found = String::from_utf8_lossy(&value).matches("newer").count();
        (found > 0 || key == "spool/1" || key == "settings").then_some((key, found))
    };
    values(folder).into_iter().filter_map(count).collect()
}

fn set_numbers(folder: &Path, numbers: &[(&str, u64)]) {
    let database = Database::open(folder.join(NAME)).expect("it is a database");
    let write = database.begin_write().expect("it is open");
    for (name, number) in numbers {
        write.open_table(NUMBERS).expect("it is there").insert(*name, *number).expect("there is room");
    }
    write.commit().expect("there is room");
}

pub(crate) fn values(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let database = Database::open(folder.join(NAME)).expect("it is a database");
    let table = database.begin_read().expect("it is open").open_table(VALUES).expect("it is there");
    let entries = table.iter().expect("it can be read").map(|entry| entry.expect("it can be read"));
    entries.map(|(key, value)| (key.value().to_owned(), value.value().to_vec())).collect()
}

const VALUES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("values");
const NUMBERS: TableDefinition<'_, &str, u64> = TableDefinition::new("numbers");
