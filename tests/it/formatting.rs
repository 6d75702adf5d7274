//! A `Display` or `Debug` of the program that fails or panics loses only its own text.

use std::{error::Error, fmt, panic::panic_any};

use monitor_kit::{
    AttachedError, EventKind, Failure, MonitorLayer, Scope,
    log::{BreadcrumbLayer, JsonLayer, ReadableLayer},
    scope,
};
use serde_json::Value;
use tower::{Layer, ServiceExt};
use tracing::{error, info, info_span};

use crate::support::{Log, Text, call, causes, get, monitor, only_event, ready, service, status, through, watched};

/// Writes `half`, then fails or panics.
#[derive(Clone, Copy)]
enum Broken {
    Fails,
    Panics,
    CausedBy(&'static Self),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half")?;
        match self {
            Self::Panics => panic!("a bug in Display"),
            Self::Fails | Self::CausedBy(_) => Err(fmt::Error),
        }
    }
}

impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for Broken {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::CausedBy(cause) => Some(*cause),
            Self::Fails | Self::Panics => None,
        }
    }
}

const MARKED: &str = "half… [formatting failed]";

#[test]
fn a_captured_error_whose_display_fails_or_panics_is_an_event() {
    for broken in [Broken::Fails, Broken::Panics] {
        let (monitor, memory) = watched();
        let response = call(&MonitorLayer::new(&monitor), get("/"), || {
            monitor_kit::capture_error(&broken);
            status(200, "")
        });
        assert_eq!(response.status(), 200);
        assert_eq!(only_event(&monitor, &memory).failure.message, MARKED);
    }
}

#[test]
fn a_panic_with_an_error_whose_display_fails_or_panics_is_answered_and_an_event() {
    for broken in [Broken::Fails, Broken::Panics, Broken::CausedBy(&Broken::Panics)] {
        let (monitor, memory) = watched();
        let error = || Box::new(broken) as Box<dyn Error + Send + Sync>;
        let response = call::<Text>(&MonitorLayer::new(&monitor), get("/"), || panic_any(error()));
        assert_eq!(response.status(), 500);
        drop(response);
        let event = only_event(&monitor, &memory);
        assert_eq!((event.failure.kind, &*event.failure.message), (EventKind::Panic, MARKED));
        assert!(causes(&event).iter().all(|cause| *cause == MARKED));
    }
}

#[test]
fn an_attached_error_whose_display_fails_or_panics_leaves_the_response_as_it_is() {
    for broken in [Broken::Fails, Broken::Panics] {
        let (monitor, memory) = watched();
        let response = call(&MonitorLayer::new(&monitor), get("/"), || {
            let mut response = status(503, "");
            response.extensions_mut().insert(AttachedError::new(&broken));
            response
        });
        assert_eq!(response.status(), 503);
        let event = only_event(&monitor, &memory);
        assert_eq!((event.failure.kind, &*event.failure.message), (EventKind::Error, MARKED));
    }
}

#[test]
fn causes_that_cannot_be_formatted_are_marked_one_by_one() {
    let (monitor, memory) = watched();
    let error: Box<dyn Error + Send + Sync> = Box::new(Broken::CausedBy(&Broken::CausedBy(&Broken::Panics)));
    monitor.capture_error(&*error);
    assert_eq!(causes(&only_event(&monitor, &memory)), [MARKED, MARKED]);
}

#[test]
fn a_service_error_that_cannot_be_formatted_reaches_the_caller() {
    let (monitor, memory) = watched();
    let failing = MonitorLayer::new(&monitor).layer(service(|_| Err::<http::Response<Text>, _>(Broken::Panics)));
    assert!(matches!(ready(failing.oneshot(get("/"))), Err(Broken::Panics)));
    let event = only_event(&monitor, &memory);
    assert_eq!((event.failure.kind, &*event.failure.message), (EventKind::ServiceError, MARKED));
}

#[test]
fn a_text_of_gigabytes_is_cut_while_it_is_written() {
    struct Endless;
    impl fmt::Display for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            loop {
                f.write_str("0123456789 ")?;
            }
        }
    }
    let message = Failure::of_any(EventKind::Error, &Endless).message;
    assert!(message.starts_with("0123") && message.len() == 9 * 1024, "{} bytes", message.len());
}

/// Logs each broken value in each kind of field, in an event and in a span.
fn log_all() {
    for broken in [Broken::Fails, Broken::Panics] {
        let _span = info_span!("around", span_debug = ?broken, span_display = %broken).entered();
        error!(debug = ?broken, display = %broken, error = &broken as &dyn Error, after = 1, "message {broken}");
    }
}

#[test]
fn a_json_line_is_whole_whatever_its_fields_do() {
    let log = Log::default();
    through(JsonLayer::new(&monitor()).writer(log.writer()), log_all);
    let lines: Vec<Value> = log.text().lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert_eq!(lines.len(), 2);
    for line in lines {
        let fields = ["debug", "display", "error"].map(|key| line[key].as_str());
        assert_eq!(fields, [Some(MARKED); 3], "{line:#}");
        assert_eq!((&line["message"], &line["after"]), (&format!("message {MARKED}").into(), &1.into()));
        let span = &line["spans"][0];
        assert_eq!([&span["span_debug"], &span["span_display"]], [MARKED, MARKED], "{line:#}");
    }
}

#[test]
fn a_json_line_has_the_causes_behind_one_that_fails() {
    let log = Log::default();
    let error = Broken::CausedBy(&Broken::Panics);
    through(JsonLayer::new(&monitor()).writer(log.writer()), || info!(error = &error as &dyn Error, "charge"));
    assert!(log.text().contains(&format!("\"error\":\"{MARKED}: {MARKED}\"")), "{}", log.text());
}

#[test]
fn a_readable_line_is_whole_whatever_its_fields_do() {
    let log = Log::default();
    through(ReadableLayer::new(&monitor()).writer(log.writer()), log_all);
    let text = log.text();
    assert_eq!(text.lines().count(), 2, "{text}");
    for line in text.lines() {
        assert!(line.contains(&format!("message {MARKED}")) && line.contains(" after=1"), "{line}");
        assert!(line.contains(&format!(" debug=\"{MARKED}\" display=\"{MARKED}\" error=\"{MARKED}\"")), "{line}");
    }
}

#[test]
fn breadcrumbs_keep_what_was_written() {
    let (monitor, memory) = watched();
    through(BreadcrumbLayer::new(), || {
        Scope::new(&monitor).in_scope(|| {
            log_all();
            scope::set_tag("feature", "checkout");
            monitor_kit::capture_message("out of stock", monitor_kit::Level::Error);
        });
    });
    let crumbs = &only_event(&monitor, &memory).scope.breadcrumbs;
    assert_eq!(crumbs.len(), 2);
    for crumb in crumbs {
        assert_eq!(crumb.message, format!("message {MARKED}"));
        assert_eq!([&crumb.data["debug"], &crumb.data["error"]], [MARKED, MARKED], "{}", crumb.data);
    }
}
