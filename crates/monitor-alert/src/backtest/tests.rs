//! Tests of backtests.

mod live;
mod recordings;

use std::time::SystemTime;

use monitor_core::{
    KnownMethod,
    traffic::{Lookback, WindowCounts},
};

use super::{grid::Row, releases::Releases, *};
use crate::{
    Alerts,
    alert::{Notification, Severity},
    notifier::{DeliveryError, Notifier},
    routes::Route,
    rule::{
        duration::DurationRule, error_ratio::ErrorRatioRule, issue_events::IssueEventsRule, readings::counts,
        silence::SilenceRule, view::RuleView,
    },
    time::Now,
};

/// A minute or an hour that ends this long ago, with a hundred requests of a route.
fn slot(ago: Duration, length: Duration, route: &str, failed: u64) -> Slot {
    let age = ago + length;
    let row = Row { release: "1.0".into(), route: (KnownMethod::Get, route.into()), counts: counts(100, failed) };
    Slot { age, length, begin: now() - age, rows: vec![row], events: Vec::new() }
}

/// Returns the latest slots of this length; those of `failing`, counted from the present, fail.
fn slots(length: Duration, count: u32, failing: std::ops::Range<u32>) -> Vec<Slot> {
    let failed = |number| if failing.contains(&number) { 50 } else { 0 };
    (0..count).rev().map(|number| slot(length * number, length, "/pay", failed(number))).collect()
}

fn run(rules: impl IntoIterator<Item = Rule>, slots: impl IntoIterator<Item = Slot>) -> BacktestReport {
    let report = Backtest::of(rules).run_slots(slots.into_iter(), &|_| None, clock::now());
    report.expect("the rules are good")
}

/// Returns how long ago each alert of the first rule began, and its duration.
fn alerts(report: &BacktestReport) -> Vec<(Duration, Duration)> {
    let ago = |firing: &RuleFiring| now().duration_since(firing.begin).expect("it is in the past");
    report.rules[0].firings.iter().map(|firing| (ago(firing), firing.duration)).collect()
}

#[test]
fn an_error_ratio_fires_at_the_end_of_the_first_bad_minute() {
    let report = run([ErrorRatioRule::above(0.1).into()], slots(MINUTE, 180, 20..30));
    // It is over for a minute before it resolves.
    assert_eq!(alerts(&report), [(MINUTE * 29, MINUTE * 11)]);
    let rule = &report.rules[0];
    assert_eq!((rule.minutes, rule.firings[0].slot), (RuleView::Whole, MINUTE));
    assert_eq!(rule.firings[0].end, Some(now() - MINUTE * 18));
    let late = run([ErrorRatioRule::above(0.1).lasting(MINUTE * 3).into()], slots(MINUTE, 180, 20..30));
    assert_eq!(alerts(&late), [(MINUTE * 26, MINUTE * 8)]);
}

#[test]
fn a_rule_of_a_minute_is_coarser_than_its_window_over_hours() {
    let mut all = slots(HOUR, 200, 100..101);
    all.extend(slots(MINUTE, 60, 0..1));
    all.retain(|slot| slot.length == MINUTE || slot.age > HOUR * 50);
    let report = run([ErrorRatioRule::above(0.1).into()], all);
    assert_eq!(alerts(&report), [(HOUR * 100, HOUR * 2), (Duration::ZERO, Duration::ZERO)]);
    let rule = &report.rules[0];
    assert_eq!((rule.hours, rule.firings[0].slot), (RuleView::Coarser, HOUR));
    assert_eq!((rule.firings[1].slot, rule.firings[1].end), (MINUTE, None), "it is active");
    assert!(report.to_string().contains("coarser than its window"), "{report}");
}

#[test]
fn minutes_without_a_slot_are_evaluated() {
    let report = run(
        [SilenceRule::minutes(5).into()],
        slots(MINUTE, 60, 0..0).into_iter().filter(|slot| slot.age > MINUTE * 30 || slot.age <= MINUTE * 10),
    );
    assert_eq!(alerts(&report), [(MINUTE * 25, MINUTE * 16)]);
    assert!(matches!(report.rules[0].hours, RuleView::Missing(_)));
}

#[test]
fn each_route_and_each_issue_has_an_alert() {
    let issue = Fingerprint::parse(&format!("v1-{:032x}", 7)).expect("a fingerprint");
    let mut all: Vec<_> = ["/a", "/b"].into_iter().map(|route| slot(MINUTE, MINUTE, route, 90)).collect();
    all[0].events = vec![(issue, 11)];
    let report = run([ErrorRatioRule::above(0.5).per_route().into(), IssueEventsRule::more_than(10).into()], all);
    let groups = report.rules.iter().flat_map(|rule| rule.firings.iter().map(|firing| firing.group.to_string()));
    assert_eq!(groups.collect::<Vec<_>>(), ["GET /a", "GET /b", &issue.to_string()]);
    let mut slow = slot(MINUTE, MINUTE, "/slow", 0);
    slow.rows[0].counts.durations[9] = 100;
    let report = run([DurationRule::p95_above(Duration::from_millis(100)).per_route().into()], [slow]);
    assert_eq!(report.rules[0].firings[0].group, AlertGroup::Route("GET /slow".to_owned()));
}

