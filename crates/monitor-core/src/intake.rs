//! The intake: one thread that turns raw captures into events and issues.
//!
//! It resolves symbols, redacts, asks `before_report`, fingerprints, updates the issues and publishes signals: all that
//! is too slow for a request.

use std::{
    borrow::Cow,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Once, atomic::AtomicBool},
    time::{Duration, SystemTime},
};

use backtrace::Backtrace;
use uuid::Uuid;

use crate::{
    Cause, CodeLocation, ErrorEvent, EventKind, Fingerprint, Frame, Grouping, Level, Signal, clock,
    drops::Reason,
    event::Excerpts,
    grouping::in_app::InApp,
    monitor::Shared,
    panic,
    queue::{Handler, Queue},
    reporter::Outlets,
    scope::ScopeRecord,
    source::Source,
};

/// A failure as the request's thread hands it over.
#[derive(Debug)]
pub(crate) struct RawEvent {
    pub(crate) id: Uuid,
    pub(crate) at: SystemTime,
    pub(crate) kind: EventKind,
    pub(crate) handled: bool,
    pub(crate) level: Level,
    pub(crate) type_name: Cow<'static, str>,
    pub(crate) message: String,
    pub(crate) chain: Vec<Cause>,
    pub(crate) location: Option<CodeLocation>,
    pub(crate) backtrace: Option<Backtrace>,
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
    /// Resolves one trace for nobody: the first resolution in a process reads the debug information, which takes tens
    /// of milliseconds. A process that may abort has none to spare: its last event has no backtrace, and must get out.
    fn begin(&mut self) {
        static RESOLVED: Once = Once::new();
        if !cfg!(panic = "abort") {
            RESOLVED.call_once(|| Backtrace::new_unresolved().resolve());
        }
    }

    fn handle(&mut self, raw: RawEvent) {
        let (source, suppressed) = (Arc::clone(&raw.source), raw.suppressed);
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
        let added = self.shared.issues.add(event, &source);
        self.shared.note_change();
        if let Some(event) = added.event {
            self.outlets.publish(Signal::Error(event));
        }
        added.signals.into_iter().for_each(|signal| self.outlets.publish(signal));
    }
}

impl Intake {
    fn resolve(&mut self, raw: RawEvent) -> ErrorEvent {
        let mut backtrace = raw.backtrace.map(|trace| frames(trace, &self.shared.in_app)).unwrap_or_default();
        if let Some(excerpts) = &mut self.excerpts {
            excerpts.add_to(&mut backtrace);
        }
        ErrorEvent {
            id: raw.id,
            at: raw.at,
            kind: raw.kind,
            handled: raw.handled,
            level: raw.level,
            type_name: raw.type_name.into_owned(),
            message: raw.message,
            chain: raw.chain,
            location: raw.location,
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

/// Resolves a backtrace, without the frames of the capture itself.
fn frames(mut backtrace: Backtrace, in_app: &InApp) -> Vec<Frame> {
    backtrace.resolve();
    let symbols = backtrace.frames().iter().flat_map(|frame| frame.symbols());
    let frames = symbols.map(|symbol| {
        let function = symbol.name().map_or_else(|| String::from("?"), |name| format!("{name:#}"));
        let location = symbol.filename().map(|file| CodeLocation {
            file: file.display().to_string(),
            line: symbol.lineno().unwrap_or(0),
            column: symbol.colno().unwrap_or(0),
        });
        let in_app = in_app.owns(&function, location.as_ref().map(|at| at.file.as_str()));
        Frame { function: short(function), location, in_app, excerpt: None }
    });
    let frames: Vec<_> = frames.take(FRAMES).collect();
    let capture = frames.iter().take(CAPTURE_DEPTH).rposition(|frame| is_capture(&frame.function));
    frames.into_iter().skip(capture.map_or(0, |at| at + 1)).collect()
}

/// Cuts the name of a function whose type parameters fill a page.
fn short(mut name: String) -> String {
    if let Some((at, _)) = name.char_indices().nth(NAME) {
        name.truncate(at);
        name.push('…');
    }
    name
}

fn is_capture(function: &str) -> bool {
    CAPTURE.iter().any(|part| function.contains(part))
}

/// Functions that are called between the failure and the moment the backtrace is taken.
const CAPTURE: [&str; 5] = [
    "core::panicking::",
    "rust_begin_unwind",
    "monitor_core::panic::note",
    "monitor_core::capture::",
    "backtrace::trace",
];

/// How many frames lie between them at most.
const CAPTURE_DEPTH: usize = 30;

const SLOW: Duration = Duration::from_millis(100);

const NAME: usize = 160;

const FRAMES: usize = 100;
