//! Tests of the outbox.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde_json::json;

use super::{queue::MAX_ENTRIES, *};
use crate::{
    alert::{Alert, Notification, Severity, Transition},
    engine::Overlap,
    pages::Reached,
};

const TRIGGERED: Transition = Transition::Triggered;
const RESOLVED: Transition = Transition::Resolved;
/// Seconds of an hour.
const HOUR: u64 = 60 * 60;

fn now(seconds: u64) -> Now {
    Now { steady: Duration::from_secs(seconds), wall: SystemTime::UNIX_EPOCH }
}

fn change(key: &str, transition: Transition, episode: u64) -> Change {
    let alert = Alert {
        key: key.to_owned(),
        rule: String::from("issue"),
        severity: Severity::Warning,
        title: format!("New issue: {key}"),
        facts: vec![],
        fingerprint: None,
        service: String::from("shop"),
        environment: String::from("production"),
        release: String::from("1.2"),
        at: SystemTime::UNIX_EPOCH,
    };
    Change { transition, episode, alert: Arc::new(alert) }
}

fn slack() -> [String; 1] {
    ["slack".to_owned()]
}

fn outbox_of<const N: usize>(channels: [&str; N]) -> Outbox {
    Outbox::new(channels.map(|name| (name.to_owned(), RateLimit::default())))
}

/// Returns the outbox of one channel, with these changes of the first episode of each alert.
fn outbox_with(changes: &[(&str, Transition)]) -> Outbox {
    let mut outbox = outbox_of(["slack"]);
    changes.iter().for_each(|(key, transition)| outbox.push(&change(key, *transition, 1), &slack(), now(0)));
    outbox
}

fn save(outbox: &mut Outbox) -> Vec<StoreWrite> {
    let mark = outbox.begin_save();
    let changes = outbox.take_changes();
    outbox.save_succeeded(mark);
    changes
}

/// Returns the notification that is sent at this time. Saves before, if that is asked for.
#[track_caller]
fn sent(outbox: &mut Outbox, second: u64) -> Notification {
    let mut next = outbox.next("slack", now(second));
    if let Next::Save = next {
        save(outbox);
        next = outbox.next("slack", now(second));
    }
    match next {
        Next::Send(notification) => notification,
        other => panic!("nothing is sent: {other:?}"),
    }
}

#[track_caller]
fn waits(outbox: &mut Outbox, second: u64) -> Duration {
    match outbox.next("slack", now(second)) {
        Next::Wait(time) => time,
        other => panic!("it does not wait: {other:?}"),
    }
}

fn finish(outbox: &mut Outbox, notification: &Notification, result: Result<(), DeliveryError>, second: u64) {
    outbox.finish("slack", &notification.id, &result, now(second));
}

/// Delivers the entry that is due at this time. Returns its alert key and transition.
#[track_caller]
fn delivered(outbox: &mut Outbox, second: u64) -> (String, Transition) {
    let notification = sent(outbox, second);
    finish(outbox, &notification, Ok(()), second);
    (notification.alert.key.clone(), notification.transition)
}

#[track_caller]
fn failed(outbox: &mut Outbox, error: DeliveryError, second: u64) -> String {
    let notification = sent(outbox, second);
    finish(outbox, &notification, Err(error), second);
    notification.alert.key.clone()
}

fn timeout() -> DeliveryError {
    DeliveryError::retryable("timed out")
}

/// Returns fired, delivered, waiting, and given up by reason.
#[track_caller]
fn counts(outbox: &Outbox) -> (u64, u64, u64, String) {
    let counts = &outbox.counts()[0];
    let given_up: u64 = counts.given_up.iter().map(|(_, count)| count).sum();
    assert_eq!(counts.fired, counts.delivered + counts.waiting + given_up, "{counts:?}");
    let reasons: Vec<_> = counts.given_up.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
    (counts.fired, counts.delivered, counts.waiting, reasons.join(", "))
}

