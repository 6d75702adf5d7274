//! A restart loses no data.

use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

use monitor_core::{DisableRoute, IssueStatus, Level, Limits, Monitor, Signal, Triage, clock, instrument};
use monitor_store::Store;

use crate::support::{builder, count, fail, flush, is_anywhere, only_issue, request, shop, stop, until, watched_shop};

#[test]
fn an_issue_is_the_same_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let before = shop(folder.path(), "1.0.0");
    fail(&before, 15, "ada");
    fail(&before, 3, "bob");
    flush(&before);
    let written = only_issue(&before);
    stop(before);

    let read = only_issue(&shop(folder.path(), "1.0.0"));
    assert_eq!(read.to_json(), written.to_json());
    let samples = |issue: &monitor_core::Issue| issue.samples.iter().map(|event| event.to_json()).collect::<Vec<_>>();
    assert_eq!((samples(&read), samples(&read).len()), (samples(&written), 10));
    assert_eq!((read.count, read.suppressed, read.users_affected, read.hours.len()), (18, 8, 2, 1));
    assert_eq!(read.explain(), written.explain());
}

#[test]
fn stored_texts_are_masked_and_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let shop = builder(folder.path(), "1.0.0").show_raw_paths(true).build().unwrap();
    for path in ["/fail/password%3Dhunter2", "/fail/Bearer%20hunter2.eyJhbGciOi", "/fail/alice%40example.org"] {
        instrument::capture_status(&request(&shop, "/fail/{why}", path), 500);
    }
    shop.capture_message("turned\u{202e}around", Level::Error);
    flush(&shop);
    stop(shop);
    for (text, is_stored) in [
        ("hunter2", false),
        ("alice", false),
        ("password%3D[Filtered]", true),
        ("Bearer%20[Filtered]", true),
        ("\u{202e}", false),
        ("turned\\u202earound", true),
    ] {
        assert_eq!(is_anywhere(folder.path(), text), is_stored, "{text}");
    }
}

#[test]
fn counts_and_users_go_on_where_they_were() {
    let folder = tempfile::tempdir().unwrap();
    for round in 1..=3 {
        let shop = shop(folder.path(), "1.0.0");
        fail(&shop, 4, "ada");
        fail(&shop, 1, &round.to_string());
        flush(&shop);
        let issue = only_issue(&shop);
        assert_eq!((issue.count, issue.users_affected), (5 * round, 1 + round));
        stop(shop);
    }
}

#[test]
fn a_resolved_issue_that_comes_back_after_a_restart_is_a_regression() {
    let folder = tempfile::tempdir().unwrap();
    let first = shop(folder.path(), "1.0.0");
    fail(&first, 1, "ada");
    flush(&first);
    first.triage(only_issue(&first).fingerprint, Triage::ResolveIn("1.0.1".into()), "ada").unwrap();
    fail(&first, 1, "ada");
    flush(&first);
    assert_eq!(only_issue(&first).status.state, IssueStatus::Resolved, "the old release may go on");
    stop(first);

    let (second, memory) = watched_shop(folder.path(), "1.0.1");
    assert_eq!(only_issue(&second).status.in_release.as_deref(), Some("1.0.1"));
    fail(&second, 1, "bob");
    flush(&second);
    let issue = only_issue(&second);
    let regression = issue.regression.expect("it came back");
    assert_eq!((issue.status.state, &*regression.release), (IssueStatus::Unresolved, "1.0.1"));
    assert_eq!(regression.resolved.actor.as_deref(), Some("ada"));
    let regressed = memory.signals().iter().filter(|signal| matches!(signal, Signal::IssueRegressed(_))).count();
    let opened = memory.signals().iter().filter(|signal| matches!(signal, Signal::IssueOpened(_))).count();
    assert_eq!((regressed, opened), (1, 0));
    stop(second);
    assert!(only_issue(&shop(folder.path(), "1.0.1")).regression.is_some());
}

