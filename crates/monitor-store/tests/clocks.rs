//! A wall clock that was once wrong neither empties a store nor has lasting effects. The test clock applies to the
//! whole process, so these tests have a binary of their own.

#[path = "it/support.rs"]
#[expect(dead_code, reason = "these tests need less of it")]
mod support;

use std::{fs, path::Path, time::Duration};

use monitor_core::{
    DisableRoute, IssueStatus, Level, Monitor, MutedUntil, Triage,
    clock::{self, WrongClock},
};

use crate::support::{builder, count, fail, flush, folder_with, only_issue, shop, stop, until};

#[test]
fn an_error_while_the_clock_is_400_days_ahead_takes_no_older_issue_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let before = shop(folder.path(), "1.0.0");
    fail(&before, 3, "ada");
    stop(before);

    let clock = WrongClock::ahead(400 * DAY);
    let wrong = with_a_route(folder.path());
    wrong.capture_message("out of paper", Level::Error);
    flush(&wrong);
    housekeeping_has_run(&wrong);
    assert_eq!((wrong.issues().len(), wrong.dropped().len()), (2, 0));
    stop(wrong);

    clock.correct();
    let after = with_a_route(folder.path());
    housekeeping_has_run(&after);
    assert_eq!((after.issues().len(), count(&after)), (2, 4));
}

#[test]
fn the_next_event_moves_a_last_seen_time_and_hours_of_the_future_to_the_present() {
    let folder = tempfile::tempdir().unwrap();
    let clock = WrongClock::ahead(DAY);
    let wrong = shop(folder.path(), "1.0.0");
    fail(&wrong, 1, "ada");
    stop(wrong);
    clock.correct();
    let shop = shop(folder.path(), "1.0.0");
    assert!(only_issue(&shop).last_seen <= clock::wall(), "shown at the present at the latest");
    fail(&shop, 3, "ada");
    flush(&shop);
    let issue = only_issue(&shop);
    assert!(issue.first_seen <= issue.last_seen && issue.last_seen <= clock::wall(), "{issue:#?}");
    assert!(issue.hours.iter().all(|hour| hour.begin <= clock::wall()), "{:?}", issue.hours);
    assert_eq!(issue.hours.iter().map(|hour| hour.count).sum::<u64>(), 4);
}

#[test]
fn an_event_in_the_future_takes_no_older_hours_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let (clock, shop) = (WrongClock::ahead(Duration::ZERO), shop(folder.path(), "1.0.0"));
    fail(&shop, 2, "ada");
    flush(&shop);
    drop(clock);
    let clock = WrongClock::ahead(400 * DAY);
    fail(&shop, 1, "ada");
    flush(&shop);
    clock.correct();
    fail(&shop, 1, "ada");
    flush(&shop);
    assert_eq!(only_issue(&shop).hours.iter().map(|hour| hour.count).sum::<u64>(), 4);
}

#[test]
fn events_in_the_future_push_out_no_later_ones() {
    let folder = tempfile::tempdir().unwrap();
    let clock = WrongClock::ahead(DAY);
    for release in 1..=3 {
        let shop = shop(folder.path(), &release.to_string());
        fail(&shop, 10, "ada");
        stop(shop);
    }
    clock.correct();
    let right = shop(folder.path(), "4");
    fail(&right, 5, "ada");
    stop(right);
    let issue = only_issue(&shop(folder.path(), "4"));
    let is_right = |event: &&std::sync::Arc<monitor_core::ErrorEvent>| event.at <= clock::wall();
    assert_eq!((issue.samples.len(), issue.samples.iter().filter(is_right).count()), (21, 5));
    // All of these events fit, and those with times in the future would be evicted first.
    assert!(is_right(&issue.samples.last().unwrap()), "{:?}", issue.samples.last());
}

#[test]
fn a_mute_of_an_hour_lasts_an_hour_whatever_the_clock_was_or_becomes() {
    for is_muted_ahead in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let (clock, shop) = (WrongClock::ahead(DAY), shop(folder.path(), "1.0.0"));
        fail(&shop, 1, "ada");
        flush(&shop);
        if !is_muted_ahead {
            clock.correct();
        }
        shop.triage(only_issue(&shop).fingerprint, Triage::MuteFor(HOUR), "ada").unwrap();
        clock.correct();
        fail(&shop, 1, "ada");
        flush(&shop);
        let status = only_issue(&shop).status;
        assert_eq!(status.state, IssueStatus::Muted);
        assert!(is_within_an_hour(status.muted_until), "{status:?}");
    }
}

#[test]
fn a_mute_lasts_no_longer_than_it_was_to_for_a_process_whose_clock_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let before = shop(folder.path(), "1.0.0");
    fail(&before, 1, "ada");
    flush(&before);
    before.triage(only_issue(&before).fingerprint, Triage::MuteFor(HOUR), "ada").unwrap();
    stop(before);
    let _clock = WrongClock::behind(DAY);
    let status = only_issue(&shop(folder.path(), "1.0.0")).status;
    assert!(status.state == IssueStatus::Muted && is_within_an_hour(status.muted_until), "{status:?}");
}