/// Returns the values that the store holds after everything was saved.
fn stored(outbox: &mut Outbox) -> Vec<(String, Vec<u8>)> {
    let put = |change| match change {
        StoreWrite::Put { key, value } => Some((key, value)),
        StoreWrite::Remove { .. } => None,
    };
    outbox.everything().into_iter().filter_map(put).collect()
}

/// Merges the stored state of `before` into `outbox`. All of it must be readable.
#[track_caller]
fn merge(outbox: &mut Outbox, before: &mut Outbox, overlaps: &[Overlap]) {
    let mut values = stored(before);
    outbox.merge(&mut values, overlaps, &Reached::new(), now(0));
    assert_eq!(values, []);
}

/// Returns the overlap of an alert that was active with this episode in the stored state, and is with that one now.
fn overlap(stored_episode: Option<u64>, active: Option<u64>) -> [Overlap; 1] {
    let stored = stored_episode.map(|episode| change("a", TRIGGERED, episode));
    [Overlap { key: String::from("a"), stored, active }]
}

#[test]
fn an_entry_is_saved_before_its_first_attempt() {
    let mut outbox = outbox_with(&[("a", TRIGGERED)]);
    assert!(matches!(outbox.next("slack", now(0)), Next::Save));
    assert_eq!(save(&mut outbox).len(), 2, "the entry and the ledger");
    assert!(sent(&mut outbox, 0).is_saved);
    assert_eq!(outbox.counts()[0].unsaved, 0);
}

#[test]
fn an_entry_that_could_not_be_saved_is_sent_and_counted() {
    let mut outbox = outbox_with(&[("a", TRIGGERED)]);
    let mark = outbox.begin_save();
    outbox.save_failed(mark);
    assert!(!sent(&mut outbox, 0).is_saved);
    assert_eq!(outbox.counts()[0].unsaved, 1);
}

#[test]
fn a_save_does_not_cover_what_was_added_after_it_began() {
    let mut outbox = outbox_of(["slack"]);
    let mark = outbox.begin_save();
    outbox.push(&change("a", TRIGGERED, 1), &slack(), now(0));
    outbox.save_succeeded(mark);
    assert!(matches!(outbox.next("slack", now(0)), Next::Save));
    outbox.save_failed(mark);
    assert!(matches!(outbox.next("slack", now(0)), Next::Save));
}

#[test]
fn an_entry_is_retried_until_it_is_accepted_then_removed_from_the_store() {
    let mut outbox = outbox_with(&[("a", TRIGGERED)]);
    let first = sent(&mut outbox, 0);
    finish(&mut outbox, &first, Err(timeout()), 0);
    assert_eq!(counts(&outbox), (1, 0, 1, String::new()));
    assert!(waits(&mut outbox, 0) <= Duration::from_millis(1250));
    let second = sent(&mut outbox, 2);
    assert_eq!((&second.id, second.attempt), (&first.id, 2));
    save(&mut outbox);
    finish(&mut outbox, &second, Ok(()), 2);
    assert_eq!(counts(&outbox), (1, 1, 0, String::new()));
    assert_eq!(save(&mut outbox)[0], StoreWrite::Remove { key: format!("alert-entry-{}", first.id) });
    assert!(matches!(outbox.next("slack", now(9)), Next::Idle));
}

#[test]
fn a_channel_has_one_attempt_in_flight_and_only_that_can_end() {
    let mut outbox = outbox_with(&[("a", TRIGGERED), ("b", TRIGGERED)]);
    let first = sent(&mut outbox, 0);
    assert!(matches!(outbox.next("slack", now(0)), Next::Idle));
    outbox.finish("slack", "another", &Ok(()), now(0));
    assert!(matches!(outbox.next("slack", now(0)), Next::Idle));
    finish(&mut outbox, &first, Ok(()), 0);
    finish(&mut outbox, &first, Ok(()), 0);
    assert_eq!(counts(&outbox), (2, 1, 1, String::new()));
    assert_eq!(sent(&mut outbox, 0).alert.key, "b");
}

