//! Tests of the engine.

use std::time::{Duration, SystemTime};

use super::{records::MAX_RECORDS, *};
use crate::{
    alert::Severity,
    fact::{FailureKind, IssueFact},
    rule::{
        error_ratio::ErrorRatioRule, issue::IssueRule, issue_events::IssueEventsRule, milestone::MilestoneRule,
        readings::FixedReadings,
    },
};

fn now(seconds: u64) -> Now {
    Now { steady: Duration::from_secs(seconds), wall: SystemTime::UNIX_EPOCH + Duration::from_secs(seconds) }
}

fn source() -> Source {
    let [service, environment, release] = ["shop", "production", "1.2"].map(String::from);
    Source { service, environment, release, switch_command: None }
}

fn engine() -> Engine {
    Engine::new(source(), Rule::defaults(), None)
}

impl Engine {
    /// Applies the rules to a fact that changes one alert at most.
    fn observe_one(&mut self, fact: &Fact, now: Now) -> Option<Change> {
        let mut changes = self.observe(fact, now);
        assert!(changes.len() <= 1, "{changes:?}");
        changes.pop()
    }
}

fn fingerprint(number: u64) -> Fingerprint {
    Fingerprint::parse(&format!("v1-{number:032x}")).expect("a fingerprint")
}

fn issue(number: u64) -> IssueFact {
    IssueFact {
        fingerprint: fingerprint(number),
        kind: FailureKind::Error,
        type_name: String::from("ParseError"),
        message: String::from("no digit"),
        location: Some(String::from("src/price.rs:7")),
        routes: vec![String::from("GET /price")],
        release: String::from("1.1"),
        ..IssueFact::default()
    }
}

fn opened(number: u64) -> Fact {
    Fact::Opened(issue(number))
}

fn resolved(number: u64) -> Fact {
    Fact::Resolved(fingerprint(number), None)
}

/// Returns the engine of the next process.
fn restarted(engine: &mut Engine) -> Engine {
    let mut next = self::engine();
    let mut stored: Vec<_> = engine.everything().into_iter().filter_map(stored_value).collect();
    next.merge(&mut stored);
    assert_eq!(stored, [], "all is read");
    next
}

fn stored_value(change: StoreWrite) -> Option<(String, Vec<u8>)> {
    match change {
        StoreWrite::Put { key, value } => Some((key, value)),
        StoreWrite::Remove { .. } => None,
    }
}

fn ratio(failed: u64) -> FixedReadings {
    FixedReadings::total(100, failed)
}

