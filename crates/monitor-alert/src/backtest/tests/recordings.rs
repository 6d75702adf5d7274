//! The backtest of a recording equals what the running engine did, second by second and minute by minute.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use fastrand::Rng;

use super::{
    live::{Live, Second, sum},
    *,
};
use crate::{
    alert::Transition,
    rule::{burn::BurnRule, condition::Group, duration::DurationRule, escalating::EscalatingRule, slower::SlowerRule},
};

/// A change of an alert: Unix time, rule, group and title.
type Change = (u64, String, AlertGroup, String, Transition);

fn rules() -> Vec<Rule> {
    let (seconds, millis) = (Duration::from_secs, Duration::from_millis);
    let ratio = ErrorRatioRule::above(0.3).at_least(5);
    vec![
        ratio.clone().lasting(seconds(5)).resolve_after(seconds(10)).into(),
        ratio.clone().within(Lookback::Seconds(10)).per_route().name("routes").mute("00:02-00:05").into(),
        ratio.within(Lookback::Minutes(2)).name("minutes").resolve_below(0.05).mute("00:06-00:08").into(),
        DurationRule::p95_above(millis(200)).at_least(5).within(Lookback::Minutes(2)).into(),
        DurationRule::p95_above(millis(200)).within(Lookback::Seconds(30)).per_route().name("slow-route").into(),
        IssueEventsRule::more_than(20).within(MINUTE).lasting(seconds(3)).into(),
        IssueEventsRule::more_than(40).within(MINUTE * 5).name("flood").resolve_after(seconds(0)).into(),
        EscalatingRule::times(5.0).at_least(5).into(),
        SilenceRule::minutes(1).after(5).into(),
        BurnRule::objective(0.99).at_least(10).into(),
        SlowerRule::than_last_hour(1.5).at_least(5).into(),
        SlowerRule::than_last_release(1.5).at_least(5).name("release").into(),
    ]
}

/// Returns what a service counts in one second. Its faults last for some seconds.
fn second(rng: &mut Rng, number: i64, release: &str, fault: u8) -> Second {
    let mut routes = Vec::new();
    for route in ["GET /a", "GET /b", "GET /c"] {
        if rng.u8(0..3) == 0 {
            let mut counts = WindowCounts::default();
            counts.count = rng.u64(0..4);
            counts.failed = if fault == 1 { counts.count } else { 0 };
            counts.durations[if fault == 2 { 7 } else { 3 }] = counts.count + rng.u64(0..2);
            routes.push((route, counts));
        }
    }
    routes.retain(|(_, counts)| *counts != WindowCounts::default());
    let issue = Fingerprint::parse(&format!("v1-{:032x}", rng.u8(0..2))).expect("a fingerprint");
    let events = if fault == 3 { vec![(issue, rng.u64(1..4))] } else { Vec::new() };
    let total = sum(routes.iter().map(|(_, counts)| *counts));
    let release = if routes.is_empty() { "" } else { release };
    Second { second: number, release: release.into(), total, routes, events }
}

/// Returns a random recording: seconds with and without requests, of two releases.
fn recording(rng: &mut Rng) -> Vec<Second> {
    let (mut seconds, mut number) = (Vec::new(), rng.i64(0..120));
    for phase in 0..8 {
        let (fault, release) = (rng.u8(0..4), if phase < 4 { "1.0" } else { "1.1" });
        let end = number + rng.i64(1..60);
        seconds.extend((number..end).map(|number| second(rng, number, release, fault)));
        let quiet = end + [0, rng.i64(0..20), rng.i64(60..200)][rng.usize(0..3)];
        seconds.extend((end..quiet).map(silent));
        // A machine that was suspended has no seconds.
        number = quiet + if rng.u8(0..6) == 0 { 4000 } else { 0 };
    }
    seconds.extend((number..number + 70).map(silent));
    seconds
}

fn silent(number: i64) -> Second {
    let total = WindowCounts::default();
    Second { second: number, release: "".into(), total, routes: Vec::new(), events: Vec::new() }
}

fn at(second: i64) -> Now {
    let steady = Duration::from_secs(second.unsigned_abs());
    Now { steady, wall: SystemTime::UNIX_EPOCH + steady }
}

/// An evaluation: the seconds since the one before, the last second, and the time.
type Step = (Vec<Second>, i64, Now);