#[test]
fn the_end_of_an_alert_waits_for_its_beginning_and_other_alerts_do_not() {
    let mut outbox = outbox_with(&[("a", TRIGGERED), ("a", RESOLVED), ("b", TRIGGERED)]);
    assert_eq!(failed(&mut outbox, timeout(), 0), "a");
    assert_eq!(delivered(&mut outbox, 0), (String::from("b"), TRIGGERED));
    waits(&mut outbox, 0);
    assert_eq!(delivered(&mut outbox, 2), (String::from("a"), TRIGGERED));
    assert_eq!(delivered(&mut outbox, 2), (String::from("a"), RESOLVED));
}

#[test]
fn a_rejected_entry_is_given_up_and_what_waited_for_it_is_sent() {
    let mut outbox = outbox_with(&[("a", TRIGGERED), ("a", RESOLVED)]);
    failed(&mut outbox, DeliveryError::permanent("HTTP status 403"), 0);
    assert_eq!(counts(&outbox), (2, 0, 1, String::from("rejected 1")));
    assert_eq!(delivered(&mut outbox, 0), (String::from("a"), RESOLVED));
}

#[test]
fn retry_after_holds_the_whole_channel_for_an_hour_at_most() {
    let mut outbox = outbox_with(&[("a", TRIGGERED), ("b", TRIGGERED)]);
    let hold = |seconds| timeout().retry_after(Duration::from_secs(seconds));
    failed(&mut outbox, hold(120), 0);
    assert_eq!(waits(&mut outbox, 1), Duration::from_secs(119));
    failed(&mut outbox, hold(1_000_000), 120);
    assert_eq!(waits(&mut outbox, 120), Duration::from_secs(3600));
}

#[test]
fn a_channel_that_is_held_does_not_hold_another() {
    let mut outbox = outbox_of(["slack", "webhook"]);
    outbox.push(&change("a", TRIGGERED, 1), &["slack".to_owned(), "webhook".to_owned()], now(0));
    failed(&mut outbox, timeout().retry_after(Duration::from_secs(120)), 0);
    assert!(matches!(outbox.next("webhook", now(0)), Next::Send(_)));
}

#[test]
fn after_a_burst_entries_wait_for_the_rate_limit_and_none_is_dropped() {
    let mut outbox = outbox_of(["slack"]);
    (0..12).for_each(|key| outbox.push(&change(&key.to_string(), TRIGGERED, 1), &slack(), now(5)));
    (0..10).for_each(|_| drop(delivered(&mut outbox, 5)));
    assert_eq!(waits(&mut outbox, 5), Duration::from_secs(2));
    delivered(&mut outbox, 7);
    delivered(&mut outbox, 9);
    assert_eq!(counts(&outbox), (12, 12, 0, String::new()));
}

#[test]
fn the_time_waited_in_all_processes_expires_an_entry() {
    let mut before = outbox_with(&[("a", TRIGGERED)]);
    failed(&mut before, timeout(), 24 * HOUR - 10);
    let mut outbox = outbox_of(["slack"]);
    merge(&mut outbox, &mut before, &[]);
    assert!(matches!(outbox.next("slack", now(10)), Next::Send(_)));
    outbox.finish("slack", &Entry::id("slack", "a", 1, TRIGGERED), &Err(timeout()), now(10));
    waits(&mut outbox, 10);
    assert!(matches!(outbox.next("slack", now(11)), Next::Idle));
    assert_eq!(counts(&outbox), (1, 0, 0, String::from("expired 1")));
}

#[test]
fn two_processes_that_wait_at_the_same_time_wait_once() {
    let mut before = outbox_with(&[("a", TRIGGERED)]);
    failed(&mut before, timeout(), 20 * HOUR);
    let mut outbox = outbox_with(&[("a", TRIGGERED)]);
    outbox.merge(&mut stored(&mut before), &overlap(Some(1), Some(1)), &Reached::new(), now(20 * HOUR));
    assert_eq!(failed(&mut outbox, timeout(), 23 * HOUR), "a");
    assert!(matches!(outbox.next("slack", now(25 * HOUR)), Next::Idle));
    assert_eq!(counts(&outbox), (2, 0, 0, String::from("expired 1, superseded 1")));
}

