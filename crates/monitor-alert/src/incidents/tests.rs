//! Tests of incidents.

use std::{sync::Arc, time::SystemTime};

use monitor_core::Fingerprint;

use super::*;
use crate::{
    fact::IssueFact,
    incident::{IncidentStatus, Pin},
    rule::readings::{FixedReadings, Totals},
};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Returns a time. The wall clock is at 1,700,000,000 when the monotonic one is at 0.
fn now(second: u64) -> Now {
    Now { steady: seconds(second), wall: SystemTime::UNIX_EPOCH + seconds(1_700_000_000 + second) }
}

fn incidents() -> Incidents {
    Incidents::new(IncidentSettings { quiet: seconds(900), ratio: ErrorRatioRule::above(0.05) })
}

fn alert(key: &str, severity: Severity) -> Arc<Alert> {
    let [service, environment, rule, title] =
        ["shop", "production", "issue", "New issue: ParseError"].map(String::from);
    let fingerprint = Fingerprint::parse(&format!("v1-{:032x}", 7));
    let (at, release) = (SystemTime::UNIX_EPOCH, String::from("1.0"));
    let facts = Vec::new();
    Arc::new(Alert {
        key: key.to_owned(),
        rule,
        severity,
        title,
        facts,
        fingerprint,
        service,
        environment,
        release,
        at,
    })
}

fn change(transition: Transition, key: &str) -> Change {
    Change { transition, episode: 1, alert: alert(key, Severity::Critical) }
}

fn begin(incidents: &mut Incidents, key: &str, second: u64) {
    incidents.note_change(&change(Transition::Triggered, key), now(second));
}

fn end(incidents: &mut Incidents, key: &str, second: u64) {
    incidents.note_change(&change(Transition::Resolved, key), now(second));
}

/// Lets seconds pass, in which `failed` of 100 requests fail.
fn pass(incidents: &mut Incidents, from: u64, to: u64, failed: u64) {
    for second in from..to {
        let last = incidents.pulse.totals();
        let totals = Totals { requests: last.requests + 100, failed: last.failed + failed, refused: 0 };
        incidents.second(&FixedReadings { totals, ..FixedReadings::total(100, failed) }, now(second));
    }
}

fn only(incidents: &Incidents) -> &Incident {
    assert_eq!(incidents.all().count(), 1);
    incidents.all().next().expect("one incident")
}

/// Returns the names of the events in the timeline, and the times since the start in seconds.
fn timeline(incident: &Incident) -> Vec<(String, u64)> {
    let entry = |entry: &IncidentEntry| {
        let stored = serde_json::to_value(entry).expect("a writable entry");
        (stored["event"].as_str().unwrap_or_default().to_owned(), entry.since_start.as_secs())
    };
    incident.timeline.iter().map(entry).collect()
}

fn issue(second: u64) -> IssueFact {
    IssueFact { type_name: "ParseError".to_owned(), at: Some(now(second).wall), ..IssueFact::default() }
}

#[test]
fn an_incident_goes_from_the_first_error_to_its_end() {
    let mut incidents = incidents();
    pass(&mut incidents, 0, 100, 0);
    incidents.note_fact(&Fact::Opened(issue(100)), now(101));
    begin(&mut incidents, "shop/production/issue/7", 101);
    incidents.note_delivery("slack", &alert("shop/production/issue/7", Severity::Critical), now(102));
    assert_eq!(only(&incidents).status(), IncidentStatus::Open);
    pass(&mut incidents, 102, 110, 20);
    let off = IncidentEvent::RouteDisabled { route: "/a".to_owned(), by: "ada".to_owned(), reason: String::new() };
    incidents.note(off, Vec::new(), now(110));
    assert_eq!(only(&incidents).status(), IncidentStatus::Mitigated);
    pass(&mut incidents, 111, 200, 0);
    end(&mut incidents, "shop/production/issue/7", 200);
    pass(&mut incidents, 200, 1_100, 0);
    assert_eq!(only(&incidents).status(), IncidentStatus::Mitigated, "one second too early");
    pass(&mut incidents, 1_100, 1_101, 0);

    let incident = only(&incidents);
    assert_eq!(incident.started, now(100).wall);
    let times = [incident.detected, incident.mitigated, incident.resolved].map(|time| time.map(|time| time.as_secs()));
    assert_eq!(times, [Some(2), Some(10), Some(100)]);
    assert_eq!((incident.impact.failed, incident.impact.requests), (8 * 20, 998 * 100), "from the first error on");
    let expected = [
        ("issue_opened", 0),
        ("alert_triggered", 1),
        ("notified", 2),
        ("route_disabled", 10),
        ("alert_resolved", 100),
        ("closed", 1_000),
    ];
    assert_eq!(timeline(incident), expected.map(|(name, at)| (name.to_owned(), at)));
}

