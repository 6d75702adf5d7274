//! Tests of the pages.

use std::time::SystemTime;

use super::*;
use crate::{
    alert::{Alert, example},
    routes::Route,
};

fn now(seconds: u64) -> Now {
    Now { steady: Duration::from_secs(seconds), wall: SystemTime::UNIX_EPOCH + Duration::from_secs(seconds) }
}

fn change(transition: Transition, severity: Severity) -> Change {
    let alert = Alert { severity, key: String::from("key"), ..example::alert() };
    Change { transition, episode: 1, alert: Arc::new(alert) }
}

fn critical() -> Change {
    change(Transition::Triggered, Severity::Critical)
}

/// Returns pages whose critical alerts go to `pager` first.
fn pages() -> Pages {
    let notifiers = ["slack", "pager", "email"].map(String::from).into();
    let routes = Routes::new(notifiers, vec![Route::severity(Severity::Critical).to("pager")]);
    Pages::new(routes, Some(Duration::from_secs(300)))
}

/// Returns the notifiers that are next at this time.
fn escalated(pages: &mut Pages, active: &Change, seconds: u64) -> Vec<String> {
    let steps = pages.escalate(|_| Some(active.clone()), now(seconds));
    steps.into_iter().map(|step| step.notifier).collect()
}

fn restarted(pages: &mut Pages, seconds: u64) -> Pages {
    let mut stored: Vec<_> = pages.everything().into_iter().filter_map(stored_value).collect();
    let mut next = self::pages();
    next.merge(&mut stored, now(seconds));
    assert_eq!(stored, [], "all is read");
    next
}

fn stored_value(change: StoreWrite) -> Option<(String, Vec<u8>)> {
    match change {
        StoreWrite::Put { key, value } => Some((key, value)),
        _ => None,
    }
}

#[test]
fn an_alert_that_nobody_acknowledges_goes_to_one_notifier_after_another() {
    let (mut pages, alert) = (pages(), critical());
    assert_eq!(pages.notifiers_of(&alert, now(100)), ["pager"]);
    assert!(escalated(&mut pages, &alert, 399).is_empty());
    assert_eq!(escalated(&mut pages, &alert, 400), ["slack"]);
    assert!(escalated(&mut pages, &alert, 699).is_empty());
    assert_eq!(escalated(&mut pages, &alert, 700), ["email"]);
    assert!(escalated(&mut pages, &alert, 9999).is_empty(), "all have it");
    let end = change(Transition::Resolved, Severity::Critical);
    assert_eq!(pages.notifiers_of(&end, now(9999)), ["slack", "pager", "email"]);
}

#[test]
fn an_escalated_alert_says_why_it_comes() {
    let (mut pages, alert) = (pages(), critical());
    pages.notifiers_of(&alert, now(0));
    let steps = pages.escalate(|_| Some(alert.clone()), now(300));
    let reason = ("escalated".to_owned(), "not acknowledged within 5 minutes".to_owned());
    assert_eq!(steps[0].change.alert.facts.last(), Some(&reason));
}

#[test]
fn an_acknowledged_alert_goes_no_further_and_keeps_its_first_acknowledgement() {
    let (mut pages, alert) = (pages(), critical());
    pages.notifiers_of(&alert, now(0));
    pages.acknowledge("key", "ada".to_owned(), now(10));
    pages.acknowledge("key", "bob".to_owned(), now(11));
    assert!(escalated(&mut pages, &alert, 9999).is_empty());
    let expected = Acknowledgement { by: "ada".to_owned(), at: now(10).wall };
    assert_eq!(pages.acknowledgement("key"), Some(&expected));
    assert_eq!(restarted(&mut pages, 0).acknowledgement("key"), Some(&expected), "also after a restart");
    assert_eq!(pages.notifiers_of(&change(Transition::Resolved, Severity::Critical), now(12)), ["pager"]);
    pages.notifiers_of(&alert, now(20));
    assert_eq!(pages.acknowledgement("key"), None, "it fires anew");
}

#[test]
fn warnings_are_not_escalated_and_nothing_is_without_escalation() {
    let (mut pages, warning) = (pages(), change(Transition::Triggered, Severity::Warning));
    assert_eq!(pages.notifiers_of(&warning, now(0)), ["slack", "pager", "email"]);
    let mut quiet = Pages::new(pages.routes.clone(), None);
    quiet.notifiers_of(&critical(), now(0));
    assert!(escalated(&mut pages, &warning, 9999).is_empty());
    assert!(escalated(&mut quiet, &critical(), 9999).is_empty());
}