#[test]
fn a_restart_attempts_again_at_once_and_counts_on() {
    let mut before = outbox_with(&[("a", TRIGGERED)]);
    for (attempt, second) in (1..=5).zip([0, 100, 200, 300, 400]) {
        let notification = sent(&mut before, second);
        assert_eq!(notification.attempt, attempt);
        finish(&mut before, &notification, Err(timeout()), second);
    }
    let mut outbox = outbox_of(["slack"]);
    merge(&mut outbox, &mut before, &[]);
    let notification = sent(&mut outbox, 0);
    assert_eq!((notification.attempt, notification.is_saved), (6, true));
}

#[test]
fn a_failed_attempt_is_saved() {
    let mut outbox = outbox_with(&[("a", TRIGGERED)]);
    failed(&mut outbox, timeout(), 7);
    let changes = outbox.take_changes();
    let [StoreWrite::Put { value, .. }, _ledger] = &changes[..] else { panic!("one entry: {changes:?}") };
    let entry: Value = serde_json::from_slice(value).expect("JSON");
    assert_eq!((&entry["attempts"], &entry["waited_ms"]), (&json!(1), &json!(7000)));
}

#[test]
fn entries_keep_their_order_over_a_restart() {
    let mut before = outbox_with(&[("z", TRIGGERED), ("b", TRIGGERED), ("y", TRIGGERED), ("c", TRIGGERED)]);
    let mut outbox = outbox_with(&[("a", TRIGGERED)]);
    merge(&mut outbox, &mut before, &[]);
    let keys: Vec<_> = (0..5).map(|_| delivered(&mut outbox, 0).0).collect();
    assert_eq!(keys, ["z", "b", "y", "c", "a"]);
}

#[test]
fn too_many_entries_give_up_the_oldest_that_is_not_in_flight() {
    let mut outbox = outbox_of(["slack"]);
    outbox.push(&change("first", TRIGGERED, 1), &slack(), now(0));
    let first = sent(&mut outbox, 0);
    (0..MAX_ENTRIES).for_each(|key| outbox.push(&change(&key.to_string(), TRIGGERED, 1), &slack(), now(0)));
    let max = MAX_ENTRIES as u64;
    assert_eq!(counts(&outbox), (max + 1, 0, max, String::from("outbox_full 1")));
    finish(&mut outbox, &first, Ok(()), 0);
    assert_eq!(delivered(&mut outbox, 0).0, "1", "the second oldest was given up");
}

#[test]
fn entries_of_a_notifier_that_is_gone_are_given_up_and_its_ledger_stays() {
    let mut before = outbox_with(&[("a", TRIGGERED), ("b", TRIGGERED)]);
    delivered(&mut before, 0);
    let mut outbox = outbox_of(["webhook"]);
    merge(&mut outbox, &mut before, &[]);
    assert!(outbox.take_changes().iter().any(|change| matches!(change, StoreWrite::Remove { .. })));
    let counts = outbox.counts().pop().expect("a closed channel");
    assert_eq!((counts.channel.as_str(), counts.fired, counts.delivered, counts.waiting), ("slack", 2, 1, 0));
    assert_eq!(counts.given_up, [(String::from("no_notifier"), 1)]);
    let mut again = outbox_of(["slack"]);
    merge(&mut again, &mut outbox, &[]);
    assert_eq!(self::counts(&again), (2, 1, 0, String::from("no_notifier 1")));
}

