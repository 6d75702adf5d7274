//! The intake: one thread that turns raw captures into events and issues.
//!
//! It resolves symbols, redacts, asks `before_report`, fingerprints, updates the issues and publishes signals: all that
//! is too slow for a request.

use std::{
    borrow::Cow,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use uuid::Uuid;

use crate::{
    Cause, CodeLocation, ErrorEvent, EventKind, Fingerprint, Grouping, Level, Signal,
    clock::{self, Moment},
    drops::Reason,
    event::{Excerpts, frames},
    monitor::Shared,
    panic,
    queue::{Handler, Queue},
    reporter::Outlets,
    scope::ScopeRecord,
    source::Source,
    symbols::{self, RawBacktrace},
};

/// A failure as the request's thread hands it over.
#[derive(Debug)]
pub(crate) struct RawEvent {
    pub(crate) id: Uuid,
    pub(crate) at: Moment,
    pub(crate) kind: EventKind,
    pub(crate) handled: bool,
    pub(crate) level: Level,
    pub(crate) type_name: Cow<'static, str>,
    pub(crate) message: String,
    pub(crate) chain: Vec<Cause>,
    pub(crate) location: Option<CodeLocation>,
    pub(crate) backtrace: Option<RawBacktrace>,
    pub(crate) thread: String,
    pub(crate) scope: ScopeRecord,
    pub(crate) user_mark: Option<u64>,
    pub(crate) suppressed: u64,
    pub(crate) source: Arc<Source>,
}

/// May change an event before it is reported, or drop it by returning `None`.
pub(crate) type BeforeReport = Box<dyn FnMut(ErrorEvent) -> Option<ErrorEvent> + Send>;

pub(crate) struct Intake {
    pub(crate) shared: Arc<Shared>,
    pub(crate) outlets: Arc<Outlets>,
    pub(crate) before_report: Option<BeforeReport>,
    /// `None` where no source is to be shown.
    pub(crate) excerpts: Option<Excerpts>,
    /// Held so that the keeper ends last: what is taken in is to be saved.
    pub(crate) _keeper: Option<Arc<Queue<()>>>,
    /// Whether somebody was told that `before_report` is slow.
    pub(crate) is_told_slow: AtomicBool,
}

impl Handler<RawEvent> for Intake {
    /// Loads the symbols, which takes tens of milliseconds, before the first event needs them. A process that may abort
    /// has no time to spare: its last event has no backtrace, and must get out.
    fn begin(&mut self) {
        if !cfg!(panic = "abort") {
            panic::quietly(symbols::load);
        }
    }

    fn handle(&mut self, raw: RawEvent) {
        let (source, suppressed, captured) = (Arc::clone(&raw.source), raw.suppressed, raw.at.steady);
        let mut event = self.resolve(raw);
        event.redact(&self.shared.redaction, self.shared.raw_paths);
        let Some(mut event) = self.ask(event) else {
            source.exclude(suppressed);
            return;
        };
        // Of what is masked: what was left of a secret in pieces, nobody would know again.
        event.grouping = Grouping::of(&event);
        event.fingerprint = self.shared.issues.of(&source).unwrap_or_else(|| event.grouping.fingerprint());
        if event.bound() {
            self.shared.intake_drops.count(Reason::Shortened);
        }
        let added = self.shared.issues.add(event, &source, captured);
        self.shared.note_change();
        if let Some(event) = added.event {
            self.outlets.publish(Signal::Error(event));
        }
        added.signals.into_iter().for_each(|signal| self.outlets.publish(signal));
    }
}

impl Intake {
    fn resolve(&mut self, raw: RawEvent) -> ErrorEvent {
        let mut backtrace = raw.backtrace.map(|raw| frames::resolve(&raw, &self.shared.in_app)).unwrap_or_default();
        if let Some(excerpts) = &mut self.excerpts {
            excerpts.add_to(&mut backtrace);
        }
        let mut location = raw.location;
        // Last: the source is read by its whole path.
        let places = backtrace.iter_mut().filter_map(|frame| frame.location.as_mut()).chain(location.as_mut());
        places.for_each(CodeLocation::show);
        ErrorEvent {
            id: raw.id,
            at: raw.at.wall,
            kind: raw.kind,
            handled: raw.handled,
            level: raw.level,
            type_name: raw.type_name.into_owned(),
            message: raw.message,
            chain: raw.chain,
            location,
            backtrace,
            thread: raw.thread,
            scope: raw.scope,
            identity: Arc::clone(&self.shared.identity),
            fingerprint: Fingerprint::default(),
            grouping: Grouping::default(),
            suppressed: raw.suppressed,
            muted: false,
            user_mark: raw.user_mark,
        }
    }

    /// Asks `before_report`. A panic in it is counted, and the event goes on as it was; one that takes its time is counted as
    /// well.
    fn ask(&mut self, event: ErrorEvent) -> Option<ErrorEvent> {
        let Some(before_report) = &mut self.before_report else { return Some(event) };
        let (untouched, begun) = (event.clone(), clock::now());
        let asked = catch_unwind(AssertUnwindSafe(|| before_report(event)));
        let took = clock::now().saturating_duration_since(begun);
        if took > SLOW {
            self.shared.intake_drops.count(Reason::BeforeReportSlow);
            panic::once(&self.is_told_slow, || {
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
                self.shared.intake_drops.count(Reason::BeforeReport);
                None
            }
            Err(payload) => {
                panic::dispose(payload);
                self.shared.intake_drops.count(Reason::BeforeReportPanicked);
                Some(untouched)
            }
        }
    }
}

impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake").finish_non_exhaustive()
    }
}

const SLOW: Duration = Duration::from_millis(100);
