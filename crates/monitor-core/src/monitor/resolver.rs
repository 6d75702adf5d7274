//! The resolver: one thread that resolves events' functions, groups the events and publishes signals.
//!
//! It resolves symbols, which may take seconds while they load, calls `before_report`, computes fingerprints and
//! updates the issues. If there is a store, the events in its queue are stored unresolved.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use super::shared::Shared;
use crate::{
    base::{
        clock,
        drops::DropReason,
        queue::{Handler, Queue},
        unwind,
    },
    event::{
        ErrorEvent, Excerpts,
        frames::{self, Trace},
        grouping::Grouping,
    },
    issue::{Unresolved, site::Site},
    model::code_location::CodeLocation,
    signal::{Signal, reporters::Reporters},
    symbols::{self, RawBacktrace},
};

/// A function that may change an event before it is reported, or drop it by returning `None`.
pub(crate) type BeforeReport = Box<dyn FnMut(ErrorEvent) -> Option<ErrorEvent> + Send>;

pub(crate) struct Resolver {
    pub(crate) shared: Arc<Shared>,
    pub(crate) reporters: Arc<Reporters>,
    pub(crate) before_report: Option<BeforeReport>,
    /// `None` if source excerpts are turned off.
    pub(crate) excerpts: Option<Excerpts>,
    /// The stack of the thread that built the monitor.
    pub(crate) builder: RawBacktrace,
    /// Keeps the saver alive until this thread ends, so that it saves what this thread adds.
    pub(crate) _saver: Option<Arc<Queue<()>>>,
    /// Whether the warning about a slow `before_report` has been logged.
    pub(crate) has_warned: AtomicBool,
}

impl Handler<Unresolved> for Resolver {
    /// Loads the symbols, which takes tens of milliseconds, before the first event needs them. Not in a build that
    /// aborts on panic: its last event has no backtrace, and must not be delayed.
    fn begin(&mut self) {
        if !cfg!(panic = "abort") {
            unwind::catch_and_drop(symbols::load);
        }
        symbols::LOADING.end();
    }

    /// Reads what the first panic would wait for.
    fn idle(&mut self) {
        if !cfg!(panic = "abort") {
            unwind::catch_and_drop(|| symbols::warm(&self.builder));
        }
    }

    fn handle(&mut self, unresolved: Unresolved) {
        let Unresolved { event, trace, source, captured } = unresolved;
        let (id, suppressed) = (event.id, event.suppressed);
        let event = self.resolve(event, trace);
        match self.ask(event) {
            Some(event) => self.add(event, &source, captured),
            None => source.exclude(suppressed),
        }
        self.shared.unresolved.release(id);
        self.shared.note_change();
    }
}

impl Resolver {
    fn resolve(&mut self, mut event: ErrorEvent, trace: Option<Trace>) -> ErrorEvent {
        let is_own = matches!(trace, Some(Trace::Here { own: Some(_), .. }));
        event.backtrace = trace.map(|trace| frames::resolve(trace, &self.shared.in_app)).unwrap_or_default();
        // An error's own backtrace shows where the error arose; the capture's place is only where it was handled.
        let own_frame = event.backtrace.iter().find(|frame| frame.in_app);
        if let Some(arose) = own_frame.and_then(|frame| frame.location.clone()).filter(|_| is_own) {
            event.failure.location = Some(arose);
        }
        if let Some(excerpts) = &mut self.excerpts {
            excerpts.add_to(&mut event.backtrace);
        }
        for frame in &mut event.backtrace {
            if let Some(excerpt) = &mut frame.excerpt {
                excerpt.redact(&self.shared.redaction);
            }
            // After the excerpts: source files are found by their full path.
            frame.location.iter_mut().for_each(CodeLocation::show);
        }
        event.failure.location.iter_mut().for_each(CodeLocation::show);
        event
    }

    fn add(&self, mut event: ErrorEvent, source: &Arc<Site>, captured: i64) {
        // Grouped after masking: pieces of a secret in a fingerprint could not be masked later.
        event.grouping = Grouping::of(&event);
        // The first event of a site decides the issue of all later ones.
        event.fingerprint = self.shared.issues.issue_of(source).unwrap_or_else(|| event.grouping.fingerprint());
        if event.bound() {
            self.shared.intake_drops.count(DropReason::Shortened);
        }
        let added = self.shared.issues.add(event, source, captured);
        if let Some(event) = added.event {
            self.reporters.publish(Signal::Error(event));
        }
        added.signals.into_iter().for_each(|signal| self.reporters.publish(signal));
    }

    /// Calls `before_report`. If it panics, the panic is counted and the event is reported unchanged. A slow call is
    /// counted as well.
    fn ask(&mut self, event: ErrorEvent) -> Option<ErrorEvent> {
        let Some(before_report) = &mut self.before_report else { return Some(event) };
        let (untouched, begun) = (event.clone(), clock::now());
        let asked = catch_unwind(AssertUnwindSafe(|| before_report(event)));
        let took = clock::now().saturating_duration_since(begun);
        if took > SLOW {
            self.shared.intake_drops.count(DropReason::BeforeReportSlow);
            unwind::once(&self.has_warned, || {
                tracing::warn!(
                    target: "monitor",
                    took_ms = took.as_millis(),
                    "before_report is slow, and holds up every event"
                );
            });
        }
        match asked {
            Ok(Some(mut event)) => {
                // Texts added by `before_report` are masked as well.
                event.redact(&self.shared.redaction);
                Some(event)
            }
            Ok(None) => {
                self.shared.intake_drops.count(DropReason::BeforeReport);
                None
            }
            Err(payload) => {
                unwind::drop_payload(payload);
                self.shared.intake_drops.count(DropReason::BeforeReportPanicked);
                Some(untouched)
            }
        }
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").finish_non_exhaustive()
    }
}

const SLOW: Duration = Duration::from_millis(100);
