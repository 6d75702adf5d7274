//! The backtest of a recording of seconds equals what the running engine did in them.

use std::collections::BTreeSet;

use fastrand::Rng;

use super::{
    live::{Live, Second, sum},
    *,
};
use crate::{
    alert::Transition,
    rule::{burn::BurnRule, condition::Group, duration::DurationRule, escalating::EscalatingRule, slower::SlowerRule},
};

/// A change of an alert: second, rule, group and title.
type Change = (u64, String, AlertGroup, String, Transition);

fn rules() -> Vec<Rule> {
    let (seconds, millis) = (Duration::from_secs, Duration::from_millis);
    let ratio = ErrorRatioRule::above(0.3).at_least(5);
    vec![
        ratio.clone().lasting(seconds(5)).resolve_after(seconds(10)).into(),
        ratio.clone().within(Lookback::Seconds(10)).per_route().name("routes").mute("00:02-00:05").into(),
        ratio.within(Lookback::Minutes(2)).name("minutes").resolve_below(0.05).into(),
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
    for route in ["GET /a", "POST /b", "GET /c"] {
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

/// Returns the changes of the engine that ran in these seconds.
fn live(seconds: &[Second]) -> Vec<Change> {
    let (mut engine, mut live, mut all) = (Engine::new(source(), rules()), Live::default(), Vec::new());
    for second in seconds {
        live.now = second.second;
        if !second.release.is_empty() {
            live.release = second.release.as_ref().to_owned();
            live.seconds.push(second.clone());
        }
        for change in engine.evaluate(&live, at(second.second)) {
            let alert = change.alert;
            let group = Group::of(&alert, &source().key(&alert.rule)).into();
            all.push((second.second.unsigned_abs(), alert.rule.clone(), group, alert.title.clone(), change.transition));
        }
    }
    all
}

/// Returns the changes in the backtest of these seconds.
fn tested(seconds: &[Second]) -> Vec<Change> {
    let cells = seconds.iter().map(|second| {
        let cell = second.cell(at(second.second));
        let releases = if second.release.is_empty() { Vec::new() } else { cell.releases };
        Cell { releases, ..cell }
    });
    let report = Backtest::of(rules()).run_cells(cells, &|_| None, clock::now()).expect("the rules are good");
    let mut all = Vec::new();
    for rule in report.rules {
        for firing in rule.firings {
            let second = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).expect("a second").as_secs();
            let change = |time, transition| {
                (second(time), rule.rule.clone(), firing.group.clone(), firing.title.clone(), transition)
            };
            all.push(change(firing.begin, Transition::Triggered));
            all.extend(firing.end.map(|end| change(end, Transition::Resolved)));
        }
    }
    all
}

#[test]
fn the_backtest_of_seconds_equals_what_the_engine_did() {
    let mut fired = BTreeSet::new();
    for seed in 0..SEEDS {
        let seconds = recording(&mut Rng::with_seed(seed));
        let (mut live, mut tested) = (live(&seconds), tested(&seconds));
        live.sort();
        tested.sort();
        assert_eq!(tested, live, "seed {seed}");
        fired.extend(live.into_iter().map(|(_, rule, ..)| rule));
    }
    let all: BTreeSet<_> = rules().iter().map(|rule| rule.name().to_owned()).collect();
    assert_eq!(fired, all, "each rule fires in one of the recordings");
}

/// Number of recordings.
const SEEDS: u64 = 12;