#[test]
fn an_alert_on_the_error_ratio_has_the_first_errors_before_it() {
    let mut incidents = incidents();
    pass(&mut incidents, 0, 100, 0);
    incidents.note_fact(&Fact::Opened(issue(50)), now(50));
    pass(&mut incidents, 100, 120, 3);
    begin(&mut incidents, "shop/production/error-ratio", 120);
    pass(&mut incidents, 120, 121, 3);
    let incident = only(&incidents);
    assert_eq!(incident.started, now(99).wall, "the second before the first count with a failure");
    assert_eq!((incident.impact.failed, incident.impact.requests), (63, 2_100));
    assert_eq!(incident.impact.chart.steps[0], (3, 100));
    assert_eq!(timeline(incident)[0], ("issue_opened".to_owned(), 0), "an earlier event");
}

#[test]
fn errors_that_come_back_are_not_mitigated() {
    let mut incidents = incidents();
    begin(&mut incidents, "shop/production/error-ratio", 0);
    pass(&mut incidents, 0, 10, 50);
    pass(&mut incidents, 10, 70, 0);
    assert_eq!(only(&incidents).mitigated, None, "the ratio must stay low for the window");
    pass(&mut incidents, 70, 71, 0);
    assert_eq!(only(&incidents).mitigated, Some(seconds(10)));
    pass(&mut incidents, 71, 72, 50);
    assert_eq!(only(&incidents).mitigated, None);
    assert_eq!(timeline(only(&incidents)).pop().expect("an event"), ("ratio_rose".to_owned(), 71));
}

#[test]
fn a_disabled_route_that_is_not_the_cause_does_not_mitigate() {
    let mut incidents = incidents();
    begin(&mut incidents, "shop/production/error-ratio", 0);
    let off = IncidentEvent::RouteDisabled { route: "/b".to_owned(), by: "ada".to_owned(), reason: String::new() };
    incidents.note(off, Vec::new(), now(10));
    pass(&mut incidents, 10, 71, 50);
    assert_eq!(only(&incidents).mitigated, Some(seconds(10)), "the window has requests from before it");
    pass(&mut incidents, 71, 72, 50);
    assert_eq!(only(&incidents).mitigated, None);
}

#[test]
fn a_warning_opens_no_incident_and_is_part_of_one() {
    let mut incidents = incidents();
    let warning = |transition| Change { transition, episode: 1, alert: alert("warning", Severity::Warning) };
    incidents.note_change(&warning(Transition::Triggered), now(1));
    assert_eq!(incidents.all().count(), 0);
    begin(&mut incidents, "critical", 2);
    let expected = [("alert_triggered".to_owned(), 0), ("alert_triggered".to_owned(), 0)];
    assert_eq!(timeline(only(&incidents)), expected, "the first one was there before");
    end(&mut incidents, "critical", 3);
    pass(&mut incidents, 3, 1_000, 0);
    assert_eq!(only(&incidents).status(), IncidentStatus::Resolved, "a warning does not hold it open");
}

#[test]
fn an_alert_of_a_closed_incident_opens_it_again_and_another_one_opens_its_own() {
    let mut incidents = incidents();
    begin(&mut incidents, "a", 0);
    end(&mut incidents, "a", 10);
    pass(&mut incidents, 10, 1_000, 0);
    begin(&mut incidents, "a", 1_100);
    assert_eq!(only(&incidents).status(), IncidentStatus::Open);
    assert!(timeline(only(&incidents)).contains(&("reopened".to_owned(), 1_100)));
    end(&mut incidents, "a", 1_101);
    pass(&mut incidents, 1_101, 2_100, 0);
    begin(&mut incidents, "b", 2_100);
    assert_eq!(incidents.all().count(), 2);
    end(&mut incidents, "b", 2_101);
    pass(&mut incidents, 2_101, 3_100, 0);
    begin(&mut incidents, "a", 10_000);
    assert_eq!(incidents.all().count(), 3, "after an hour it is another incident");
}

