//! What an older release wrote is read; what a newer one wrote is set aside.

use std::fs;

use monitor_core::IssueState;

use crate::support::{builder, count, fail, flush, shop, stop};

/// Written by a release that knew format 1: an issue that happened three times and was resolved, and a disabled route.
const FORMAT_1: &[u8] = include_bytes!("../data/format-1.redb");

#[test]
fn a_file_of_format_1_is_read_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("monitor.redb"), FORMAT_1).unwrap();
    for round in 0..2 {
        let shop = builder(folder.path(), "1.0.1").routes([("GET", "/error")]).build().unwrap();
        let all = shop.issues();
        let old = all.iter().find(|issue| issue.message == "out of stock").expect("it is there");
        assert_eq!((old.count, old.samples.len(), old.status.state), (3, 3, IssueState::Resolved));
        assert_eq!(shop.disabled_routes()[0].actor, "ada");
        assert_eq!(count(&shop), 3 + round);
        shop.capture_message(monitor_core::Level::Error, "out of paper");
        stop(shop);
    }
}

#[test]
fn what_no_longer_fits_is_counted_and_the_rest_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let store = monitor_store::Store::builder(folder.path()).size_limit(20_000).open().unwrap();
    let shop = monitor_core::Monitor::builder("shop").log(None).persist(store).build().unwrap();
    for number in 0..30_u8 {
        let word = char::from(b'a' + number % 26).to_string().repeat(1 + usize::from(number / 26));
        shop.capture_message(monitor_core::Level::Error, format!("out of {word}"));
        flush(&shop);
    }
    assert_eq!(shop.issues().len(), 30, "in memory there is room");
    let dropped = shop.dropped();
    let evicted =
        dropped.iter().find(|dropped| dropped.reason == monitor_core::Reason::StoreLimit).expect("it is told");
    assert!(evicted.count > 5, "{evicted:?}");
    stop(shop);
    let after = self::shop(folder.path(), "1.0.0");
    let left = after.issues();
    assert!((2..25).contains(&left.len()) && left[0].message == "out of dd", "{} {:?}", left.len(), left[0].message);
    fail(&after, 1, "ada");
    flush(&after);
    assert_eq!(after.issues().iter().filter(|issue| issue.message == "out of stock").count(), 1);
}
