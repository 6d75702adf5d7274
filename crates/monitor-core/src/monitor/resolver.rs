//! The resolver: one thread that gives events their functions, groups them and publishes signals.
//!
//! It resolves symbols, which may take seconds while they load, asks `before_report`, fingerprints and updates the issues.
//! The events that wait for it are stored unresolved, where anything is.

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
    signal::{Signal, reporter::Reporters},
    symbols,
};

/// May change an event before it is reported, or drop it by returning `None`.
pub(crate) type BeforeReport = Box<dyn FnMut(ErrorEvent) -> Option<ErrorEvent> + Send>;

pub(crate) struct Resolver {
    pub(crate) shared: Arc<Shared>,
    pub(crate) outlets: Arc<Reporters>,
    pub(crate) before_report: Option<BeforeReport>,
    /// `None` where no source is to be shown.
    pub(crate) excerpts: Option<Excerpts>,
    /// Held so that the saver ends last and saves what this thread adds.
    pub(crate) _saver: Option<Arc<Queue<()>>>,
    /// Whether the log has a warning that `before_report` is slow.
    pub(crate) has_warned: AtomicBool,
}

impl Handler<Unresolved> for Resolver {
    /// Loads the symbols, which takes tens of milliseconds, before the first event needs them. A process that may abort
    /// has no time to spare: its last event has no backtrace, and must get out.
    fn begin(&mut self) {
        if !cfg!(panic = "abort") {
            unwind::catch_and_drop(symbols::load);
        }
        symbols::LOADING.end();
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
        let own_frame = event.backtrace.iter().find(|frame| frame.in_app);
        if let Some(arose) = own_frame.and_then(|frame| frame.location.clone()).filter(|_| is_own) {
            event.location = Some(arose);
        }
        if let Some(excerpts) = &mut self.excerpts {
            excerpts.add_to(&mut event.backtrace);
        }
        for frame in &mut event.backtrace {
            if let Some(excerpt) = &mut frame.excerpt {
                excerpt.redact(&self.shared.redaction);
            }
            // Last: the source is read by its whole path.
            frame.location.iter_mut().for_each(CodeLocation::show);
        }
        event.location.iter_mut().for_each(CodeLocation::show);
        event
    }

    fn add(&self, mut event: ErrorEvent, source: &Arc<Site>, captured: i64) {
        // By the masked event: pieces of a secret in a fingerprint could not be masked any more.
        event.grouping = Grouping::of(&event);
        event.fingerprint = self.shared.issues.of(source).unwrap_or_else(|| event.grouping.fingerprint());
        if event.bound() {
            self.shared.intake_drops.count(DropReason::Shortened);
        }
        let added = self.shared.issues.add(event, source, captured);
        if let Some(event) = added.event {
            self.outlets.publish(Signal::Error(event));
        }
        added.signals.into_iter().for_each(|signal| self.outlets.publish(signal));
    }

    /// Asks `before_report`. A panic in it is counted, and the event goes on as it was; one that takes its time is counted as
    /// well.
    fn ask(&mut self, event: ErrorEvent) -> Option<ErrorEvent> {
        let Some(before_report) = &mut self.before_report else { return Some(event) };
        let (untouched, begun) = (event.clone(), clock::now());
        let asked = catch_unwind(AssertUnwindSafe(|| before_report(event)));
        let took = clock::now().saturating_duration_since(begun);
        if took > SLOW {
            self.shared.intake_drops.count(DropReason::BeforeReportSlow);
            unwind::once(&self.has_warned, || {
                tracing::warn!(target: "monitor", took_ms = took.as_millis(), "before_report is slow, and holds up every event");
            });
        }
        match asked {
            Ok(Some(mut event)) => {
                // What it added is masked as well.
                event.redact(&self.shared.redaction, true);
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