#[test]
fn a_mute_lasts_across_a_restart_until_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let first = shop(folder.path(), "1.0.0");
    fail(&first, 2, "ada");
    flush(&first);
    first.triage(only_issue(&first).fingerprint, Triage::MuteForMore(3), "ada").unwrap();
    stop(first);

    let second = shop(folder.path(), "1.0.0");
    fail(&second, 2, "ada");
    flush(&second);
    assert_eq!(only_issue(&second).status.state, IssueStatus::Muted);
    fail(&second, 1, "ada");
    flush(&second);
    assert_eq!(only_issue(&second).status.state, IssueStatus::Unresolved);
}

#[test]
fn a_disabled_route_stays_so() {
    let folder = tempfile::tempdir().unwrap();
    let open = || builder(folder.path(), "1.0.0").routes([("GET", "/error")]).build().unwrap();
    let first = open();
    first.disable_route(DisableRoute::new("/error", "ada")).unwrap();
    stop(first);
    assert_eq!(open().disabled_routes()[0].actor, "ada");
}

#[test]
fn captured_events_are_saved_without_a_flush() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path(), "1.0.0");
    fail(&shop, 12, "ada");
    let copy = tempfile::tempdir().unwrap();
    until("a copy of the file has it", || {
        fs::copy(folder.path().join("monitor.redb"), copy.path().join("monitor.redb")).unwrap();
        count(&self::shop(copy.path(), "1.0.0")) == 12
    });
}

#[test]
fn an_erased_user_leaves_nothing_in_any_file() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path(), "1.0.0");
    // Joined at run time, because the source excerpt around the error is stored as well.
    let user = &["user", "0815", "4711"].join("-");
    fail(&shop, 3, user);
    fail(&shop, 2, "bob");
    flush(&shop);
    fs::write(folder.path().join("monitor.redb.damaged-1"), user).unwrap();
    assert!(is_anywhere(folder.path(), user), "it was there before");
    let erased = shop.erase_user(user);
    assert_eq!((erased.issues, erased.events, erased.is_persisted), (1, 3, true));
    assert!(!is_anywhere(folder.path(), user));
    let issue = only_issue(&shop);
    assert_eq!((issue.count, issue.users_affected, issue.samples.len()), (5, 1, 2));
    stop(shop);
    assert!(!is_anywhere(folder.path(), user));
}

#[test]
fn evicted_issues_are_removed_from_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let one_at_a_time = || builder(folder.path(), "1.0.0").limits(Limits::new().issues(1)).build().unwrap();
    let first = one_at_a_time();
    fail(&first, 2, "ada");
    flush(&first);
    first.capture_message("out of paper", Level::Error);
    flush(&first);
    stop(first);
    assert_eq!(only_issue(&shop(folder.path(), "1.0.0")).message, "out of paper");
}

#[test]
fn only_the_owner_can_read_the_files() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("a/b");
    let shop = shop(&folder, "1.0.0");
    fail(&shop, 1, "ada");
    stop(shop);
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 3 && files.iter().all(|file| mode(file) == 0o600), "{files:?}");
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error_that_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let error = Store::open(folder.path().join("file/store")).unwrap_err();
    assert!(error.to_string().contains("give the store a folder of its own"), "{error}");
}

#[test]
fn a_monitor_that_is_dropped_saves_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    // Slow, so that events are still queued when the user is erased.
    let slow = builder(folder.path(), "1.0.0").before_report(|event| {
        let begun = clock::now();
        while begun.elapsed() < Duration::from_millis(20) {}
        Some(event)
    });
    let first: Monitor = slow.build().unwrap();
    fail(&first, 7, "ada");
    drop(first);
    until("it is saved and let go", || {
        let shop = shop(folder.path(), "1.0.0");
        let issues = shop.issues();
        issues.first().is_some_and(|issue| (issue.count, issue.samples.len()) == (7, 7))
    });
}
