//! The log reporter: writes error events, and changes of issues and routes, as events of `tracing`.

mod process_ended;

use std::error::Error;

use tracing::Dispatch;

use super::{Signal, reporter::Reporter};
use crate::{
    base::clock,
    event::{ErrorEvent, EventKind},
    issue::Issue,
    model::{level::Level, method::KnownMethod},
};

/// Writes every error event, every change of an issue or a route, and the end of the last process to the log. On by
/// default.
///
/// | message | when | level |
/// | --- | --- | --- |
/// | `unhandled_exception` | a panic, an error returned by a service, a bare 5xx, a failed gRPC call | ERROR |
/// | `handled_exception` | an error the program captured or attached | ERROR |
/// | `captured_message` | a message the program captured, in the field `exception` | its own |
/// | `process_ended` | the last process was ended, with `end`, `last_release`, `last_seen`, `in_flight` | WARN |
/// | `process_ended` | the last process ended by itself, with the same fields | DEBUG |
/// | `route_disabled` | a route was disabled, with `route`, `actor`, `reason`, `until` | WARN |
/// | `issue_regressed` | a resolved issue came back, with its fields, `count`, `release`, `resolved_in` | WARN |
/// | `issue_changed` | a decision on an issue or the end of its mute, with `status`, `actor` | INFO |
/// | `route_enabled` | a route was enabled, with `route`, and `actor` unless it expired | INFO |
///
/// Fields of an error: `exception`, `exception_type`, `chain`, `location`, `file` and `line` (of the location, else of
/// the innermost frame of the program's own code), `trace` (the program's own frames), `request_id`, `trace_id`,
/// `method`, `path`, `route`, `user_id`, `fingerprint`, `release`, and `suppressed`, the number of errors of its site
/// since the event before that appear in counts only. All of it is redacted.
///
/// # Example
///
/// ```
/// use monitor_kit::{LogReporter, Monitor};
///
/// let subscriber = tracing_subscriber::fmt().finish();
/// let log = LogReporter::new().dispatch(tracing::Dispatch::new(subscriber));
/// let monitor = Monitor::builder("shop").log(log).build()?;
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct LogReporter {
    dispatch: Option<Dispatch>,
}

impl LogReporter {
    /// Creates a reporter that writes to the global subscriber.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes to this subscriber instead of the global one.
    #[must_use]
    pub fn dispatch(mut self, dispatch: Dispatch) -> Self {
        self.dispatch = Some(dispatch);
        self
    }
}

impl Reporter for LogReporter {
    fn name(&self) -> &str {
        "log"
    }

    fn report(&mut self, signal: &Signal) -> Result<(), Box<dyn Error + Send + Sync>> {
        match &self.dispatch {
            Some(dispatch) => tracing::dispatcher::with_default(dispatch, || log(signal)),
            None => log(signal),
        }
        Ok(())
    }
}

fn log(signal: &Signal) {
    match signal {
        Signal::Error(event) => write(event),
        Signal::ProcessEnded(ended) => process_ended::write(ended),
        Signal::RouteDisabled(disabled) => tracing::warn!(
            target: "monitor::switch",
            route = disabled.name(),
            actor = disabled.actor,
            reason = disabled.reason,
            until = disabled.until.map(clock::rfc3339),
            "route_disabled"
        ),
        Signal::RouteEnabled(enabled) => tracing::info!(
            target: "monitor::switch",
            route = enabled.disabled.name(),
            actor = enabled.actor,
            "route_enabled"
        ),
        Signal::IssueRegressed(issue) => write_regressed(issue),
        Signal::IssueChanged(change) => tracing::info!(
            target: "monitor::issue",
            fingerprint = %change.issue.fingerprint,
            exception = change.issue.message,
            status = change.issue.status.state.as_str(),
            actor = change.issue.status.actor,
            release = change.issue.status.in_release,
            "issue_changed"
        ),
        // monitor-health logs changes of health itself, because it also works without a monitor.
        Signal::Started(_) | Signal::IssueOpened(_) | Signal::IssueMilestone(_) | Signal::HealthChanged(_) => {}
    }
}

