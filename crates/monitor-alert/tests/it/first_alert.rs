//! The way of an alert, from an error to its receiver.

use std::time::Duration;

use monitor_alert::{Alerts, ErrorRatioRule, IssueRule, Rule, Transition, verify_signature};
use monitor_core::{Triage, traffic::Lookback};

use crate::support::{PATIENCE, Receiver, Recorder, SECRET, builder, counts, fail, serve, shop, until, webhook};

#[test]
fn the_first_error_reaches_a_webhook_saved_and_signed() {
    let (receiver, folder) = (Receiver::start(), tempfile::tempdir().unwrap());
    let monitor = shop(folder.path(), "1.4.2", webhook(&receiver));
    fail(&monitor, "the printer is out of paper");
    let received = receiver.received();
    assert_eq!(received.len(), 1, "{received:?}");
    let json = received[0].json();
    assert_eq!((&json["transition"], &json["persisted"]), (&"triggered".into(), &true.into()));
    assert_eq!(json["alert"]["title"], "New issue: the printer is out of paper");
    assert_eq!(json["alert"]["facts"]["message"], "the printer is out of paper");
    assert_eq!((&json["alert"]["service"], &json["alert"]["release"]), (&"shop".into(), &"1.4.2".into()));
    verify_signature(SECRET, &received[0].headers, received[0].body.as_bytes()).unwrap();
    assert_eq!(received[0].headers["webhook-id"], *json["id"].as_str().unwrap());

    fail(&monitor, "the printer is out of paper");
    assert_eq!(receiver.received().len(), 1, "the issue is known");
    let counts = counts(&monitor);
    assert_eq!((counts.fired, counts.delivered, counts.unsaved), (1, 1, 0));
}

#[test]
fn resolving_an_issue_resolves_its_alert_and_a_regression_fires_again() {
    let recorder = Recorder::accepting();
    let monitor = builder("1.0.0").extend(Alerts::to(recorder.clone())).build().unwrap();
    fail(&monitor, "the printer is out of paper");
    monitor.triage(monitor.issues()[0].fingerprint, Triage::Resolve, "ada").unwrap();
    assert!(monitor.flush(PATIENCE));
    assert_eq!(recorder.titles(Transition::Resolved).len(), 1);
    fail(&monitor, "the printer is out of paper");
    until("the regression is seen", || {
        assert!(monitor.flush(PATIENCE));
        recorder.titles(Transition::Triggered).len() == 2
    });
    assert_eq!(recorder.ids().len(), 3);
    let keys: Vec<_> = recorder.delivered().iter().map(|notification| notification.alert.key.clone()).collect();
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}

#[test]
fn an_error_ratio_fires_while_it_is_high() {
    let recorder = Recorder::accepting();
    let rule = ErrorRatioRule::above(0.05).within(Lookback::Seconds(2)).resolve_after(Duration::from_secs(1));
    let alerts = Alerts::to(recorder.clone()).rules([Rule::from(rule)]);
    let monitor = builder("1.0.0").extend(alerts).build().unwrap();
    let triggered = || recorder.titles(Transition::Triggered);
    until("it fires", || {
        serve(&monitor, 10, 500);
        !triggered().is_empty()
    });
    assert_eq!(triggered(), ["Error ratio above 5 %"]);
    until("it is over", || !recorder.titles(Transition::Resolved).is_empty());
    assert_eq!(triggered().len(), 1);
}

#[test]
fn without_rules_nothing_fires_and_bad_ones_are_refused() {
    let recorder = Recorder::accepting();
    let monitor = builder("1.0.0").extend(Alerts::to(recorder.clone()).rules([])).build().unwrap();
    fail(&monitor, "the printer is out of paper");
    assert!(recorder.delivered().is_empty());

    let refused = |alerts: Alerts| builder("1.0.0").extend(alerts).build().unwrap_err().to_string();
    let twice = Alerts::to(Recorder::accepting()).and(Recorder::accepting());
    assert_eq!(refused(twice), "two notifiers are called `recorder`: give each a name of its own");
    let unnamed = Alerts::to(Recorder::new("My Pager", |_| Ok(())));
    assert_eq!(refused(unnamed), "the notifier name `My Pager` is malformed: use lower-case letters, digits and `-`");
    let rules = [Rule::from(IssueRule::new()), ErrorRatioRule::above(5.0).into()];
    let percent = refused(Alerts::to(Recorder::accepting()).rules(rules));
    assert!(percent.contains('5'), "{percent}");
}