#[test]
fn people_annotate_and_close_an_incident() {
    let mut incidents = incidents();
    begin(&mut incidents, "a", 0);
    let id = only(&incidents).id.clone();
    let note = IncidentEvent::Note { by: "ada".to_owned(), text: "the cache was cold".to_owned() };
    incidents.add_note(&id, note.clone(), now(5));
    incidents.pin(&id, 1, Pin::On);
    incidents.pin(&id, 99, Pin::On);
    incidents.set_severity(&id, Severity::Warning);
    incidents.add_note("none", note.clone(), now(5));
    incidents.close("none", "ada".to_owned(), now(6));
    incidents.close(&id, "ada".to_owned(), now(7));
    incidents.add_note(&id, note, now(20));
    let incident = only(&incidents);
    assert_eq!((incident.status(), incident.severity), (IncidentStatus::Resolved, Severity::Warning));
    let pinned: Vec<_> = incident.timeline.iter().map(|entry| entry.is_pinned).collect();
    assert_eq!(pinned, [false, true, false, false]);
    assert_eq!(timeline(incident)[3], ("note".to_owned(), 20));
}

/// Returns the stored values of the changes.
fn stored(changes: Vec<StoreWrite>) -> Vec<(String, Vec<u8>)> {
    let value = |change| match change {
        StoreWrite::Put { key, value } => Some((key, value)),
        StoreWrite::Remove { .. } => None,
    };
    changes.into_iter().filter_map(value).collect()
}

#[test]
fn an_acknowledgement_is_an_event_with_its_person_and_alert() {
    let mut incidents = incidents();
    begin(&mut incidents, "a", 100);
    incidents.note_acknowledgement(&alert("a", Severity::Critical), "ada", now(103));
    let acknowledged = IncidentEvent::Acknowledged { by: "ada".to_owned(), rule: "issue".to_owned() };
    let last = only(&incidents).timeline.last().expect("an event");
    assert_eq!((&last.event, last.since_start), (&acknowledged, seconds(3)));
    assert!(last.evidence.contains(&Evidence::Alert("a".to_owned())));
}

#[test]
fn the_last_requests_of_a_process_are_counted_and_saved() {
    let mut incidents = incidents();
    begin(&mut incidents, "a", 100);
    pass(&mut incidents, 100, 101, 10);
    incidents.take_changes();
    let last = incidents.pulse.totals();
    let totals = Totals { requests: last.requests + 7, failed: last.failed + 2, refused: 3 };
    incidents.count_last(&FixedReadings { totals, ..FixedReadings::total(7, 2) }, now(101));
    let impact = &only(&incidents).impact;
    assert_eq!((impact.requests, impact.failed, impact.refused), (107, 12, 3));
    assert_eq!(incidents.take_changes().len(), 1);
}

#[test]
fn an_incident_is_quiet_once_its_last_alert_is_over() {
    let mut incidents = incidents();
    begin(&mut incidents, "a", 100);
    begin(&mut incidents, "b", 101);
    end(&mut incidents, "a", 110);
    end(&mut incidents, "unknown", 111);
    pass(&mut incidents, 111, 1_500, 0);
    assert_eq!(only(&incidents).resolved, None, "one alert is active");
    end(&mut incidents, "b", 1_500);
    end(&mut incidents, "unknown", 1_600);
    pass(&mut incidents, 1_600, 2_401, 0);
    assert_eq!(only(&incidents).resolved, Some(seconds(1_400)), "no other alert begins the quiet period anew");
}

#[test]
fn counts_are_saved_every_ten_seconds() {
    let mut incidents = incidents();
    begin(&mut incidents, "a", 100);
    pass(&mut incidents, 100, 101, 10);
    assert_eq!(incidents.take_changes().len(), 1);
    pass(&mut incidents, 101, 110, 10);
    assert_eq!(incidents.take_changes().len(), 0);
    pass(&mut incidents, 110, 111, 10);
    assert_eq!(incidents.take_changes().len(), 1);
}

#[test]
fn the_next_process_continues_an_incident() {
    let mut before = incidents();
    begin(&mut before, "a", 100);
    pass(&mut before, 100, 130, 10);
    let mut values = stored(before.take_changes());
    // Its monotonic clock begins anew, and a minute has passed.
    let mut after = incidents();
    let later = Now { steady: seconds(3), wall: now(190).wall };
    after.merge(&mut values, later);
    assert_eq!(values, []);
    after.align(&[change(Transition::Triggered, "a")], later);
    assert_eq!(only(&after), only(&before));
    after.note_change(&change(Transition::Resolved, "a"), Now { steady: seconds(13), wall: now(200).wall });
    assert_eq!(timeline(only(&after)).pop().expect("an event"), ("alert_resolved".to_owned(), 100));
    assert!(stored(after.take_changes()).len() == 1 && after.take_changes().is_empty());
}

