//! Jobs, which are work outside of requests, are monitored like requests.

use std::{
    fmt,
    future::{pending, poll_fn, ready as done},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
    time::SystemTime,
};

use monitor_kit::{
    BoxError, EventKind, JobCounts, JobOutcome, Monitor, PrometheusEndpoint, capture_error, clock, scope,
};

use crate::support::{Failure, builder, causes, flush, monitor, only_event, poll_once, ready, watched};

fn job(monitor: &Monitor, name: &str) -> JobCounts {
    monitor.jobs().into_iter().find(|counts| counts.job == name).expect("the job is counted")
}

#[test]
fn a_job_that_ends_is_completed_and_its_success_is_dated() {
    let monitor = monitor();
    ready(monitor.job("clean-up", done(())));
    let counts = job(&monitor, "clean-up");
    assert_eq!((counts.started, counts.outcome(JobOutcome::Completed), counts.active()), (1, 1, 0));
    assert!(counts.last_success.is_some() && counts.settled);
}

#[test]
fn a_job_that_fails_is_captured_with_its_causes_and_has_no_success() {
    let (monitor, memory) = watched();
    let failure = Failure::new("not sent").because(Failure::new("no route"));
    ready(monitor.job("send-email", done(Err::<(), BoxError>(failure.into())))).unwrap_err();
    let event = only_event(&monitor, &memory);
    assert_eq!(
        (event.failure.kind, &*event.failure.message, &*event.scope.route),
        (EventKind::Error, "not sent", "send-email")
    );
    assert_eq!((causes(&event), event.scope.method), (vec!["no route"], None));
    let counts = job(&monitor, "send-email");
    assert_eq!((counts.outcome(JobOutcome::Failed), counts.last_success), (1, None));
}

#[test]
fn an_error_that_is_no_box_shows_its_type() {
    let (monitor, memory) = watched();
    ready(monitor.job("send-email", done(Err::<(), _>(io::Error::other("full"))))).unwrap_err();
    assert_eq!(only_event(&monitor, &memory).failure.type_name, "std::io::error::Error");
}

#[test]
fn a_job_whose_error_cannot_be_shown_has_failed() {
    struct Unshowable;
    impl fmt::Display for Unshowable {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("no words")
        }
    }
    let (monitor, memory) = watched();
    let unshowable = monitor.job("send-email", done(Err::<(), _>(Unshowable)));
    assert!(ready(unshowable).is_err());
    assert_eq!(job(&monitor, "send-email").outcome(JobOutcome::Failed), 1);
    assert_eq!(only_event(&monitor, &memory).failure.message, "… [formatting failed]");
}

#[test]
fn a_cancelled_job_is_dropped_in_its_scope() {
    struct Reports;
    impl Drop for Reports {
        fn drop(&mut self) {
            capture_error(&Failure::new("left half done"));
        }
    }
    let (monitor, memory) = watched();
    let reports = Reports;
    drop(monitor.job("clean-up", async move {
        let _reports = reports;
        pending::<()>().await;
    }));
    assert_eq!(only_event(&monitor, &memory).scope.route, "clean-up");
    assert_eq!(job(&monitor, "clean-up").outcome(JobOutcome::Cancelled), 1);
}

#[test]
fn a_job_that_panics_while_it_is_dropped_has_panicked() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in the drop");
        }
    }
    let (monitor, memory) = watched();
    let bomb = Bomb;
    let dropped = monitor.job("clean-up", async move {
        let _bomb = bomb;
        pending::<()>().await;
    });
    assert!(catch_unwind(AssertUnwindSafe(|| drop(dropped))).is_err());
    assert_eq!(job(&monitor, "clean-up").outcome(JobOutcome::Panicked), 1);
    assert_eq!(only_event(&monitor, &memory).failure.message, "in the drop");
}

#[test]
fn a_job_that_panics_is_captured_with_its_place_and_the_panic_goes_on() {
    let (monitor, memory) = watched();
    let panicking = monitor.job(
        "clean-up",
        poll_fn(|_| -> Poll<()> {
            scope::set_tag("table", "orders");
            panic!("no disk");
        }),
    );
    let panicked = catch_unwind(AssertUnwindSafe(|| ready(panicking)));
    assert!(panicked.is_err());
    let event = only_event(&monitor, &memory);
    assert_eq!((event.failure.kind, &*event.failure.message), (EventKind::Panic, "no disk"));
    assert!(event.failure.location.as_ref().is_some_and(|location| location.file.ends_with("jobs.rs")));
    assert_eq!(event.scope.tags, [("table".to_owned(), "orders".to_owned())]);
    assert_eq!(job(&monitor, "clean-up").outcome(JobOutcome::Panicked), 1);
}

#[test]
fn a_job_under_way_is_active_and_a_dropped_one_cancelled() {
    let monitor = monitor();
    {
        let mut waiting = pin!(monitor.job("sync", pending::<()>()));
        assert!(poll_once(waiting.as_mut()).is_pending());
        assert_eq!(job(&monitor, "sync").active(), 1);
    }
    let counts = job(&monitor, "sync");
    assert_eq!((counts.active(), counts.outcome(JobOutcome::Cancelled)), (0, 1));
}

#[test]
fn jobs_are_among_the_metrics() {
    let monitor = monitor();
    let endpoint = PrometheusEndpoint::local(&monitor);
    ready(monitor.job("clean-up", done(())));
    let text = endpoint.render();
    for line in [
        r#"monitor_jobs_started_total{job="clean-up"} 1"#,
        r#"monitor_jobs_total{job="clean-up",outcome="completed"} 1"#,
        r#"monitor_jobs_total{job="clean-up",outcome="failed"} 0"#,
        r#"monitor_jobs_active{job="clean-up"} 0"#,
        r#"monitor_job_duration_seconds_bucket{job="clean-up",le="0.005"} 1"#,
        r#"monitor_job_duration_seconds_count{job="clean-up"} 1"#,
    ] {
        assert!(text.lines().any(|other| other == line), "no line {line} in\n{text}");
    }
    let last = text
        .lines()
        .find_map(|line| line.strip_prefix(r#"monitor_job_last_success_timestamp_seconds{job="clean-up"} "#));
    let last: f64 = last.expect("there was a success").parse().expect("a number");
    let now = clock::wall().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64();
    assert!((now - 600.0..=now).contains(&last), "{last} is a time in seconds, and it is {now}");
}

#[test]
fn too_many_names_share_one_series_and_are_counted() {
    let monitor = monitor();
    (0..300).for_each(|number| ready(monitor.job(format!("job-{number}"), done(()))));
    assert_eq!(job(&monitor, "_overflow").started, 300 - 256);
}

#[test]
fn a_disabled_monitor_runs_the_job_all_the_same() {
    assert_eq!(ready(Monitor::disabled().job("clean-up", done(Ok::<_, BoxError>(7)))).unwrap(), 7);
    let monitor = builder().build().unwrap();
    flush(&monitor);
    assert!(monitor.jobs().is_empty());
}
