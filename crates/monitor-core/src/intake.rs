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
    Cause, CodeLocation, ErrorEvent, EventKind, Fingerprint, Frame, Grouping, Level, Signal,
    clock::{self, Moment},
    drops::Reason,
    event::Excerpts,
    grouping::in_app::InApp,
    monitor::Shared,
    panic,
    queue::{Handler, Queue},
    reporter::Outlets,
    scope::ScopeRecord,
    source::Source,
    source_path,
    symbols::{self, RawBacktrace, Symbol},
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
        let mut backtrace = raw.backtrace.map(|raw| frames(&raw, &self.shared.in_app)).unwrap_or_default();
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

/// Resolves a backtrace, without the frames of the capture itself. Debug information that cannot be read costs the names.
fn frames(raw: &RawBacktrace, in_app: &InApp) -> Vec<Frame> {
    let symbols = panic::catch_printed(|| symbols::resolve(raw)).unwrap_or_else(|caught| {
        caught.dispose();
        Vec::new()
    });
    let frame = |symbol: Symbol| {
        let in_app = in_app.owns(&symbol.function, symbol.file.as_deref());
        let place = |file| CodeLocation { file, line: symbol.line, column: symbol.column };
        Frame { location: symbol.file.map(place), function: short(symbol.function), in_app, excerpt: None }
    };
    let mut frames: Vec<_> = symbols.into_iter().map(frame).collect();
    frames.drain(..capture_len(&frames));
    frames.truncate(FRAMES);
    frames
}

/// Returns how many frames lie between the failure and the capture of its backtrace: the panic machinery and ours.
fn capture_len(frames: &[Frame]) -> usize {
    let mut len = 0;
    for (at, frame) in frames.iter().take_while(|frame| !frame.in_app).enumerate() {
        if is_capture(frame) {
            len = at + 1;
        } else if at - len > GAP {
            break;
        }
    }
    len
}

/// Cuts the name of a function whose type parameters fill a page.
fn short(mut name: String) -> String {
    if let Some((at, _)) = name.char_indices().nth(NAME) {
        name.truncate(at);
        name.push('…');
    }
    name
}

fn is_capture(frame: &Frame) -> bool {
    let file = frame.location.as_ref().map_or("", |at| &at.file);
    source_path::is_ours(file)
        || CAPTURE_FILES.iter().any(|part| file.contains(part))
        || CAPTURE_FUNCTIONS.iter().any(|part| frame.function.contains(part))
}

const CAPTURE_FUNCTIONS: [&str; 4] = ["core::panicking::", "rust_begin_unwind", "monitor_core::", "backtrace::trace"];

/// Line tables name inlined functions without their path.
const CAPTURE_FILES: [&str; 2] = ["/library/core/src/panicking.rs", "/backtrace-0."];

/// How many other functions, such as the call of a boxed closure, lie between two frames of a capture.
const GAP: usize = 4;

const SLOW: Duration = Duration::from_millis(100);

const NAME: usize = 160;

const FRAMES: usize = 100;