#[test]
fn the_start_of_the_next_process_is_in_the_timeline() {
    let mut before = incidents();
    before.note_fact(&Fact::Opened(issue(100)), now(100));
    begin(&mut before, "a", 100);
    pass(&mut before, 100, 110, 10);
    let mut after = incidents();
    let at = |second: u64| Now { steady: seconds(second), wall: now(200 + second).wall };
    let started = IncidentEvent::ReleaseStarted { release: "1.1".to_owned() };
    after.note_signal(started, at(0).wall, at(0));
    after.note_fact(&Fact::Opened(issue(100)), at(1));
    after.second(&FixedReadings { totals: Totals { requests: 7, failed: 0, refused: 0 }, ..Default::default() }, at(1));
    after.merge(&mut stored(before.take_changes()), at(2));
    let expected = [("issue_opened", 0), ("alert_triggered", 0), ("release_started", 100)];
    assert_eq!(timeline(only(&after)), expected.map(|(name, at)| (name.to_owned(), at)));
    assert_eq!(only(&after).impact.requests, 10 * 100 + 7);
}

#[test]
fn a_clock_that_was_set_back_leaves_the_events_in_order() {
    let mut before = incidents();
    begin(&mut before, "a", 100);
    end(&mut before, "a", 150);
    let mut after = incidents();
    let earlier = Now { steady: seconds(3), wall: now(10).wall };
    after.merge(&mut stored(before.take_changes()), earlier);
    after.align(&[], earlier);
    after.add_note(&only(&after).id.clone(), IncidentEvent::Reopened, earlier);
    assert_eq!(timeline(only(&after)).last(), Some(&("reopened".to_owned(), 50)));
}

#[test]
fn incidents_of_two_processes_are_united() {
    let (mut old, mut new) = (incidents(), incidents());
    begin(&mut old, "a", 100);
    pass(&mut old, 100, 110, 10);
    begin(&mut new, "a", 105);
    pass(&mut new, 105, 110, 20);
    new.take_changes();
    new.merge(&mut stored(old.everything()), now(110));
    new.align(&[change(Transition::Triggered, "a")], now(110));
    let incident = only(&new);
    assert_eq!((incident.id.clone(), incident.started), (only(&old).id.clone(), now(100).wall));
    assert_eq!(incident.impact.failed, 200);
    assert_eq!(timeline(incident).iter().map(|(_, at)| *at).collect::<Vec<_>>(), [0, 5]);
    let writes = new.take_changes();
    let removed = writes.iter().filter(|write| matches!(write, StoreWrite::Remove { .. })).count();
    assert_eq!((writes.len(), removed), (2, 1), "the other ID is gone");
}

#[test]
fn an_active_alert_without_an_incident_opens_one() {
    let mut incidents = incidents();
    incidents.align(&[change(Transition::Triggered, "a")], now(5));
    assert_eq!(only(&incidents).status(), IncidentStatus::Open);
    incidents.align(&[], now(6));
    pass(&mut incidents, 6, 1_000, 0);
    assert_eq!(only(&incidents).status(), IncidentStatus::Resolved);
}

#[test]
fn the_oldest_of_many_incidents_is_removed() {
    let mut incidents = incidents();
    for number in 0..60 {
        begin(&mut incidents, &format!("alert-{number}"), number * 10);
        incidents.close(&only_open(&incidents), "ada".to_owned(), now(number * 10 + 1));
    }
    assert_eq!(incidents.all().count(), 50);
    let removed = incidents.take_changes().iter().filter(|write| matches!(write, StoreWrite::Remove { .. })).count();
    assert_eq!(removed, 10);
}

fn only_open(incidents: &Incidents) -> String {
    incidents.open.as_ref().expect("an open incident").incident.id.clone()
}

#[test]
fn texts_of_an_erased_user_are_masked() {
    let mut incidents = incidents();
    let issue = IssueFact { message: "ada is unknown".to_owned(), ..issue(1) };
    incidents.note_fact(&Fact::Opened(issue), now(1));
    incidents.erase(&mut |text| text.contains("ada").then(|| text.replace("ada", "[erased]")));
    begin(&mut incidents, "a", 2);
    let id = only_open(&incidents);
    incidents.add_note(&id, IncidentEvent::Note { by: "bob".to_owned(), text: "ada called".to_owned() }, now(3));
    incidents.erase(&mut |text| text.contains("ada").then(|| text.replace("ada", "[erased]")));
    let all = format!("{incidents:?}");
    assert!(!all.contains("ada") && all.contains("[erased] called") && all.contains("[erased] is unknown"), "{all}");
}