#[test]
fn an_entry_of_both_processes_is_sent_once_in_the_place_of_the_stored_one() {
    let mut before = outbox_with(&[("a", TRIGGERED), ("a", RESOLVED)]);
    let mut outbox = outbox_with(&[("a", TRIGGERED)]);
    merge(&mut outbox, &mut before, &overlap(None, None));
    assert_eq!(counts(&outbox), (3, 0, 2, String::from("superseded 1")));
    assert_eq!(delivered(&mut outbox, 0), (String::from("a"), TRIGGERED));
    assert_eq!(delivered(&mut outbox, 0), (String::from("a"), RESOLVED));
}

#[test]
fn an_entry_that_this_process_has_sent_is_not_sent_for_the_other() {
    let mut before = outbox_with(&[("a", TRIGGERED), ("b", TRIGGERED)]);
    let mut outbox = outbox_with(&[("a", TRIGGERED)]);
    delivered(&mut outbox, 0);
    save(&mut outbox);
    merge(&mut outbox, &mut before, &overlap(Some(1), Some(1)));
    assert_eq!(counts(&outbox), (3, 1, 1, String::from("superseded 1")));
    assert!(save(&mut outbox).iter().any(|change| matches!(change, StoreWrite::Remove { .. })), "it is stored still");
    assert_eq!(delivered(&mut outbox, 0).0, "b");
}

#[test]
fn an_entry_that_the_other_process_has_sent_is_not_sent_again() {
    let mut before = outbox_with(&[("a", TRIGGERED)]);
    delivered(&mut before, 0);
    let mut outbox = outbox_with(&[("a", TRIGGERED)]);
    merge(&mut outbox, &mut before, &overlap(Some(1), Some(1)));
    assert_eq!(counts(&outbox), (2, 1, 0, String::from("superseded 1")));
}

#[test]
fn an_alert_that_is_active_is_not_ended_by_an_entry_of_the_other_process() {
    let mut before = outbox_with(&[("a", TRIGGERED), ("a", RESOLVED)]);
    let mut outbox = outbox_with(&[("a", TRIGGERED)]);
    delivered(&mut outbox, 0);
    merge(&mut outbox, &mut before, &overlap(None, Some(1)));
    assert_eq!(counts(&outbox), (3, 1, 0, String::from("superseded 2")));
}

#[test]
fn the_beginning_of_an_active_alert_is_not_sent_after_its_end() {
    let mut before = outbox_with(&[("a", TRIGGERED), ("a", RESOLVED)]);
    delivered(&mut before, 0);
    let mut outbox = outbox_with(&[("a", TRIGGERED)]);
    merge(&mut outbox, &mut before, &overlap(None, Some(1)));
    assert_eq!(delivered(&mut outbox, 0), (String::from("a"), TRIGGERED));
    assert_eq!(counts(&outbox), (3, 2, 0, String::from("superseded 1")));
}

#[test]
fn an_alert_that_is_over_is_not_begun_by_an_entry_of_the_other_process() {
    let mut before = outbox_with(&[("a", TRIGGERED)]);
    let mut outbox = outbox_of(["slack"]);
    [TRIGGERED, RESOLVED].iter().for_each(|transition| outbox.push(&change("a", *transition, 2), &slack(), now(0)));
    (0..2).for_each(|_| drop(delivered(&mut outbox, 0)));
    merge(&mut outbox, &mut before, &overlap(Some(1), None));
    assert_eq!(counts(&outbox), (3, 2, 0, String::from("superseded 1")));
}

#[test]
fn an_attempt_goes_on_while_the_states_are_merged() {
    let mut before = outbox_with(&[("a", TRIGGERED)]);
    let mut outbox = outbox_with(&[("a", TRIGGERED)]);
    let notification = sent(&mut outbox, 0);
    merge(&mut outbox, &mut before, &overlap(Some(1), None));
    assert!(matches!(outbox.next("slack", now(0)), Next::Idle));
    finish(&mut outbox, &notification, Ok(()), 0);
    assert_eq!(counts(&outbox), (2, 1, 0, String::from("superseded 1")));
}

