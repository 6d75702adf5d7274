//! Facts about the history, measured once: a full one in memory, on disk, and as rules read it.

use std::{env, path::Path, process::Command, thread, time::Duration};

use monitor_core::instrument;
use monitor_kit::{
    FinalStatus, KnownMethod, Monitor, Outcome, Persist, StoreState, StoreWrite,
    alert::{Backtest, Rule},
    store::Store,
};
use serde_json::Value;

use crate::facts::{milliseconds, resident, say};

/// Measures a history of 48 hours in minutes and 30 days in hours. Of 1,000 routes 50 are active in each minute, and
/// 200 in each hour.
pub fn run() {
    let folder = tempfile::tempdir().expect("a folder");
    let recorded = record(folder.path());
    say("history: ms to save all of it", milliseconds(|| fill(folder.path(), &recorded)));
    say("history: MiB on disk", size(folder.path()) / MIB);
    // In a process of its own, whose memory has only the history.
    let program = env::current_exe().expect("the program has a path");
    let status = Command::new(program).arg("history-of").arg(folder.path()).status();
    assert!(status.is_ok_and(|status| status.success()), "the history can be read");
}

/// Measures the history in a folder.
pub fn read(folder: &Path) {
    let before = resident();
    let mut monitor = None;
    say("history: ms to load", milliseconds(|| monitor = Some(built(folder))));
    let monitor = monitor.expect("it was built");
    let history = || monitor.history().expect("the monitor is not disabled");
    assert!(history().minutes(2 * DAY).len() >= MINUTES - 1, "all minutes were loaded");
    say("history: MiB in memory, and what was used to load it", ((resident() - before) / 1024.0).max(0.0));
    say("history: ms to read an hour", milliseconds(|| drop(history().releases(DAY / 24))));
    say("history: ms to read a week", milliseconds(|| drop(history().releases(7 * DAY))));
    say("history: ms to read each route of a month", milliseconds(|| drop(history().routes(30 * DAY))));
    let rules = Rule::from_toml(include_str!("../../examples/rules.toml")).expect("the rules are good");
    let backtest = Backtest::of(rules).time_limit(DAY);
    say("history: ms of a backtest of all types of rules", milliseconds(|| drop(backtest.run(&monitor))));
    serve(&monitor, 0..50);
    say("history: ms to shut down", milliseconds(|| _ = monitor.shutdown(DAY)));
}

/// Records one minute with a monitor. Returns its stored form.
fn record(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let monitor = built(folder);
    serve(&monitor, 0..50);
    monitor.shutdown(Duration::from_secs(10));
    drop(monitor);
    opened(folder).load("history").expect("it was saved")
}

/// Saves copies of the recorded minute, with other routes.
fn fill(folder: &Path, recorded: &[(String, Vec<u8>)]) {
    let found = recorded.iter().find_map(|(key, minute)| Some((key.strip_prefix("history-m/")?, minute)));
    let (place, minute) = found.expect("the history has a minute");
    let place: i64 = place.parse().expect("the key of a minute has its number");
    let minute: Value = serde_json::from_slice(minute).expect("a minute is JSON");
    let slot =
        |key: String, number: usize, routes| StoreWrite::Put { key, value: with_routes(&minute, number, routes) };
    let minutes = (1..MINUTES).map(|ago| slot(format!("history-m/{}", place - ago as i64), ago, 50));
    let hours = (49..HOURS).map(|ago| slot(format!("history-h/{}", place.div_euclid(60) - ago as i64), ago, 200));
    let all: Vec<_> = minutes.chain(hours).collect();
    opened(folder).save(&all).expect("it can be written to");
}

/// Returns a slot with the counts of `minute` for this many of the 1,000 routes.
fn with_routes(minute: &Value, number: usize, routes: usize) -> Vec<u8> {
    let templates = minute["rows"].as_array().expect("a minute has rows");
    let names = ["1.0.0".to_owned(), "GET".to_owned()].into_iter();
    let names: Vec<_> = names.chain((0..routes).map(|route| route_name(number * 50 + route))).collect();
    let rows = (0..routes).map(|route| {
        let mut row = templates[route % templates.len()].as_array().cloned().expect("a row is a list");
        (row[0], row[1], row[2]) = (0.into(), 1.into(), (route + 2).into());
        row
    });
    let rows: Value = rows.collect();
    let mut slot = minute.clone();
    (slot["names"], slot["rows"]) = (names.into(), rows);
    slot.to_string().into_bytes()
}

/// Opens the store once the monitor before has closed it.
fn opened(folder: &Path) -> Store {
    let store = Store::open(folder).expect("the folder can be written to");
    while matches!(store.access(), Ok(StoreState::Busy)) {
        thread::sleep(Duration::from_millis(5));
    }
    store
}

fn built(folder: &Path) -> Monitor {
    let store = Store::open(folder).expect("the folder can be written to");
    Monitor::builder("shop").release("1.0.0").log(None).persist(store).build().expect("the settings are good")
}

/// Serves 20 requests of each of these routes, with durations from 1 ms to 1 s.
fn serve(monitor: &Monitor, routes: std::ops::Range<usize>) {
    let recorder = instrument::recorder(monitor).expect("the monitor is not disabled");
    for route in routes {
        let series = recorder.series(KnownMethod::Get, &route_name(route));
        for request in 0..20 {
            recorder.start(series);
            let status = if request == 0 { 500 } else { 200 };
            let millis = 1 << (request % 11);
            recorder.end(series, FinalStatus::new(Outcome::Completed, status), Duration::from_millis(millis));
        }
    }
}

fn route_name(number: usize) -> String {
    format!("/shops/{{shop}}/items/{}", number % 1_000)
}

/// Returns the size of the files in a folder.
fn size(folder: &Path) -> f64 {
    let files = std::fs::read_dir(folder).expect("the folder is there").map_while(Result::ok);
    files.filter_map(|file| file.metadata().ok()).map(|file| file.len() as f64).sum()
}

const MINUTES: usize = 48 * 60;
const HOURS: usize = 30 * 24;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MIB: f64 = 1024.0 * 1024.0;
