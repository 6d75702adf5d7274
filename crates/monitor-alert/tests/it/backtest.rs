//! The backtest of a history that earlier processes have stored.

use std::time::{Duration, SystemTime};

use monitor_alert::{AlertGroup, Alerts, Backtest, ErrorRatioRule, Route, RuleFiring, Severity, Slack};
use monitor_core::{Monitor, Persist, StoreWrite, clock};
use monitor_store::Store;

use crate::support::{Recorder, builder, serve_route, until};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * 60;

/// Returns a stored slot with a hundred requests of `GET /pay`, of which `failed` failed.
fn slot(kind: &str, place: u64, seconds: u64, failed: u64) -> StoreWrite {
    let begin = place * seconds * 1000;
    let rows = format!("[0,1,2,100,{failed},500000,0,3,100]");
    let value = format!(r#"{{"begin_ms":{begin},"names":["1.0","GET","/pay"],"rows":[{rows}],"events":[]}}"#);
    StoreWrite::Put { key: format!("history-{kind}/{place}"), value: value.into_bytes() }
}

/// Returns a monitor whose history has an hour of failures ten days before `now`, a time in seconds, and ten minutes of
/// them half an hour before it.
fn shop(now: u64, alerts: Alerts) -> Monitor {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path()).expect("the folder can be written to");
    let (minute, hour) = (now / MINUTE, now / HOUR - 240);
    let minutes = (minute - 60..minute).map(|place| (place, if place.abs_diff(minute - 25) < 5 { 100 } else { 0 }));
    let mut slots: Vec<_> = minutes.map(|(place, failed)| slot("m", place, MINUTE, failed)).collect();
    slots.extend([(hour - 1, 0), (hour, 100), (hour + 1, 0)].map(|(place, failed)| slot("h", place, HOUR, failed)));
    assert!(store.access().is_ok() && store.save(&slots).is_ok());
    let monitor = builder("1.1").persist(store).extend(alerts).build().expect("the settings are good");
    let count =
        || monitor.history().map_or(0, |history| history.total(Duration::from_secs(20 * 24 * HOUR)).ended.count);
    until("the history is loaded", || count() >= 6_300);
    monitor
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).expect("it is after the epoch").as_secs()
}

#[test]
fn the_backtest_shows_the_hours_and_the_minutes_of_earlier_processes() {
    let alerts = Alerts::to(Recorder::accepting()).and(Slack::new("https://hooks.slack.com/x").expect("a URL"));
    let alerts = alerts.rules([ErrorRatioRule::above(0.5).per_route().into()]);
    let alerts = alerts.route(Route::severity(Severity::Critical).to("recorder"));
    let backtest = alerts.backtest();
    let now = seconds(clock::wall());
    let monitor = shop(now, alerts);
    let report = backtest.run(&monitor).expect("the rules are good");
    let firing = |firing: &RuleFiring| (seconds(firing.begin), firing.duration.as_secs(), firing.slot.as_secs());
    let firings: Vec<_> = report.rules[0].firings.iter().map(firing).collect();
    let (hour, minute) = (now / HOUR - 240, now / MINUTE - 29);
    assert_eq!(firings, [((hour + 1) * HOUR, 2 * HOUR, HOUR), ((minute + 1) * MINUTE, 10 * MINUTE, MINUTE)]);
    let first = &report.rules[0].firings[0];
    assert_eq!(
        (&first.group, &first.notifiers[..]),
        (&AlertGroup::Route("GET /pay".to_owned()), &["recorder".to_owned()][..])
    );
    let again = backtest.run(&monitor).expect("the first run has ended");
    assert_eq!(again.rules, report.rules, "the same history");
}

#[test]
fn the_current_minute_is_part_of_a_backtest() {
    let monitor = builder("1.0").build().expect("the settings are good");
    serve_route(&monitor, "/pay", 20, 500);
    let report = Backtest::of([ErrorRatioRule::above(0.5).into()]).run(&monitor).expect("the rules are good");
    assert_eq!(report.rules[0].firings.len(), 1, "{report}");
    let empty = Backtest::of([ErrorRatioRule::above(0.5).into()]).run(&Monitor::disabled());
    assert!(empty.expect_err("there is no history").to_string().contains("has no history"));
}