#[test]
fn an_attempt_in_flight_comes_before_the_entries_of_the_other_process() {
    let mut before = outbox_with(&[("a", TRIGGERED), ("a", RESOLVED)]);
    delivered(&mut before, 0);
    let mut outbox = outbox_with(&[("a", TRIGGERED)]);
    let notification = sent(&mut outbox, 0);
    merge(&mut outbox, &mut before, &overlap(None, None));
    finish(&mut outbox, &notification, Err(timeout()), 0);
    assert_eq!(delivered(&mut outbox, 2), (String::from("a"), TRIGGERED));
    assert_eq!(delivered(&mut outbox, 2), (String::from("a"), RESOLVED));
}

#[test]
fn an_entry_of_both_processes_counts_its_attempts_on() {
    let mut before = outbox_with(&[("a", TRIGGERED)]);
    failed(&mut before, timeout(), 0);
    failed(&mut before, timeout(), 9);
    let mut outbox = outbox_with(&[("a", TRIGGERED)]);
    merge(&mut outbox, &mut before, &overlap(Some(1), Some(1)));
    let notification = sent(&mut outbox, 0);
    assert_eq!((notification.attempt, notification.is_saved), (3, true));
}

#[test]
fn fields_of_a_newer_release_survive_a_rewrite() {
    survive(&mut outbox_of(["slack"]));
    survive(&mut outbox_with(&[("a", TRIGGERED)]));
}

/// Checks that fields of a newer release survive in `outbox`.
#[track_caller]
fn survive(outbox: &mut Outbox) {
    let add = |(key, value): (String, Vec<u8>)| {
        let mut value: Value = serde_json::from_slice(&value).expect("JSON");
        value["new"] = json!({"since": 2});
        (key, value.to_string().into_bytes())
    };
    let mut values: Vec<_> = stored(&mut outbox_with(&[("a", TRIGGERED)])).into_iter().map(add).collect();
    outbox.merge(&mut values, &[], &Reached::new(), now(0));
    let rewritten = stored(outbox);
    assert_eq!(rewritten.len(), 2);
    for (key, value) in rewritten {
        let value: Value = serde_json::from_slice(&value).expect("JSON");
        assert_eq!(value["new"], json!({"since": 2}), "{key}");
    }
}

#[test]
fn a_value_that_cannot_be_read_is_returned_and_its_entry_counted() {
    let mut values = stored(&mut outbox_with(&[("a", TRIGGERED), ("b", TRIGGERED)]));
    let newer = br#"{"form": "of a newer release"}"#;
    values[0].1 = newer.to_vec();
    let unread = vec![values[0].clone(), (String::from("alert-digest-1"), newer.to_vec())];
    values.push(unread[1].clone());
    let mut outbox = outbox_of(["slack"]);
    outbox.merge(&mut values, &[], &Reached::new(), now(0));
    assert_eq!(values, unread);
    assert_eq!(counts(&outbox), (2, 0, 1, String::from("unreadable 1")));
}

#[test]
fn texts_of_an_erased_user_are_masked_in_waiting_entries() {
    let mut outbox = outbox_with(&[("a", TRIGGERED)]);
    save(&mut outbox);
    outbox.erase(&mut |text| text.contains('a').then(|| String::from("*")));
    outbox.erase(&mut |_| None);
    assert_eq!(save(&mut outbox).len(), 2);
    assert_eq!(sent(&mut outbox, 0).alert.title, "*");
}

#[test]
fn notifications_that_are_neither_delivered_nor_saved_are_known() {
    let mut outbox = outbox_with(&[("a", TRIGGERED), ("b", TRIGGERED)]);
    assert_eq!(outbox.unsaved_waiting(), 0, "a save was not tried yet");
    let mark = outbox.begin_save();
    outbox.save_failed(mark);
    assert_eq!(outbox.unsaved_waiting(), 2);
    let first = sent(&mut outbox, 0);
    outbox.finish("slack", &first.id, &Ok(()), now(0));
    assert_eq!(outbox.unsaved_waiting(), 1);
    save(&mut outbox);
    assert_eq!(outbox.unsaved_waiting(), 0);
}