#[test]
fn a_stored_incident_of_a_newer_release_keeps_its_fields() {
    let mut incidents = incidents();
    begin(&mut incidents, "a", 0);
    let (key, value) = stored(incidents.everything()).remove(0);
    let mut newer: serde_json::Value = serde_json::from_slice(&value).expect("JSON");
    newer["commander"] = "ada".into();
    let mut values = vec![(key, newer.to_string().into_bytes()), ("incident-x".to_owned(), b"{}".to_vec())];
    let mut next = self::incidents();
    next.merge(&mut values, now(1));
    assert_eq!(values.len(), 1, "what cannot be read remains");
    let (_, value) = stored(next.everything()).remove(0);
    assert!(String::from_utf8_lossy(&value).contains("\"commander\":\"ada\""));
}

#[test]
fn facts_that_the_next_process_finds_again_are_no_news() {
    let mut incidents = incidents();
    let of = |number: u64| Fingerprint::parse(&format!("v1-{number:032x}")).expect("a fingerprint");
    incidents.note_fact(&Fact::Opened(IssueFact { fingerprint: of(1), ..issue(1) }), now(1));
    begin(&mut incidents, "a", 2);
    let off = IncidentEvent::RouteDisabled { route: "/a".to_owned(), by: "ada".to_owned(), reason: String::new() };
    for second in 3..6 {
        incidents.note_fact(&Fact::Opened(IssueFact { fingerprint: of(1), ..issue(1) }), now(second));
        incidents.note_fact(&Fact::Resolved(of(2), None), now(second));
        incidents.note_signal(off.clone(), now(3).wall, now(second));
    }
    incidents.note_fact(&Fact::Resolved(of(1), None), now(6));
    incidents.note_fact(&Fact::Resolved(of(1), None), now(7));
    let names: Vec<_> = timeline(only(&incidents)).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["issue_opened", "alert_triggered", "route_disabled", "issue_resolved"]);
    assert_eq!(only(&incidents).mitigated, Some(seconds(2)));
}

#[test]
fn an_alert_that_was_delivered_before_the_incident_has_detected_it() {
    let mut incidents = incidents();
    incidents.note_fact(&Fact::Opened(issue(1)), now(1));
    let warning = Change { transition: Transition::Triggered, episode: 1, alert: alert("w", Severity::Warning) };
    incidents.note_change(&warning, now(1));
    incidents.note_delivery("slack", &warning.alert, now(2));
    begin(&mut incidents, "a", 5);
    assert_eq!(only(&incidents).detected, Some(seconds(1)));
    assert!(only(&incidents).alerts.contains("w"));
}

#[test]
fn a_user_whose_name_is_a_word_of_the_stored_form_is_masked() {
    let mut incidents = incidents();
    begin(&mut incidents, "a", 0);
    let id = only_open(&incidents);
    for by in ["note", "critical"] {
        let note = IncidentEvent::Note { by: by.to_owned(), text: format!("{by} was here") };
        incidents.add_note(&id, note, now(1));
        incidents.erase(&mut |text| text.contains(by).then(|| text.replace(by, "[erased]")));
    }
    let notes = only(&incidents).timeline.iter().filter_map(|entry| match &entry.event {
        IncidentEvent::Note { by, text } => Some((by.as_str(), text.as_str())),
        _ => None,
    });
    assert_eq!(notes.collect::<Vec<_>>(), [("[erased]", "[erased] was here"); 2]);
    assert_eq!(only(&incidents).severity, Severity::Critical);
}

#[test]
fn ten_thousand_alerts_leave_room_for_what_people_do() {
    let mut incidents = incidents();
    (0..10_100).for_each(|number| begin(&mut incidents, &format!("alert-{number}"), 1));
    let id = only_open(&incidents);
    incidents.add_note(&id, IncidentEvent::Note { by: "ada".to_owned(), text: "a deploy".to_owned() }, now(2));
    (0..10_100).for_each(|number| end(&mut incidents, &format!("alert-{number}"), 3));
    pass(&mut incidents, 3, 1_000, 0);
    let incident = only(&incidents);
    assert_eq!(incident.status(), IncidentStatus::Resolved);
    assert_eq!((incident.timeline.len() as u64 + incident.left_out, incident.left_out), (20_203, 19_300));
    let names: Vec<_> = timeline(incident).into_iter().map(|(name, _)| name).skip(900).collect();
    assert_eq!(names, ["note", "mitigated", "closed"]);
}