#[test]
fn a_route_disabled_for_two_seconds_is_disabled_for_no_longer_by_a_process_whose_clock_is_a_day_slow() {
    let folder = tempfile::tempdir().unwrap();
    let before = with_a_route(folder.path());
    before.disable_route(DisableRoute::new("/error", "ada").expires_in(Duration::from_secs(2))).unwrap();
    stop(before);
    let _clock = WrongClock::behind(DAY);
    let slow = with_a_route(folder.path());
    for disabled in slow.disabled_routes() {
        assert!(disabled.retry_after_at(clock::now()) <= Duration::from_secs(2), "{disabled:?}");
        assert!(disabled.until.unwrap() <= clock::wall() + Duration::from_secs(2), "{disabled:?}");
    }
    until("it is enabled", || slow.disabled_routes().is_empty());
}

#[test]
fn a_route_disabled_for_an_hour_stays_so_for_a_process_whose_clock_is_a_day_fast() {
    let folder = tempfile::tempdir().unwrap();
    let before = with_a_route(folder.path());
    before.disable_route(DisableRoute::new("/error", "ada").expires_in(HOUR)).unwrap();
    stop(before);
    let _clock = WrongClock::ahead(DAY);
    assert_eq!(with_a_route(folder.path()).disabled_routes().len(), 1);
}

#[test]
fn an_issue_resolved_while_the_clock_was_ahead_can_regress() {
    let folder = tempfile::tempdir().unwrap();
    let (clock, shop) = (WrongClock::ahead(DAY), shop(folder.path(), "1.0.0"));
    fail(&shop, 1, "ada");
    flush(&shop);
    shop.triage(only_issue(&shop).fingerprint, Triage::Resolve, "ada").unwrap();
    clock.correct();
    fail(&shop, 1, "ada");
    flush(&shop);
    assert!(only_issue(&shop).regression.is_some());
}

#[test]
fn of_the_stores_set_aside_the_last_ones_stay_although_the_clock_was_ahead() {
    let folder = tempfile::tempdir().unwrap();
    let damage = |text: &str| {
        fs::write(folder.path().join("monitor.redb"), text).unwrap();
        stop(shop(folder.path(), "1.0.0"));
    };
    let clock = WrongClock::ahead(DAY);
    ["first", "second", "third"].into_iter().for_each(damage);
    clock.correct();
    damage("fourth");
    let files = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let aside = files.filter(|path| path.to_string_lossy().contains(".damaged-"));
    let mut texts: Vec<_> = aside.map(|path| fs::read_to_string(path).unwrap()).collect();
    texts.sort_unstable();
    assert_eq!(texts, ["fourth", "second", "third"]);
}

#[test]
fn timed_orders_of_a_golden_store_last_for_their_time() {
    // The file in the repository ages. By this clock it was written just now or in the future.
    let _clock = WrongClock::behind(20 * 365 * DAY);
    let folder = folder_with(include_bytes!("data/format-2-grouping-2.redb"));
    let shop = with_a_route(folder.path());
    let disabled = shop.disabled_routes().remove(0);
    assert_eq!((&*disabled.name(), &*disabled.actor, &*disabled.reason), ("GET /error", "ada", "divides by zero"));
    let rest = disabled.retry_after_at(clock::now());
    assert!(rest <= 30 * DAY && rest > 29 * DAY, "{rest:?}");
    let all = shop.issues();
    let muted = all.iter().find(|issue| issue.message == "out of paper").unwrap();
    let Some(MutedUntil::Time(until)) = muted.status.muted_until else { panic!("{muted:?}") };
    let rest = until.duration_since(clock::wall()).unwrap();
    assert!(rest <= 10 * 365 * DAY && rest > 10 * 364 * DAY, "{rest:?}");
}

fn with_a_route(folder: &Path) -> Monitor {
    builder(folder, "1.0.0").routes([("GET", "/error"), ("GET", "/tick")]).build().expect("the settings are good")
}

/// Waits for housekeeping to check the issues. It checks routes first, so after two rounds one check of the issues is
/// complete.
fn housekeeping_has_run(shop: &Monitor) {
    for _ in 0..2 {
        shop.disable_route(DisableRoute::new("/tick", "ada").expires_in(Duration::from_millis(1)))
            .expect("it is known");
        until("the route is enabled", || !shop.has_disabled_routes());
    }
}

fn is_within_an_hour(until: Option<MutedUntil>) -> bool {
    matches!(until, Some(MutedUntil::Time(until)) if until > clock::wall() && until <= clock::wall() + HOUR)
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);