/// Returns the changes of the engine that ran at these steps.
fn live(rules: Vec<Rule>, steps: impl IntoIterator<Item = Step>) -> Vec<Change> {
    let (mut engine, mut live, mut all) = (Engine::new(source(), rules, None), Live::default(), Vec::new());
    for (seconds, last, at) in steps {
        seconds.into_iter().for_each(|second| live.push(second));
        live.now = last;
        for change in engine.evaluate(&live, at) {
            let alert = change.alert;
            let group = Group::of(&alert, &source().key(&alert.rule)).into();
            all.push((unix(alert.at), alert.rule.clone(), group, alert.title.clone(), change.transition));
        }
    }
    all.sort();
    all
}

/// Returns the changes of a backtest.
fn changes(report: BacktestReport) -> Vec<Change> {
    let mut all = Vec::new();
    for rule in report.rules {
        for firing in rule.firings {
            let change = |time, transition| {
                (unix(time), rule.rule.clone(), firing.group.clone(), firing.title.clone(), transition)
            };
            all.push(change(firing.begin, Transition::Triggered));
            all.extend(firing.end.map(|end| change(end, Transition::Resolved)));
        }
    }
    all.sort();
    all
}

fn unix(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).expect("it is after the epoch").as_secs()
}

/// Returns the names of the rules that fired.
fn names(changes: &[Change]) -> impl Iterator<Item = String> {
    changes.iter().map(|(_, rule, ..)| rule.clone())
}

#[test]
fn the_backtest_of_seconds_equals_what_the_engine_did() {
    let mut fired = BTreeSet::new();
    for seed in 0..SEEDS {
        let seconds = recording(&mut Rng::with_seed(seed));
        let cells = seconds.iter().map(|second| second.cell(at(second.second)));
        let report = Backtest::of(rules()).run_cells(cells, &|_| None, clock::now()).expect("the rules are good");
        let steps = seconds.iter().map(|second| (vec![second.clone()], second.second, at(second.second)));
        let live = live(rules(), steps);
        fired.extend(names(&live));
        assert_eq!(changes(report), live, "seed {seed}");
    }
    let all: BTreeSet<_> = rules().iter().map(|rule| rule.name().to_owned()).collect();
    assert_eq!(fired, all, "each rule fires in one of the recordings");
}

#[test]
fn the_backtest_of_minutes_equals_an_engine_that_ran_once_a_minute() {
    let rules = || rules().into_iter().filter(|rule| rule.view(MINUTE) == RuleView::Whole).collect::<Vec<_>>();
    let mut fired = BTreeSet::new();
    for seed in 0..SEEDS {
        let seconds = recording(&mut Rng::with_seed(seed));
        let mut minutes: BTreeMap<i64, Vec<Second>> = BTreeMap::new();
        for second in seconds.into_iter().filter(|second| !second.is_silent()) {
            minutes.entry(second.second / 60).or_default().push(second);
        }
        let (first, last) = minutes.keys().next().zip(minutes.keys().next_back()).expect("there are requests");
        let range = *first..=*last;
        let end = at((last + 1) * 60);
        let slots: Vec<_> = minutes.iter().map(|(minute, seconds)| slot_of(*minute, seconds, end)).collect();
        let report = Backtest::of(rules()).run_slots(slots.into_iter(), &|_| None, clock::now());
        let step = |minute| (minutes.remove(&minute).unwrap_or_default(), minute * 60 + 59, at((minute + 1) * 60));
        let live = live(rules(), range.map(step));
        fired.extend(names(&live));
        assert_eq!(changes(report.expect("the rules are good")), live, "seed {seed}");
    }
    assert!(fired.len() >= 6, "{fired:?}");
}

/// Returns a minute as the history has it at `now`.
fn slot_of(minute: i64, seconds: &[Second], now: Now) -> Slot {
    let begin = at(minute * 60);
    let rows = seconds.iter().flat_map(|second| {
        second.routes.iter().map(|(route, counts)| {
            let path: Arc<str> = route.split_once(' ').map_or(*route, |(_, path)| path).into();
            Row { release: Arc::clone(&second.release), route: (KnownMethod::Get, path), counts: *counts }
        })
    });
    let events = seconds.iter().flat_map(|second| second.events.clone()).collect();
    let age = now.steady.saturating_sub(begin.steady);
    Slot { age, length: MINUTE, begin: begin.wall, rows: rows.collect(), events }
}

/// Number of recordings.
const SEEDS: u64 = 12;