#[test]
fn after_a_restart_an_escalation_goes_on_with_the_next_notifier() {
    let (mut pages, alert) = (pages(), critical());
    pages.notifiers_of(&alert, now(0));
    assert_eq!(escalated(&mut pages, &alert, 300), ["slack"]);
    let mut next = restarted(&mut pages, 50);
    assert!(escalated(&mut next, &alert, 349).is_empty(), "the step begins anew");
    assert_eq!(escalated(&mut next, &alert, 350), ["email"]);
}

#[test]
fn pages_of_two_processes_are_merged_by_alert() {
    let (mut stored, mut own, alert) = (pages(), pages(), critical());
    for pages in [&mut stored, &mut own] {
        pages.notifiers_of(&alert, now(0));
    }
    escalated(&mut stored, &alert, 300);
    own.acknowledge("key", "ada".to_owned(), now(10));
    let mut values: Vec<_> = stored.everything().into_iter().filter_map(stored_value).collect();
    own.merge(&mut values, now(20));
    assert_eq!(own.acknowledgement("key").map(|ack| ack.by.as_str()), Some("ada"));
    assert_eq!(own.notifiers_of(&change(Transition::Resolved, Severity::Critical), now(30)), ["slack", "pager"]);
}

#[test]
fn alerts_of_an_earlier_release_have_reached_every_notifier() {
    let (mut pages, alert) = (pages(), critical());
    pages.align(std::slice::from_ref(&alert), now(0));
    assert!(escalated(&mut pages, &alert, 9999).is_empty());
    pages.acknowledge("key", "ada".to_owned(), now(0));
    assert!(pages.acknowledgement("key").is_some());
    pages.align(&[], now(0));
    assert!(matches!(&pages.take_changes()[..], [StoreWrite::Remove { .. }]), "its page goes with it");
}

#[test]
fn an_erased_person_is_masked_in_acknowledgements() {
    let mut pages = pages();
    pages.notifiers_of(&critical(), now(0));
    pages.acknowledge("key", "ada".to_owned(), now(0));
    pages.take_changes();
    pages.erase(&mut |text| (text == "ada").then(|| String::from("[erased]")));
    assert_eq!(pages.acknowledgement("key").map(|ack| ack.by.as_str()), Some("[erased]"));
    assert_eq!(pages.take_changes().len(), 1);
}

#[test]
fn fields_of_a_newer_release_survive_a_rewrite() {
    let mut pages = pages();
    pages.notifiers_of(&critical(), now(0));
    let (key, value) = pages.everything().into_iter().find_map(stored_value).expect("a page");
    let mut stored: serde_json::Value = serde_json::from_slice(&value).expect("JSON");
    stored["new"] = "value".into();
    pages.merge(&mut vec![(key, stored.to_string().into_bytes())], now(0));
    let rewritten = pages.everything().into_iter().find_map(stored_value).expect("a page").1;
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&rewritten).expect("JSON")["new"], "value");
}

#[test]
fn a_notifier_that_has_an_alert_from_another_process_is_on_its_page() {
    let (mut pages, alert) = (pages(), critical());
    pages.notifiers_of(&alert, now(100));
    pages.take_changes();
    pages.add(Reached::from([("key".to_owned(), ["email".to_owned()].into()), ("other".to_owned(), BTreeSet::new())]));
    assert!(pages.has_reached("key", "email") && !pages.has_reached("key", "slack"));
    assert_eq!(pages.take_changes().len(), 1);
    let ended = pages.notifiers_of(&change(Transition::Resolved, Severity::Critical), now(101));
    assert_eq!(ended, ["pager", "email"]);
}

#[test]
fn after_a_merge_the_pages_are_those_of_the_active_alerts_and_their_episodes() {
    let (mut pages, alert) = (pages(), critical());
    pages.notifiers_of(&alert, now(100));
    pages.take_changes();
    pages.align(std::slice::from_ref(&alert), now(101));
    assert_eq!(pages.take_changes().len(), 0, "it is the same episode");
    pages.align(&[Change { episode: 3, ..alert }], now(102));
    let stored = pages.take_changes().into_iter().find_map(stored_value).expect("the page has changed").1;
    assert!(String::from_utf8_lossy(&stored).contains("\"episode\":3"));
    pages.align(&[], now(103));
    assert!(matches!(pages.take_changes()[..], [StoreWrite::Remove { .. }]));
}