#[test]
fn a_new_issue_fires_an_alert_that_shows_it() {
    let change = engine().observe_one(&opened(7), now(9)).expect("it fires");
    assert_eq!((change.transition, change.episode), (Transition::Triggered, 1));
    let alert = &change.alert;
    assert_eq!(alert.key, format!("shop/production/issue/{}", fingerprint(7)));
    assert_eq!((alert.title.as_str(), alert.severity), ("New issue: ParseError in GET /price", Severity::Warning));
    let facts = [("message", "no digit"), ("location", "src/price.rs:7"), ("route", "GET /price")];
    assert_eq!(alert.facts, facts.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!((alert.release.as_str(), alert.at), ("1.1", now(9).wall));
}

#[test]
fn a_panic_is_critical() {
    let panic = Fact::Regressed(IssueFact { kind: FailureKind::Panic, ..issue(7) });
    let alert = engine().observe_one(&panic, now(0)).expect("it fires").alert;
    assert_eq!(
        (alert.title.as_str(), alert.severity),
        ("Regressed issue: ParseError in GET /price", Severity::Critical)
    );
}

#[test]
fn an_active_alert_fires_again_only_after_it_was_resolved() {
    let mut engine = engine();
    let facts = [opened(7), Fact::Regressed(issue(7)), resolved(7), resolved(7), Fact::Regressed(issue(7))];
    let changes = facts.map(|fact| engine.observe_one(&fact, now(0)).map(|change| (change.transition, change.episode)));
    let (triggered, resolved) = (Transition::Triggered, Transition::Resolved);
    assert_eq!(changes, [Some((triggered, 1)), None, Some((resolved, 1)), None, Some((triggered, 2))]);
}

#[test]
fn an_issue_of_which_no_alert_was_fired_is_not_resolved() {
    assert!(engine().observe_one(&resolved(7), now(0)).is_none());
}

#[test]
fn episodes_go_on_after_a_restart() {
    let mut first = engine();
    first.observe_one(&opened(7), now(0)).expect("it fires");
    let mut second = restarted(&mut first);
    assert!(second.observe_one(&opened(7), now(0)).is_none(), "it is active still");
    let change = second.observe_one(&resolved(7), now(0)).expect("it is resolved");
    assert_eq!((change.episode, change.alert.title.as_str()), (1, "New issue: ParseError in GET /price"));
    let mut third = restarted(&mut second);
    assert_eq!(third.observe_one(&opened(7), now(0)).map(|change| change.episode), Some(2));
}

#[test]
fn an_error_ratio_fires_and_is_resolved_with_the_counts_of_its_end() {
    let mut engine = engine();
    let [triggered] = &engine.evaluate(&ratio(6), now(0))[..] else { panic!("it fires") };
    assert_eq!(triggered.alert.key, "shop/production/error-ratio");
    assert_eq!(triggered.alert.title, "Error ratio above 5 %");
    assert_eq!(triggered.alert.facts[0].1, "6 of 100 requests");
    assert_eq!(triggered.alert.facts[1].1, "60 seconds");
    assert!(engine.evaluate(&ratio(1), now(1)).is_empty());
    let [resolved] = &engine.evaluate(&ratio(1), now(61))[..] else { panic!("it is resolved") };
    assert_eq!((resolved.transition, resolved.episode), (Transition::Resolved, 1));
    assert_eq!(resolved.alert.facts[0].1, "1 of 100 requests");
}

#[test]
fn an_alert_of_the_process_before_ends_after_a_whole_delay() {
    let mut first = engine();
    assert_eq!(first.evaluate(&ratio(6), now(0)).len(), 1);
    let mut second = engine();
    assert!(second.evaluate(&ratio(0), now(0)).is_empty());
    second.merge(&mut first.everything().into_iter().filter_map(stored_value).collect());
    assert!(second.evaluate(&ratio(0), now(1)).is_empty());
    assert!(second.evaluate(&ratio(0), now(60)).is_empty());
    assert_eq!(second.evaluate(&ratio(0), now(61)).len(), 1);
}

#[test]
fn an_alert_that_becomes_active_by_a_merge_starts_its_delay_anew() {
    let rule = || ErrorRatioRule::above(0.05).lasting(Duration::from_secs(100));
    let mut first = Engine::new(source(), vec![rule().into()], None);
    assert_eq!([0, 100].map(|second| first.evaluate(&ratio(6), now(second)).len()), [0, 1]);
    let mut second = Engine::new(source(), vec![rule().into()], None);
    assert!(second.evaluate(&ratio(6), now(0)).is_empty());
    second.merge(&mut first.everything().into_iter().filter_map(stored_value).collect());
    assert!(second.evaluate(&ratio(0), now(99)).is_empty(), "the ratio was above until now");
    assert_eq!(second.evaluate(&ratio(0), now(159)).len(), 1);
}

#[test]
fn alerts_of_a_rule_that_is_gone_are_resolved() {
    let mut first = engine();
    first.observe_one(&opened(7), now(0)).expect("it fires");
    assert_eq!(first.evaluate(&ratio(6), now(0)).len(), 1);
    let mut second = Engine::new(source(), vec![IssueRule::new().into()], None);
    second.merge(&mut first.everything().into_iter().filter_map(stored_value).collect());
    let [resolved] = &second.resolve_orphans(now(0))[..] else { panic!("one is resolved") };
    assert_eq!(resolved.alert.rule, "error-ratio");
    assert!(second.resolve_orphans(now(0)).is_empty());
}

#[test]
fn beyond_the_limit_resolved_alerts_are_forgotten_first_and_no_episode_is_used_twice() {
    let mut engine = engine();
    for fact in [opened(0), opened(1), resolved(1), opened(1), resolved(1)] {
        engine.observe_one(&fact, now(0)).expect("a change");
    }
    (2..MAX_RECORDS as u64 + 1).for_each(|number| drop(engine.observe_one(&opened(number), now(0))));
    assert_eq!((engine.active().count(), engine.forgotten()), (MAX_RECORDS, 0));
    let change = engine.observe_one(&opened(1), now(0)).expect("it fires");
    assert_eq!((engine.active().count(), engine.forgotten()), (MAX_RECORDS, 1));
    assert_eq!(change.episode, 3);
    assert!(engine.observe_one(&resolved(0), now(0)).is_none(), "the oldest is forgotten");
}

#[test]
fn texts_of_an_erased_user_are_masked_in_active_alerts() {
    let mut engine = engine();
    engine.observe_one(&opened(7), now(0)).expect("it fires");
    engine.take_changes();
    engine.erase(&mut |text| (text == "no digit").then(|| String::from("*")));
    assert_eq!(engine.active().next().map(|change| change.alert.facts[0].1.clone()), Some("*".to_owned()));
    assert!(!engine.take_changes().is_empty(), "the store must not keep them");
}

#[test]
fn each_route_has_an_alert_of_its_own_that_ends_when_the_route_has_no_requests() {
    let rule = ErrorRatioRule::above(0.5).per_route().resolve_after(Duration::ZERO);
    let mut engine = Engine::new(source(), vec![rule.into()], None);
    let both = FixedReadings::total(200, 160).route("GET /a", 100, 80).route("GET /b", 100, 80);
    let keys = |changes: Vec<Change>| {
        let line = |change: Change| format!("{} {}", change.transition.as_str(), change.alert.key);
        changes.into_iter().map(line).collect::<Vec<_>>()
    };
    let begun = keys(engine.evaluate(&both, now(0)));
    assert_eq!(begun, ["triggered shop/production/error-ratio/GET /a", "triggered shop/production/error-ratio/GET /b"]);
    let one = FixedReadings::total(100, 80).route("GET /b", 100, 80);
    assert_eq!(keys(engine.evaluate(&one, now(1))), ["resolved shop/production/error-ratio/GET /a"]);
    let mut next = Engine::new(source(), vec![ErrorRatioRule::above(0.5).per_route().into()], None);
    next.merge(&mut engine.everything().into_iter().filter_map(stored_value).collect());
    assert!(next.evaluate(&one, now(1)).is_empty(), "an alert of the process before goes on");
}

#[test]
fn an_issue_with_many_events_has_an_alert_that_names_it() {
    let rule = IssueEventsRule::more_than(5).resolve_after(Duration::ZERO);
    let mut engine = Engine::new(source(), vec![rule.into()], None);
    let readings = |events| FixedReadings { events: vec![(fingerprint(7), events)], ..FixedReadings::default() };
    assert!(engine.evaluate(&readings(5), now(0)).is_empty());
    let [begun] = &engine.evaluate(&readings(6), now(1))[..] else { panic!("it fires") };
    assert_eq!(begun.alert.fingerprint, Some(fingerprint(7)));
    assert_eq!(begun.alert.severity, Severity::Warning);
    assert!(engine.evaluate(&readings(3), now(2)).is_empty(), "it is above the half");
    let [ended] = &engine.evaluate(&readings(2), now(3))[..] else { panic!("it is over") };
    assert_eq!((ended.transition, ended.alert.facts[0].1.as_str()), (Transition::Resolved, "2 in 1 hour"));
}

#[test]
fn a_muted_rule_begins_no_alert_and_ends_those_that_are_active() {
    // The clock of these tests begins at midnight: the rule is muted from 00:01 to 00:02.
    let rule = ErrorRatioRule::above(0.1).resolve_after(Duration::ZERO).mute("00:01-00:02");
    let mut engine = Engine::new(source(), vec![rule.into()], None);
    let mut at = |second, failed| {
        let changes = engine.evaluate(&ratio(failed), now(second));
        changes.iter().map(|change| change.transition).collect::<Vec<_>>()
    };
    assert_eq!(at(59, 50), [Transition::Triggered]);
    assert_eq!(at(60, 50), [], "it goes on");
    assert_eq!(at(61, 0), [Transition::Resolved]);
    assert_eq!(at(62, 50), [], "it is muted");
    assert_eq!(at(120, 50), [Transition::Triggered], "the condition is still met");
}

#[test]
fn each_milestone_alerts_once_until_the_issue_is_resolved() {
    let rules = vec![IssueRule::new().into(), MilestoneRule::new().at_least(100).into()];
    let mut engine = Engine::new(source(), rules, None);
    let reached = |events| Fact::Reached(issue(7), events);
    engine.observe_one(&opened(7), now(0));
    assert!(engine.observe_one(&reached(10), now(1)).is_none(), "it is below the lowest one");
    let alert = engine.observe_one(&reached(100), now(2)).expect("it fires").alert;
    assert_eq!((alert.severity, alert.title.as_str()), (Severity::Warning, "100 events: ParseError in GET /price"));
    assert_eq!(alert.key, format!("shop/production/milestone/{}/100", fingerprint(7)));
    assert!(engine.observe_one(&reached(100), now(3)).is_none(), "the process before has fired it");
    engine.observe_one(&reached(1000), now(4)).expect("it fires");
    let ended = engine.observe(&resolved(7), now(5));
    let keys: Vec<_> = ended.iter().map(|change| change.alert.rule.as_str()).collect();
    assert_eq!(keys, ["issue", "milestone", "milestone"]);
    assert_eq!(engine.active().count(), 0);
}
