//! The life of an issue: decisions, regressions, search and erasure.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use monitor_core::MemoryReporter;
use monitor_kit::{
    BoxError, DropReason, ErrorSettings, EventKind, Fingerprint, Issue, IssueQuery, IssueSort, IssueStatus, Level,
    Limits, LogReporter, Monitor, MonitorBuilder, Scope, Signal, Triage, capture_error, clock, scope,
};

use crate::support::{Failure, Log, builder, dropped, flush, get, page, shows, status, visit, watched, watched_by};

#[test]
fn a_resolved_issue_that_happens_again_is_a_regression_that_names_the_release() {
    let (monitor, memory) = watched_by(builder().release("1.0.1"));
    let fingerprint = opened(&monitor);
    let resolved = monitor.triage(fingerprint, Triage::Resolve, "ada").unwrap();
    assert_eq!((resolved.status.state, resolved.status.actor.as_deref()), (IssueStatus::Resolved, Some("ada")));
    fail(&monitor, "gone");
    flush(&monitor);
    let issue = monitor.issue(fingerprint).unwrap();
    let regression = issue.regression.expect("it came back");
    assert_eq!((issue.status.state, &*regression.release, issue.count), (IssueStatus::Unresolved, "1.0.1", 2));
    assert_eq!(regression.resolved.actor.as_deref(), Some("ada"));
    assert_eq!(signals_of(&memory), ["opened", "changed to resolved by ada", "regressed in 1.0.1"]);
}