fn write_regressed(issue: &Issue) {
    let regression = issue.regression.as_ref();
    // Not every event is captured whole, so the latest sample may be older than the regression.
    let resolved_at = regression.and_then(|regression| regression.resolved.since);
    let event = issue.samples.last().filter(|event| resolved_at.is_none_or(|resolved| event.at > resolved));
    let texts = event.map(|event| Texts::new(event)).unwrap_or_default();
    let location = event.and_then(|event| event.known_location()).or(issue.location.as_ref());
    tracing::warn!(
        target: "monitor::issue",
        exception = issue.message,
        exception_type = issue.type_name,
        location = location.map(display),
        file = location.map(|at| at.file.as_str()),
        line = location.map(|at| at.line),
        request_id = texts.request_id,
        trace_id = texts.trace_id,
        method = event.and_then(|event| event.scope.method).map(KnownMethod::as_str),
        route = event.map(|event| event.scope.route.as_str()),
        fingerprint = %issue.fingerprint,
        count = issue.count,
        release = regression.map(|regression| regression.release.as_str()),
        resolved_in = regression.and_then(|regression| regression.resolved.in_release.as_deref()),
        "issue_regressed"
    );
}

/// Level and message are constants of a `tracing` callsite, so each combination needs its own.
macro_rules! write_at {
    ($level:ident, $message:literal, $event:ident, $texts:ident) => {
        tracing::$level!(
            target: "monitor::error",
            exception = $event.failure.message,
            exception_type = &*$event.failure.type_name,
            chain = $texts.chain,
            location = $event.failure.location.as_ref().map(display),
            file = $event.known_location().map(|at| at.file.as_str()),
            line = $event.known_location().map(|at| at.line),
            trace = $texts.trace,
            request_id = $texts.request_id,
            trace_id = $texts.trace_id,
            method = $event.scope.method.map(KnownMethod::as_str),
            path = $event.scope.path,
            route = $event.scope.route,
            user_id = $event.scope.user,
            fingerprint = $texts.fingerprint,
            release = $event.identity.release(),
            suppressed = $texts.suppressed,
            $message
        )
    };
}

fn write(event: &ErrorEvent) {
    let texts = Texts::new(event);
    match (event.failure.kind, event.failure.level, event.failure.handled) {
        (EventKind::Message, Level::Debug, _) => write_at!(debug, "captured_message", event, texts),
        (EventKind::Message, Level::Info, _) => write_at!(info, "captured_message", event, texts),
        (EventKind::Message, Level::Warn, _) => write_at!(warn, "captured_message", event, texts),
        (EventKind::Message, Level::Error, _) => write_at!(error, "captured_message", event, texts),
        (_, _, true) => write_at!(error, "handled_exception", event, texts),
        (_, _, false) => write_at!(error, "unhandled_exception", event, texts),
    }
}

/// Fields that are texts in the log only. `None` fields are left out of the line.
#[derive(Default)]
struct Texts {
    chain: Option<String>,
    trace: Option<String>,
    request_id: Option<String>,
    trace_id: Option<String>,
    fingerprint: String,
    suppressed: Option<u64>,
}

impl Texts {
    fn new(event: &ErrorEvent) -> Self {
        let joined = |lines: Vec<String>| (!lines.is_empty()).then(|| lines.join("\n"));
        Self {
            chain: joined(event.failure.chain.iter().map(|cause| cause.message.clone()).collect()),
            trace: joined(event.own_frames().take(MAX_FRAMES).map(ToString::to_string).collect()),
            request_id: event.scope.request_id.as_ref().map(ToString::to_string),
            trace_id: event.scope.trace_id.map(|id| id.to_string()),
            fingerprint: event.fingerprint.to_string(),
            suppressed: Some(event.suppressed).filter(|suppressed| *suppressed > 0),
        }
    }
}

const MAX_FRAMES: usize = 20;
