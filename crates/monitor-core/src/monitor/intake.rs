//! The intake: one thread that redacts raw captures, so that they can be stored before their symbols are resolved.
//!
//! Redaction and symbols are too slow for a request's thread, which therefore only copies and sends. The queue before
//! the intake is bounded: a full one drops and counts.

use std::{sync::Arc, time::Duration};

use uuid::Uuid;

use super::shared::Shared;
use crate::{
    base::{
        clock::{self, Moment},
        queue::{Handler, Queue},
    },
    event::{ErrorEvent, Failure, ScopeRecord, frames::Trace, grouping::Grouping},
    issue::{Unresolved, site::Site},
    model::{code_location::CodeLocation, fingerprint::Fingerprint},
    symbols::{self, Stack},
};

/// A failure as captured on the thread where it happened, before redaction.
#[derive(Debug)]
pub(crate) struct RawEvent {
    pub(crate) id: Uuid,
    pub(crate) at: Moment,
    pub(crate) failure: Failure,
    pub(crate) stack: Stack,
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
        let (here, own) = (raw.stack.here.take(), raw.stack.own.take());
        let (source, captured) = (Arc::clone(&raw.source), raw.at.steady);
        let mut event = self.event(raw);
        event.redact(&self.shared.redaction);
        if !self.shared.raw_paths {
            event.scope.hide_path();
        }
        event.grouping = Grouping::of(&event);
        event.fingerprint = event.grouping.fingerprint();
        // Only a store needs the event before its symbols are resolved.
        if self.shared.wake.get().is_some() {
            let frames = here.as_ref().map(symbols::locate).unwrap_or_default();
            self.shared.unresolved.hold(&event, frames, &source);
            self.shared.note_change();
        }
        let trace = here.map(|here| Trace::Here { own, here });
        // Waits for room instead of dropping: only the intake's own queue must never make a request wait.
        self.resolver.push_waiting(Unresolved { event, trace, source, captured });
    }

    fn flush(&mut self) {
        let _ = self.resolver.flush().wait(clock::after(PATIENCE));
    }

    fn end(&mut self) {
        let _ = self.resolver.stop().wait(clock::after(PATIENCE));
    }
}

impl Intake {
    fn event(&self, raw: RawEvent) -> ErrorEvent {
        let mut failure = raw.failure;
        failure.location.iter_mut().for_each(CodeLocation::show);
        ErrorEvent {
            id: raw.id,
            at: raw.at.wall,
            failure,
            backtrace: Vec::new(),
            thread: raw.stack.thread,
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