#[test]
fn a_rule_that_the_history_cannot_show_is_listed_with_the_reason() {
    let shown = run(Rule::defaults(), slots(MINUTE, 10, 0..0)).to_string();
    for reason in [
        "issue is not shown: the history does not record which events open an issue",
        "readiness is not shown: the history has no results of probes",
        "process-end is not shown: the history has no ends of processes",
        "No alert.",
    ] {
        assert!(shown.contains(reason), "{shown}");
    }
    assert!(run(Rule::defaults(), []).to_string().contains("The history is empty"));
}

#[test]
fn a_gap_of_weeks_is_evaluated_per_hour() {
    let all = [slot(HOUR * 24 * 20, HOUR, "/pay", 0), slot(Duration::ZERO, MINUTE, "/pay", 0)];
    let cells: Vec<_> = Grid::new(all.into_iter(), Detail::Total).expect("there are slots").collect();
    let hours = cells.iter().filter(|cell| cell.length == HOUR).count();
    assert!(hours > 400 && cells.len() - hours < 51 * 60, "{hours} of {}", cells.len());
    assert!(cells.is_sorted_by(|earlier, later| earlier.at.steady < later.at.steady));
    assert_eq!(cells.last().map(|cell| cell.at.wall), Some(now()));
}

#[test]
fn of_two_releases_in_a_minute_the_later_one_runs() {
    let mut releases = Releases::default();
    for (last, served) in [(59, &["1.0"][..]), (119, &["1.0", "1.1"]), (179, &["1.1"])] {
        let served = served.iter().map(|release| ((*release).into(), counts(1, 0))).collect();
        let at = Now { steady: Duration::ZERO, wall: now() };
        releases.advance(&Cell { last, length: MINUTE, at, releases: served, routes: Vec::new(), events: Vec::new() });
        assert_eq!(releases.own().map(|own| &**own), Some(if last > 60 { "1.1" } else { "1.0" }));
    }
    let since = |first| releases.since(first).iter().map(|release| release.to_string()).collect::<Vec<_>>().join(" ");
    assert_eq!([0, 60, 120].map(since), ["1.0 1.1", "1.0 1.1", "1.1"]);
}

struct Named(&'static str);

impl Notifier for Named {
    fn name(&self) -> &str {
        self.0
    }

    fn deliver(&mut self, _: &Notification) -> Result<(), DeliveryError> {
        Ok(())
    }
}

/// Returns the notifiers of an alert on an error ratio.
fn notified(alerts: Alerts) -> Vec<String> {
    let backtest = alerts.rules([ErrorRatioRule::above(0.1).into()]).backtest();
    let report = backtest.run_slots(slots(MINUTE, 10, 2..4).into_iter(), &|_| None, clock::now());
    report.expect("the rules are good").rules[0].firings[0].notifiers.clone()
}

#[test]
fn an_alert_names_the_notifiers_of_its_routes() {
    let alerts = || Alerts::to(Named("slack")).and(Named("pagerduty"));
    assert_eq!(notified(alerts()), ["pagerduty"], "the default route");
    assert_eq!(notified(alerts().without_default_routes()), ["slack", "pagerduty"]);
    assert_eq!(notified(alerts().route(Route::severity(Severity::Critical).to("slack"))), ["slack"]);
}

#[test]
fn a_minute_that_has_just_begun_is_evaluated() {
    let mut slots = slots(MINUTE, 1, 0..1);
    slots[0].age = Duration::ZERO;
    let backtest = Backtest::of([ErrorRatioRule::above(0.1).into()]);
    let report = backtest.run_slots(slots.into_iter(), &|_| None, clock::now()).expect("the rules are good");
    assert_eq!(report.rules[0].firings.len(), 1);
}

#[test]
fn a_run_ends_at_its_time_limit_and_there_is_one_at_a_time() {
    let monitor = Monitor::builder("shop").build().expect("good settings");
    monitor.capture_message("the printer is out of paper", monitor_core::Level::Error);
    monitor.flush(Duration::from_secs(60));
    let backtest = Backtest::of([IssueEventsRule::more_than(1).into()]);
    let refused = backtest.clone().time_limit(Duration::ZERO).run(&monitor).expect_err("there is no time");
    assert!(refused.is_out_of_time(), "{refused}");
    let history = monitor.history().expect("the monitor is not disabled");
    let other = history.replay();
    let refused = backtest.run(&monitor).expect_err("there is another one");
    assert!(refused.is_running(), "{refused}");
    drop(other);
    assert!(backtest.run(&monitor).is_ok());
}

#[test]
fn a_bad_rule_is_refused() {
    let monitor = Monitor::builder("shop").build().expect("good settings");
    let refused = Backtest::of([ErrorRatioRule::above(5.0).into()]).run(&monitor).expect_err("must be refused");
    assert!(refused.to_string().contains("use one between 0 and 1"), "{refused}");
}

const HOUR: Duration = Duration::from_secs(60 * 60);

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + HOUR * 500_000
}
