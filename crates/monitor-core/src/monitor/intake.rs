//! The intake: one thread that redacts raw captures, so that they can be stored before their symbols are resolved.
//!
//! Redaction and symbols are too slow for a request's thread, which therefore only copies and sends. The queue before
//! the intake is bounded: a full one drops and counts.

use std::{borrow::Cow, sync::Arc, time::Duration};

use uuid::Uuid;

use super::shared::Shared;
use crate::{
    base::{
        clock::{self, Moment},
        queue::{Handler, Queue},
    },
    event::{ErrorEvent, EventKind, ScopeRecord, frames::Trace, grouping::Grouping, type_names::Cause},
    issue::{Unresolved, site::Site},
    model::{code_location::CodeLocation, fingerprint::Fingerprint, level::Level},
    symbols::{self, OwnBacktrace, RawBacktrace},
};

/// A failure as captured on the thread where it happened, before redaction.
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
    pub(crate) own_backtrace: Option<OwnBacktrace>,
    pub(crate) thread: String,
    pub(crate) scope: ScopeRecord,
    pub(crate) user_mark: Option<u64>,
    pub(crate) suppressed: u64,
    pub(crate) source: Arc<Site>,
}

#[derive(Debug)]
pub(crate) struct Intake {
    pub(crate) shared: Arc<Shared>,
    pub(crate) resolver: Arc<Queue<Unresolved>>,
}

impl Handler<RawEvent> for Intake {
    fn handle(&mut self, mut raw: RawEvent) {
        let (backtrace, own) = (raw.backtrace.take(), raw.own_backtrace.take());
        let (source, captured) = (Arc::clone(&raw.source), raw.at.steady);
        let mut event = self.event(raw);
        event.redact(&self.shared.redaction, self.shared.raw_paths);
        event.grouping = Grouping::of(&event);
        event.fingerprint = event.grouping.fingerprint();
        // Only a store needs the event before its symbols are resolved.
        if self.shared.wake.get().is_some() {
            let frames = backtrace.as_ref().map(symbols::locate).unwrap_or_default();
            self.shared.unresolved.hold(&event, frames, &source);
            self.shared.note_change();
        }
        let trace = backtrace.map(|here| Trace::Here { own, here });
        // Waits for room instead of dropping: only the intake's own queue must never make a request wait.
        self.resolver.push_waiting(Unresolved { event, trace, source, captured });
    }

    fn flush(&mut self) {
        let deadline = clock::after(PATIENCE);
        let _ = self.resolver.flush(deadline).wait(deadline);
    }

    fn end(&mut self) {
        let deadline = clock::after(PATIENCE);
        let _ = self.resolver.stop(deadline).wait(deadline);
    }
}

impl Intake {
    fn event(&self, raw: RawEvent) -> ErrorEvent {
        let mut location = raw.location;
        location.iter_mut().for_each(CodeLocation::show);
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
            backtrace: Vec::new(),
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
}

/// Maximum time that a flush waits for a `before_report` that hangs. The flush's caller has a shorter deadline of its
/// own.
const PATIENCE: Duration = Duration::from_secs(60 * 60);