#[test]
fn a_regression_is_counted_and_logged_with_its_request_place_and_count() {
    let log = Log::default();
    let (monitor, memory) = watched_by(builder().log(LogReporter::new().dispatch(log.dispatch())));
    let fingerprint = opened(&monitor);
    monitor.triage(fingerprint, Triage::Resolve, "ada").unwrap();
    fail(&monitor, "gone");
    flush(&monitor);
    let request_id = memory.events()[1].scope.request_id.as_ref().map(ToString::to_string);
    shows(&page(&monitor), r#"monitor_regressions_total{kind="error"} 1"#);
    let lines = log.lines("monitor::issue");
    let line = lines.iter().find(|line| line["message"] == "issue_regressed").expect("a line");
    assert_eq!((&line["count"], line["request_id"].as_str()), (&2.into(), request_id.as_deref()), "{line:#}");
    assert_eq!((&line["file"], line["line"].is_u64(), &line["exception"]), (&file!().into(), true, &"gone".into()));
}

#[test]
fn a_regression_is_seen_also_where_the_error_is_only_counted() {
    let (monitor, memory) = watched();
    (0..20).for_each(|_| fail(&monitor, "gone"));
    flush(&monitor);
    let fingerprint = monitor.issues()[0].fingerprint;
    monitor.triage(fingerprint, Triage::Resolve, "ada").unwrap();
    fail(&monitor, "gone");
    until("it is published", || {
        flush(&monitor);
        signals_of(&memory).last().is_some_and(|last| last.starts_with("regressed"))
    });
    assert_eq!(monitor.issue(fingerprint).map(|issue| issue.count), Some(21));
}

#[test]
fn an_issue_resolved_in_a_later_release_may_occur_in_this_one() {
    let (monitor, memory) = watched_by(builder().release("1.0.0"));
    let fingerprint = opened(&monitor);
    monitor.triage(fingerprint, Triage::ResolveIn("1.0.1".into()), "ada").unwrap();
    fail(&monitor, "gone");
    flush(&monitor);
    let issue = monitor.issue(fingerprint).unwrap();
    assert_eq!((issue.status.state, issue.count, signals_of(&memory).len()), (IssueStatus::Resolved, 2, 2));
    monitor.triage(fingerprint, Triage::ResolveIn("1.0.0".into()), "ada").unwrap();
    fail(&monitor, "gone");
    flush(&monitor);
    assert!(monitor.issue(fingerprint).unwrap().regression.is_some());
}

#[test]
fn an_issue_resolved_in_a_version_regresses_by_semver_also_in_a_release_it_was_seen_in_before() {
    for (release, regresses) in [
        ("1.9.1", false),
        ("1.8.0", false),
        ("1.10.0-rc.1", false),
        ("shop@1.9.1", false),
        ("1.10.0", true),
        ("1.10.1", true),
        ("v2.0.0-rc.1", true),
        ("shop@1.10.0+9f3c2ab", true),
    ] {
        let (monitor, _) = watched_by(builder().release(release));
        let fingerprint = opened(&monitor);
        monitor.triage(fingerprint, Triage::ResolveIn("1.10.0".into()), "ada").unwrap();
        fail(&monitor, "gone");
        flush(&monitor);
        assert_eq!(monitor.issue(fingerprint).unwrap().regression.is_some(), regresses, "{release}");
    }
}

#[test]
fn a_muted_issue_is_counted_and_its_events_say_so_until_it_happened_often_enough() {
    let (monitor, memory) = watched();
    let fingerprint = opened(&monitor);
    monitor.triage(fingerprint, Triage::MuteForMore(3), "ada").unwrap();
    (0..2).for_each(|_| fail(&monitor, "gone"));
    flush(&monitor);
    assert_eq!(monitor.issue(fingerprint).unwrap().status.state, IssueStatus::Muted);
    fail(&monitor, "gone");
    flush(&monitor);
    let issue = monitor.issue(fingerprint).unwrap();
    assert_eq!((issue.status.state, issue.count, issue.samples.len()), (IssueStatus::Unresolved, 4, 4));
    let muted: Vec<_> = memory.events().iter().map(|event| event.muted).collect();
    assert_eq!(muted, [false, true, true, false]);
    assert_eq!(signals_of(&memory), ["opened", "changed to muted by ada", "changed to unresolved by nobody"]);
}

#[test]
fn a_muted_issue_is_not_muted_any_more_when_its_time_is_over() {
    let (monitor, memory) = watched();
    let fingerprint = opened(&monitor);
    monitor.triage(fingerprint, Triage::MuteFor(Duration::from_secs(1)), "ada").unwrap();
    until("its time is over", || monitor.issue(fingerprint).unwrap().status.state == IssueStatus::Unresolved);
    until("it is published", || {
        flush(&monitor);
        signals_of(&memory).len() == 3
    });
    monitor.triage(fingerprint, Triage::Mute, "ada").unwrap();
    (0..30).for_each(|_| fail(&monitor, "gone"));
    flush(&monitor);
    assert_eq!(monitor.issue(fingerprint).unwrap().status.state, IssueStatus::Muted, "for ever is for ever");
}

#[test]
fn an_ignored_issue_is_counted_and_nothing_else() {
    let (monitor, memory) = watched();
    let fingerprint = opened(&monitor);
    monitor.triage(fingerprint, Triage::Ignore, "ada").unwrap();
    (0..5).for_each(|_| fail(&monitor, "gone"));
    flush(&monitor);
    let issue = monitor.issue(fingerprint).unwrap();
    assert_eq!((issue.status.state, issue.count, issue.samples.len()), (IssueStatus::Ignored, 6, 1));
    assert_eq!(memory.events().len(), 1);
    monitor.triage(fingerprint, Triage::Reopen, "ada").unwrap();
    fail(&monitor, "gone");
    flush(&monitor);
    assert_eq!((monitor.issue(fingerprint).unwrap().samples.len(), memory.events().len()), (2, 2));
}

#[test]
fn an_order_that_makes_no_sense_is_refused_with_what_to_change() {
    let (monitor, _) = watched();
    let fingerprint = opened(&monitor);
    let refused = |order, actor| monitor.triage(fingerprint, order, actor).unwrap_err().to_string();
    assert!(refused(Triage::Resolve, " ").starts_with("the actor is empty"));
    assert!(refused(Triage::ResolveIn(String::new()), "ada").starts_with("the release that resolves"));
    assert!(refused(Triage::MuteForMore(0), "ada").starts_with("an issue is muted for at least one more event"));
    assert!(refused(Triage::MuteFor(Duration::MAX), "ada").starts_with("an issue is muted for at least one more"));
    let unknown = Fingerprint::default();
    let error = monitor.triage(unknown, Triage::Resolve, "ada").unwrap_err();
    assert_eq!(error.to_string(), format!("there is no issue {unknown}: it never occurred, or it has expired"));
    assert!(error.is_unknown_issue());
    let disabled = Monitor::disabled().triage(unknown, Triage::Resolve, "ada").unwrap_err();
    assert!(disabled.to_string().starts_with("the monitor is disabled") && !disabled.is_unknown_issue());
    assert_eq!(monitor.issue(fingerprint).unwrap().status.state, IssueStatus::Unresolved);
}

#[test]
fn the_texts_of_an_order_are_masked_before_they_are_cut() {
    let (monitor, memory) = watched();
    let fingerprint = opened(&monitor);
    let long = "x ".repeat(4 * 1024 - 12) + "postgres://admin:hunter2@db/todo";
    for text in ["postgres://admin:hunter2@db/todo", &long] {
        let status = monitor.triage(fingerprint, Triage::ResolveIn(text.into()), text).unwrap().status;
        for shown in [status.in_release.unwrap(), status.actor.unwrap()] {
            assert!(!shown.contains("hunter") && shown.contains("postgres://["), "{shown}");
            assert!(shown.len() <= 8 * 1024, "{}", shown.len());
        }
    }
    assert!(!format!("{:?}", signals_of(&memory)).contains("hunter"));
}

#[test]
fn each_hour_has_its_count() {
    let (monitor, _) = watched();
    (0..100).for_each(|_| fail(&monitor, "gone"));
    flush(&monitor);
    let issue = &monitor.issues()[0];
    let since = issue.first_seen.duration_since(issue.hours[0].begin).unwrap();
    assert!(since < Duration::from_secs(3600), "{since:?}");
    assert_eq!(issue.hours.iter().map(|hour| hour.count).sum::<u64>(), 100);
}

#[test]
fn issues_are_found_by_what_they_are_and_sorted() {
    let (monitor, _) = watched_by(builder().release("1.0.0"));
    for (says, times, user) in [("no stock", 3, "ada"), ("no paper", 1, "bob"), ("no ink", 2, "ada")] {
        (0..times).for_each(|time| {
            Scope::new(&monitor).in_scope(|| {
                scope::set_user(format!("{user}{}", if says == "no ink" { time } else { 0 }));
                capture_error(&Failure::new(says));
            });
        });
    }
    visit(&monitor, get("/orders"), || status(500, ""));
    monitor.capture_message("low on everything", Level::Warn);
    flush(&monitor);
    let found = |query: IssueQuery| -> Vec<String> {
        monitor.find_issues(&query).issues.into_iter().map(|issue| issue.message).collect()
    };
    let query = IssueQuery::new;
    assert_eq!(found(query().sort(IssueSort::FirstSeen).limit(2)).len(), 2);
    assert_eq!(found(query().text("NO paper")), ["no paper"]);
    assert_eq!(found(query().text("failure stock")), ["no stock"]);
    assert_eq!(found(query().kind(EventKind::Message)), ["low on everything"]);
    let errors = || query().kind(EventKind::Error);
    assert_eq!(found(errors().sort(IssueSort::Count)), ["no stock", "no ink", "no paper"]);
    assert_eq!(found(query().sort(IssueSort::Users).limit(1)), ["no ink"]);
    assert_eq!(found(errors()), ["no ink", "no paper", "no stock"]);
    assert_eq!(found(errors().offset(1).limit(1)), ["no paper"]);
    assert_eq!(found(query().release("2.0.0")).len() + found(query().route("/elsewhere")).len(), 0);
    assert_eq!((found(query().release("1.0.0")).len(), found(query().route("_unmatched")).len()), (5, 1));
    let page = monitor.find_issues(&query().offset(3).limit(100));
    assert_eq!((page.total, page.issues.len()), (5, 2));
    monitor.triage(monitor.find_issues(&query().text("ink")).issues[0].fingerprint, Triage::Resolve, "ada").unwrap();
    assert_eq!(found(query().state(IssueStatus::Resolved)), ["no ink"]);
    assert_eq!(found(query().offset(99)).len(), 0);
}

#[test]
fn an_erased_user_is_nowhere_and_counts_stay() {
    let (monitor, _) = watched();
    let fail_for = |user: &str, tag: &str| {
        Scope::new(&monitor).in_scope(|| {
            scope::set_user(user);
            scope::set_tag("on_behalf_of", tag);
            scope::set_context("order", serde_json::json!({ "id": 42, "of": tag }));
            capture_error(&Failure::new("gone"));
        });
    };
    fail_for("42", "nobody");
    fail_for("ada", "nobody");
    fail_for("ada", "bob");
    flush(&monitor);
    let erased = monitor.erase_user("bob");
    assert_eq!((erased.issues, erased.events, erased.is_persisted), (1, 1, true));
    let erased = monitor.erase_user("ada");
    assert_eq!(erased.events, 1);
    let issue = &monitor.issues()[0];
    assert_eq!((issue.count, issue.users_affected, issue.samples.len()), (3, 1, 1));
    assert_eq!(monitor.erase_user("nobody").events, 1);
    let issue = &monitor.issues()[0];
    assert_eq!((issue.count, issue.samples.len(), &*issue.message), (3, 0, "gone"));
}

#[test]
fn an_event_in_a_queue_when_its_user_is_erased_is_dropped() {
    let (held, hold) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
    let (held_, hold_) = (Arc::clone(&held), Arc::clone(&hold));
    let guard = hold.lock().unwrap();
    let (monitor, memory) = watched_by(builder().before_report(move |event| {
        let _begun = held_.lock();
        drop(hold_.lock());
        Some(event)
    }));
    Scope::new(&monitor).in_scope(|| {
        scope::set_user("ada");
        capture_error(&Failure::new("no cart for user 4711 called ada"));
    });
    until("the event is looked at", || held.try_lock().is_err());
    let eraser = monitor.clone();
    let erasing = std::thread::spawn(move || eraser.erase_user("ada"));
    let erased = erasing.join().unwrap();
    assert!(!erased.is_persisted, "it cannot be said that nothing remains");
    drop(guard);
    flush(&monitor);
    let issue = &monitor.issues()[0];
    assert_eq!((issue.count, issue.users_affected, issue.samples.len()), (1, 0, 0));
    assert_eq!((&*issue.message, memory.events().len()), ("no cart for user <number> called [erased]", 0));
}

#[test]
fn a_refused_order_loses_no_pending_signal() {
    let (monitor, memory) = watched();
    (0..10).for_each(|_| fail(&monitor, "gone"));
    flush(&monitor);
    let fingerprint = monitor.issues()[0].fingerprint;
    monitor.triage(fingerprint, Triage::Resolve, "ada").unwrap();
    fail(&monitor, "gone");
    monitor.triage(fingerprint, Triage::Resolve, "").unwrap_err();
    until("it is published", || {
        flush(&monitor);
        signals_of(&memory).last().is_some_and(|last| last.starts_with("regressed"))
    });
}

#[test]
fn an_issue_that_was_forgotten_for_want_of_room_is_opened_again_whatever_its_share() {
    let (monitor, _) = watched_by(
        builder().limits(Limits::new().issues(1)).errors(ErrorSettings::new().sample_rate(EventKind::Error, 0.0)),
    );
    for says in ["one", "other", "one"] {
        fail(&monitor, says);
        flush(&monitor);
        assert_eq!(monitor.issues()[0].message, says);
    }
}

#[test]
fn a_user_is_found_to_be_erased_also_where_the_name_was_masked() {
    let (monitor, _) = watched();
    Scope::new(&monitor).in_scope(|| {
        scope::set_user("jo@example.org");
        capture_error(&Failure::new("gone"));
    });
    flush(&monitor);
    assert_eq!(monitor.issues()[0].samples[0].scope.user.as_deref(), Some("[Filtered]"));
    assert_eq!(monitor.erase_user("jo@example.org").events, 1);
}

#[test]
fn the_next_event_carries_the_count_of_suppressed_errors() {
    let (monitor, memory) = watched_by(
        builder().errors(ErrorSettings::new().sample_rate(EventKind::Error, 0.0).sample_rate(EventKind::Message, 0.5)),
    );
    (0..100).for_each(|_| fail(&monitor, "gone"));
    for number in 0..200 {
        // Spread over enough sites that none of them is throttled.
        monitor.capture_message(
            format!("out of {}", ["a", "b", "c", "d", "e"][number % 5].repeat(1 + number / 50)),
            Level::Warn,
        );
    }
    flush(&monitor);
    let count = |kind| monitor.issues().iter().filter(|issue| issue.kind == kind).map(|issue| issue.count).sum::<u64>();
    assert_eq!((count(EventKind::Error), count(EventKind::Message)), (100, 200));
    let events = memory.events();
    let of = |kind| events.iter().filter(move |event| event.failure.kind == kind);
    assert_eq!(of(EventKind::Error).count(), 1, "the first of its source");
    let whole = of(EventKind::Message).count() as u64;
    assert!((40..190).contains(&whole), "{whole}");
    let reported: u64 = of(EventKind::Message).map(|event| event.suppressed).sum();
    let suppressed = |issues: Vec<Issue>| issues.iter().map(|issue| issue.suppressed).sum::<u64>();
    assert_eq!(suppressed(monitor.issues()), 99 + 200 - whole);
    let counted: u64 = [DropReason::Sampled, DropReason::Throttled, DropReason::StormGate]
        .map(|reason| dropped(&monitor, "intake", reason))
        .iter()
        .sum();
    assert_eq!(counted, 99 + 200 - whole);
    assert!(reported > 0 && reported <= 200 - whole, "{reported}");
}

#[test]
fn a_storm_of_many_sites_is_counted_exactly_and_reported_in_part() {
    let (monitor, memory) = watched_by(builder().limits(Limits::new().burst(5)));
    for number in 0..2000 {
        let route = format!("/{}", number % 50);
        Scope::new(&monitor).in_scope(|| {
            scope::set_fingerprint([route.as_str()]);
            capture_error(&Failure::new("gone"));
        });
    }
    flush(&monitor);
    let issues = monitor.issues();
    assert_eq!((issues.len(), issues.iter().map(|issue| issue.count).sum::<u64>()), (50, 2000));
    let reported = memory.events().len();
    assert!((50..50 + 5 * 10).contains(&reported), "{reported}: the first of each, and five a second");
    assert!(dropped(&monitor, "intake", DropReason::StormGate) > 0);
}

#[test]
fn errors_are_ignored_by_type_and_by_what_they_say() {
    let ignoring = builder().errors(
        ErrorSettings::new().ignore_types(["ParseIntError", "support::Failure"]).ignore_messages(["came too late"]),
    );
    let (monitor, memory) = watched_by(ignoring);
    Scope::new(&monitor).in_scope(|| {
        capture_error(&"x".parse::<u8>().unwrap_err());
        capture_error(&"x".parse::<f32>().unwrap_err());
        capture_error(&Failure::new("gone"));
        let boxed: BoxError = Box::new(Failure::new("its path is not known"));
        capture_error(&*boxed);
        capture_error(&std::io::Error::other("the answer came too late by 7 s"));
    });
    flush(&monitor);
    let said: Vec<_> = memory.events().iter().map(|event| event.failure.message.clone()).collect();
    assert_eq!((said, dropped(&monitor, "intake", DropReason::Ignored)), (vec!["invalid float literal".to_owned()], 4));
}

#[test]
fn a_before_report_that_takes_its_time_is_counted() {
    let (monitor, _) = watched_by(builder().before_report(|event| {
        let begun = clock::now();
        while begun.elapsed() < Duration::from_millis(101) {}
        Some(event)
    }));
    fail(&monitor, "gone");
    flush(&monitor);
    assert_eq!(dropped(&monitor, "intake", DropReason::BeforeReportSlow), 1);
    assert_eq!(monitor.issues()[0].count, 1);
}

#[test]
fn events_that_are_too_large_together_go_and_counts_stay() {
    let (monitor, _) = watched_by(builder().limits(Limits::new().sample_bytes(60_000)));
    for number in 0..20 {
        Scope::new(&monitor).in_scope(|| {
            scope::set_fingerprint([number.to_string()]);
            scope::set_context("page", serde_json::json!("x".repeat(40_000)));
            capture_error(&Failure::new("gone"));
        });
    }
    flush(&monitor);
    let issues = monitor.issues();
    let sampled = issues.iter().filter(|issue| !issue.samples.is_empty()).count();
    assert_eq!((issues.len(), issues.iter().map(|issue| issue.count).sum::<u64>()), (20, 20));
    assert!((2..5).contains(&sampled), "{sampled}");
    assert_eq!(dropped(&monitor, "intake", DropReason::SampleLimit), 20 - sampled as u64);
}

#[test]
fn an_event_that_is_too_large_loses_the_oldest_of_what_led_up_to_it() {
    let (monitor, memory) = watched();
    Scope::new(&monitor).in_scope(|| {
        for number in 0..100 {
            scope::add_breadcrumb("step", format!("{number} {}", "x".repeat(8000)));
        }
        capture_error(&Failure::new("gone"));
    });
    flush(&monitor);
    let crumbs = &memory.events()[0].scope.breadcrumbs;
    assert!((5..40).contains(&crumbs.len()) && crumbs.last().unwrap().message.starts_with("99 "), "{}", crumbs.len());
    assert_eq!(dropped(&monitor, "intake", DropReason::Shortened), 1);
}

#[test]
fn data_of_a_nested_scope_ends_with_it() {
    let (monitor, memory) = watched();
    Scope::new(&monitor).in_scope(|| {
        scope::set_tag("feature", "orders");
        scope::with_scope(|| {
            scope::set_tag("partner", "acme");
            scope::set_user("ada");
            capture_error(&Failure::new("inside"));
        });
        capture_error(&Failure::new("outside"));
    });
    flush(&monitor);
    let events = memory.events();
    let tags = |at: usize| events[at].scope.tags.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
    assert_eq!((tags(0), tags(1)), (vec!["feature", "partner"], vec!["feature"]));
    assert_eq!((events[0].scope.user.as_deref(), events[1].scope.user.as_deref()), (Some("ada"), None));
    assert_eq!(events[0].scope.request_id, events[1].scope.request_id);
    assert_eq!(scope::with_scope(|| 7), 7, "outside a scope it runs all the same");
}

#[test]
fn an_error_captured_in_a_nested_scope_explains_the_response() {
    let (monitor, memory) = watched();
    visit(&monitor, get("/"), || {
        scope::with_scope(|| capture_error(&Failure::new("inside")));
        status(500, "")
    });
    flush(&monitor);
    assert_eq!(memory.events().len(), 1);
    assert_eq!(memory.events()[0].scope.route, "_unmatched");
}

#[test]
fn bad_settings_of_issues_are_refused() {
    let refused = |builder: MonitorBuilder| builder.build().unwrap_err().to_string();
    assert!(
        refused(builder().errors(ErrorSettings::new().sample_rate(EventKind::Panic, 1.5)))
            .starts_with("the sample rate of panic is 1.5")
    );
    assert!(refused(builder().limits(Limits::new().burst(0))).starts_with("the limit `burst` is 0"));
    assert!(refused(builder().limits(Limits::new().sample_bytes(0))).starts_with("the limit `sample_bytes` is 0"));
    assert!(
        refused(builder().limits(Limits::new().issue_retention(Duration::from_secs(1))))
            .starts_with("the limit `issue_retention` is 1s")
    );
}

fn fail(monitor: &Monitor, says: &str) {
    Scope::new(monitor).in_scope(|| capture_error(&Failure::new(says)));
}

/// Opens an issue and returns its fingerprint.
fn opened(monitor: &Monitor) -> Fingerprint {
    fail(monitor, "gone");
    flush(monitor);
    monitor.issues()[0].fingerprint
}

/// Returns the signals about issues.
fn signals_of(memory: &MemoryReporter) -> Vec<String> {
    let signals = memory.signals().into_iter().filter_map(|signal| match signal {
        Signal::IssueOpened(_) => Some("opened".to_owned()),
        Signal::IssueRegressed(issue) => Some(format!("regressed in {}", issue.regression.as_ref()?.release)),
        Signal::IssueChanged(change) => {
            let status = &change.issue.status;
            let actor = status.actor.as_deref().unwrap_or("nobody");
            Some(format!("changed to {} by {actor}", status.state.as_str()))
        }
        _ => None,
    });
    signals.collect()
}

#[track_caller]
fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = clock::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(clock::now() < deadline, "in time: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
