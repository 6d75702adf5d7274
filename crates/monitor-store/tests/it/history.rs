//! The history of a service, over restarts and rolling releases.

use std::time::Duration;

use monitor_core::{FinalStatus, HistoryCounts, KnownMethod, Monitor, Outcome, instrument};

use crate::support::{fail, flush, only_issue, shop, stop, until};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Serves this many requests, of which the first one fails.
fn serve(monitor: &Monitor, requests: usize) {
    let recorder = instrument::recorder(monitor).expect("the monitor is not disabled");
    let series = recorder.series(KnownMethod::Get, "/prices");
    for status in std::iter::once(500).chain(std::iter::repeat(200)).take(requests) {
        recorder.start(series);
        recorder.end(series, FinalStatus::new(Outcome::Completed, status), Duration::from_millis(7));
    }
}

fn total(monitor: &Monitor) -> HistoryCounts {
    monitor.history().expect("the monitor is not disabled").total(DAY)
}

/// Returns the name and the number of requests of each release.
fn releases(monitor: &Monitor) -> Vec<(String, u64)> {
    let releases = monitor.history().expect("the monitor is not disabled").releases(DAY);
    releases.into_iter().map(|(release, counts)| (release.to_string(), counts.ended.count)).collect()
}

#[test]
fn a_restart_adds_to_the_history_and_its_issues_are_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let old = shop(folder.path(), "1.0.0");
    serve(&old, 5);
    fail(&old, 3, "ada");
    flush(&old);
    stop(old);
    let new = shop(folder.path(), "1.0.1");
    serve(&new, 2);
    let HistoryCounts { ended, duration_sum, .. } = total(&new);
    assert_eq!((ended.count, ended.failed, duration_sum), (7, 2, Duration::from_millis(49)));
    assert_eq!(releases(&new), [("1.0.0".to_owned(), 5), ("1.0.1".to_owned(), 2)]);
    fail(&new, 1, "bob");
    flush(&new);
    let events = new.history().unwrap().issue_events(DAY);
    assert_eq!(events, [(only_issue(&new).fingerprint, 4)]);
    stop(new);
    assert_eq!(total(&shop(folder.path(), "1.0.2")).ended.count, 7);
}

#[test]
fn a_rolling_release_puts_the_histories_of_both_processes_together() {
    let folder = tempfile::tempdir().unwrap();
    let old = shop(folder.path(), "1.0.0");
    let new = shop(folder.path(), "1.0.1");
    serve(&old, 5);
    serve(&new, 20);
    fail(&old, 2, "ada");
    fail(&new, 3, "bob");
    flush(&old);
    flush(&new);
    assert_eq!((total(&old).ended.count, total(&new).ended.count), (5, 20));
    stop(old);
    until("both are put together", || total(&new).ended.count == 25);
    let events = new.history().unwrap().issue_events(DAY);
    assert_eq!(events, [(only_issue(&new).fingerprint, 5)]);
    stop(new);
    assert_eq!(releases(&shop(folder.path(), "1.0.1")).len(), 2);
}

#[test]
fn without_a_store_there_is_a_history_of_this_process() {
    let monitor = Monitor::builder("shop").release("1.0.0").log(None).build().unwrap();
    serve(&monitor, 5);
    let [route] = &monitor.history().unwrap().routes(DAY)[..] else { panic!("one route was served") };
    assert_eq!((&*route.release, &*route.route, route.counts.ended.failed), ("1.0.0", "/prices", 1));
    let minutes = monitor.history().unwrap().minutes(DAY);
    assert_eq!((minutes.len(), minutes[0].routes.len()), (1, 1));
    assert!(Monitor::disabled().history().is_none());
}
