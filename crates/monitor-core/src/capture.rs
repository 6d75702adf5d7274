//! Capture: turns an error in hand into an event on its way to the intake.
//!
//! Capture runs on the thread of the error, often on a request's path. It therefore only counts the error at its site
//! and, if the site admits it, copies the scope and the stack's return addresses; the intake does the rest.

mod draft;
pub(crate) mod job;
pub(crate) mod observed;
pub(crate) mod panic_hook;
mod panic_payload;
#[cfg(feature = "tokio")]
pub(crate) mod spawn;
#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    hash::{DefaultHasher, Hash, Hasher},
    panic::Location,
    thread,
};

use uuid::Uuid;

use self::{draft::Draft, observed::ObservedError, panic_payload::Payload};
use crate::{
    base::{
        bounded::bounded,
        clock::{self, Moment},
        drops::DropReason,
        mark::{self, mark},
    },
    event::{EventKind, any_error::AnyError, rules::Ignore, type_names::Cause},
    model::{code_location::CodeLocation, grpc_code::GrpcCode, level::Level},
    monitor::{Monitor, intake::RawEvent},
    panic::{CaughtPanic, Note},
    scope::{self, Scope},
    symbols::{OwnBacktrace, RawBacktrace},
    text,
};

/// Captures `error`, with its chain of causes, in the current scope. Does nothing outside a scope;
/// [`Monitor::capture_error`] needs none.
///
/// The event is marked as handled, because the code that captures an error deals with it.
///
/// # Example
///
/// ```
/// # fn charge() -> Result<(), std::io::Error> { Ok(()) }
/// use monitor_kit::capture_error;
///
/// if let Err(error) = charge() {
///     capture_error(&error);
/// }
/// ```
///
/// The event's place is the caller's, and its function comes from the backtrace. This function is always inlined: a
/// call at the end of a function could otherwise replace that function on the stack.
///
/// # Example: an error in a box
///
/// ```
/// # fn charge() -> Result<(), Box<dyn std::error::Error + Send + Sync>> { Ok(()) }
/// use monitor_kit::CaptureExt;
///
/// let charged = charge().capture();
/// ```
#[track_caller]
#[inline(always)]
pub fn capture_error<E: AnyError<M> + ?Sized, M>(error: &E) {
    if let Some(scope) = scope::current() {
        scope.monitor().capture(Some(&scope), error, Location::caller());
    }
}

/// Captures an error of anyhow with its own backtrace in the current scope, as [`Monitor::capture_anyhow`] does. Does
/// nothing outside a scope.
///
/// # Example
///
/// ```
/// # fn charge() -> Result<(), anyhow::Error> { Ok(()) }
/// use monitor_kit::capture_anyhow;
///
/// if let Err(error) = charge() {
///     capture_anyhow(error);
/// }
/// ```
#[cfg(feature = "anyhow")]
#[track_caller]
#[inline(always)]
pub fn capture_anyhow(error: anyhow::Error) {
    if let Some(scope) = scope::current() {
        scope.monitor().capture_owned(Some(&scope), error, Location::caller());
    }
}

/// Captures a message in the current scope. Does nothing outside a scope.
#[track_caller]
#[inline(always)]
pub fn capture_message(level: Level, message: impl Into<String>) {
    if let Some(scope) = scope::current() {
        scope.monitor().capture_text(Some(&scope), level, message.into(), Location::caller());
    }
}

/// Captures the error of a result in passing.
pub trait CaptureExt<M = ()> {
    /// Captures the error, if there is one, as [`capture_error`] does, and returns the result unchanged.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::CaptureExt;
    ///
    /// fn age(text: &str) -> Result<u8, std::num::ParseIntError> {
    ///     text.parse().capture()
    /// }
    /// # assert!(age("x").is_err());
    /// ```
    #[must_use]
    #[track_caller]
    fn capture(self) -> Self;
}

impl<T, E: AnyError<M>, M> CaptureExt<M> for Result<T, E> {
    // No closure here: `#[track_caller]` does not reach into one, and the caller's place would be lost.
    #[track_caller]
    #[inline(always)]
    fn capture(self) -> Self {
        if let Err(error) = &self {
            capture_error(error);
        }
        self
    }
}

impl Monitor {
    /// Captures `error`, with its chain of causes, in the current scope or outside of any.
    #[track_caller]
    #[inline(always)]
    pub fn capture_error<E: AnyError<M> + ?Sized, M>(&self, error: &E) {
        self.capture(scope::current().as_ref(), error, Location::caller());
    }

    /// Captures a message in the current scope or outside of any.
    #[track_caller]
    #[inline(always)]
    pub fn capture_message(&self, level: Level, message: impl Into<String>) {
        self.capture_text(scope::current().as_ref(), level, message.into(), Location::caller());
    }

    /// Captures an error of anyhow with its own backtrace, which shows where the error arose, in the current scope or
    /// outside of any.
    ///
    /// An error has a backtrace if `RUST_BACKTRACE` or `RUST_LIB_BACKTRACE` is set; without one it is captured as by
    /// [`capture_error`](Self::capture_error). The error is taken by value because its backtrace can only be formatted
    /// as text, which a thread of the monitor does.
    ///
    /// Formatting holds a lock of the standard library, the first time for a tenth of a second. Other threads that
    /// create an `anyhow::Error` or print a panic's backtrace wait for that lock.
    /// [`capture_error`](Self::capture_error) never makes them wait.
    #[cfg(feature = "anyhow")]
    #[track_caller]
    #[inline(always)]
    pub fn capture_anyhow(&self, error: anyhow::Error) {
        self.capture_owned(scope::current().as_ref(), error, Location::caller());
    }

    #[cfg(feature = "anyhow")]
    fn capture_owned(&self, scope: Option<&Scope>, error: anyhow::Error, at: &'static Location<'static>) {
        let Some(described) = self.describe(&error) else { return };
        let own = || {
            let has_one = error.backtrace().status() == std::backtrace::BacktraceStatus::Captured;
            has_one.then(|| OwnBacktrace::new(move || text::format(format_args!("{}", error.backtrace()))))
        };
        self.capture_described(scope, described, at, own);
    }

    fn capture<E: AnyError<M> + ?Sized, M>(&self, scope: Option<&Scope>, error: &E, at: &'static Location<'static>) {
        if let Some(described) = self.describe(error) {
            self.capture_described(scope, described, at, || None);
        }
    }

    /// Returns an error's type name, message and causes.
    fn describe<E: AnyError<M> + ?Sized, M>(&self, error: &E) -> Option<(Cow<'static, str>, String, Vec<Cause>)> {
        let types = &self.inner()?.shared.error_types;
        let message = text::format(format_args!("{}", error.as_error()));
        Some((types.name(error), message, types.causes(error.as_error())))
    }

    fn capture_described(
        &self,
        scope: Option<&Scope>,
        (type_name, message, chain): (Cow<'static, str>, String, Vec<Cause>),
        at: &'static Location<'static>,
        own_backtrace: impl FnOnce() -> Option<OwnBacktrace>,
    ) {
        let Some(inner) = self.inner() else { return };
        if inner.shared.ignore.has_type(names(&type_name, &chain)) {
            return self.ignore(scope, mark(&message));
        }
        let place = (place(at), hash_of_types(&type_name, &chain));
        let draft = |message| Draft {
            handled: true,
            type_name,
            message,
            chain,
            location: Some(at.into()),
            backtrace: Some(RawBacktrace::capture()),
            own_backtrace: own_backtrace(),
            ..Draft::new(EventKind::Error)
        };
        self.submit(scope, (EventKind::Error, place), Some(mark(&message)), message, draft);
    }

    fn capture_text(&self, scope: Option<&Scope>, level: Level, message: String, at: &'static Location<'static>) {
        // Only a message at level ERROR explains a failed response.
        let mark = (level == Level::Error).then(|| mark(&message));
        let draft = |message| Draft {
            handled: true,
            level,
            message,
            location: Some(at.into()),
            ..Draft::new(EventKind::Message)
        };
        self.submit(scope, (EventKind::Message, (place(at), level)), mark, bounded(message), draft);
    }

    /// Captures a caught panic in the current scope or outside of any, unless a scope further in already did.
    pub fn capture_panic(&self, caught: &mut CaughtPanic) {
        self.capture_caught(scope::current().as_ref(), caught);
    }

    fn capture_caught(&self, scope: Option<&Scope>, caught: &mut CaughtPanic) {
        if !self.is_enabled() {
            return;
        }
        let mark = caught.mark();
        // A panic resumed from another thread comes without a note; its mark tells whether this scope captured it
        // already.
        let is_seen = !caught.has_note() && scope.is_some_and(|scope| scope.has_seen(mark));
        // Already captured. The scope learns of it all the same, or its failed response would be one more event.
        if caught.is_captured_by(self.address()) || is_seen {
            if let Some(scope) = scope {
                scope.mark_captured(self, mark);
            }
            return;
        }
        if !caught.has_note() {
            self.warn_of_missing_hook();
        }
        let types = self.inner().map(|inner| &inner.shared.error_types);
        let payload = types.map(|types| caught.read(|payload| Payload::read(payload, types)));
        if let Some(payload) = payload {
            self.capture_note(scope, mark, caught.take_note(), payload);
        }
        caught.mark_captured(self.address());
    }

    /// Returns whether a panic in `scope` would be captured whole. If not, the hook takes no backtrace.
    pub(crate) fn wants_backtrace(&self, location: Option<&CodeLocation>, scope: &Scope, message: &str) -> bool {
        self.inner().is_some_and(|inner| {
            let place = |given: &[String]| {
                let place = (panic_place(location), given);
                inner.shared.sources.would_admit(place, scope.route(), message, clock::steady())
            };
            scope.with_fingerprint(place)
        })
    }

    /// Captures a panic in the hook, because nothing will catch it.
    pub(crate) fn capture_last_panic(&self, scope: &Scope, note: Note, message: String) {
        self.capture_note(Some(scope), mark(&message), Some(note), Payload::text(message));
    }

    fn capture_note(&self, scope: Option<&Scope>, mark: u64, note: Option<Note>, payload: Payload) {
        let Payload { type_name, message, chain } = payload;
        let location = note.as_ref().and_then(|note| note.location.clone());
        let draft = |message| {
            let thread = note.as_ref().map_or_else(String::new, |note| note.thread.clone());
            Draft {
                type_name,
                message,
                chain,
                location: location.clone(),
                backtrace: note.and_then(|note| note.backtrace),
                thread: Some(thread),
                ..Draft::new(EventKind::Panic)
            }
        };
        self.submit(scope, panic_place(location.as_ref()), Some(mark), message, draft);
    }

    /// Counts an ignored error, and marks the scope so that its status does not open an issue either.
    fn ignore(&self, scope: Option<&Scope>, mark: u64) {
        let Some(inner) = self.inner() else { return };
        if let Some(scope) = scope {
            scope.mark_captured(self, mark);
        }
        inner.shared.intake_drops.count(DropReason::Ignored);
    }

    /// Counts an error at its site, and sends it to the intake if the site admits it. Marks the scope first, unless
    /// `mark` is `None`: an error with a mark explains a failed response.
    fn submit(
        &self,
        scope: Option<&Scope>,
        (kind, place): (EventKind, impl Hash),
        mark: Option<u64>,
        message: String,
        draft: impl FnOnce(String) -> Draft,
    ) {
        let Some(inner) = self.inner() else { return };
        if let (Some(scope), Some(mark)) = (scope, mark) {
            scope.mark_captured(self, mark);
        }
        if scope.is_some_and(Scope::is_untracked) {
            inner.shared.intake_drops.count(DropReason::Untracked);
            return;
        }
        let route = scope.map_or("", Scope::route);
        if inner.shared.ignore.has(kind, route, &message) {
            inner.shared.intake_drops.count(DropReason::Ignored);
            return;
        }
        let at = Moment::now();
        let place = |given: &[String]| inner.shared.sources.find((kind, place, given), route, &message);
        let source = match scope {
            Some(scope) => scope.with_fingerprint(place),
            None => place(&[]),
        };
        let Some(source) = source else { return };
        // Throttled errors count as well: a site knows all of its users.
        let user_mark = scope.and_then(Scope::user).map(|user| inner.shared.sources.mark(&user));
        if let Some(mark) = user_mark {
            source.add_user(mark);
        }
        let admitted = inner.shared.sources.count(&source, at, || inner.shared.sampling.takes(kind));
        inner.shared.note_change();
        let Ok(admission) = admitted else { return };
        let draft = draft(message);
        let event = RawEvent {
            id: Uuid::new_v4(),
            at,
            kind: draft.kind,
            handled: draft.handled,
            level: draft.level,
            type_name: draft.type_name,
            message: draft.message,
            chain: draft.chain,
            location: draft.location,
            backtrace: draft.backtrace,
            own_backtrace: draft.own_backtrace,
            thread: draft.thread.unwrap_or_else(|| thread::current().name().unwrap_or_default().to_owned()),
            scope: scope.map(Scope::record).unwrap_or_default(),
            user_mark,
            suppressed: admission.suppressed,
            source: std::sync::Arc::clone(&source),
        };
        // The queue is full. The site may admit another error in place of this one.
        if !inner.intake.push(event) {
            source.readmit(admission);
        }
    }
}

impl Scope {
    /// Captures a caught panic in this scope, unless a scope further in already did.
    pub fn capture_panic(&self, caught: &mut CaughtPanic) {
        self.monitor().capture_caught(Some(self), caught);
    }

    /// Captures an error observed in this scope, unless the same error was captured in it before.
    pub fn capture_observed(&self, error: ObservedError) {
        let mark = mark(&error.message);
        // A captured error stays the same error when it is wrapped.
        if self.has_seen(mark) || error.chain.iter().any(|cause| self.has_seen(mark::mark(&cause.message))) {
            self.mark_captured(self.monitor(), mark);
            return;
        }
        let types = || names(&error.type_name, &error.chain);
        if self.monitor().inner().is_some_and(|inner| inner.shared.ignore.has_type(types())) {
            return self.monitor().ignore(Some(self), mark);
        }
        // The draft consumes the error, so the place is hashed beforehand.
        let at = error.location.as_ref().map(|at| (&at.file, at.line, at.column));
        let place = (error.kind, (hash(&at), hash_of_types(&error.type_name, &error.chain)));
        let draft = |message| Draft {
            handled: error.handled,
            type_name: error.type_name,
            message,
            chain: error.chain,
            location: error.location,
            ..Draft::new(error.kind)
        };
        self.monitor().submit(Some(self), place, Some(mark), bounded(error.message), draft);
    }

    /// Captures a response with a status of 500 or above, unless an error captured in this scope explains it.
    pub fn capture_status(&self, status: u16) {
        if self.needs_explanation(|ignore| ignore.statuses.contains(&status)) {
            self.capture_answer(u64::from(status), status.to_string(), "");
        }
    }

    /// Captures a gRPC call with a failure status, unless an error captured in this scope explains it. The event is
    /// `source`, the error behind the status, if there is one; else it has the status and its message.
    pub fn capture_grpc_status(&self, code: GrpcCode, message: &str, source: Option<ObservedError>) {
        if !self.needs_explanation(|ignore| ignore.grpc_codes.contains(&code)) {
            return;
        }
        match source {
            Some(source) => self.capture_observed(source),
            None => self.capture_answer(u64::from(code.number()), code.as_str().to_owned(), message),
        }
    }

    /// Returns whether a failed response becomes an event by itself. Counts it as dropped if it is ignored.
    fn needs_explanation(&self, is_ignored: impl FnOnce(&Ignore) -> bool) -> bool {
        if self.has_captured() {
            return false;
        }
        let Some(inner) = self.monitor().inner().filter(|inner| is_ignored(&inner.shared.ignore)) else { return true };
        inner.shared.intake_drops.count(DropReason::Ignored);
        false
    }

    fn capture_answer(&self, mark: u64, answer: String, message: &str) {
        let (method, route) = (self.method().as_str(), self.route());
        let message = match message {
            "" => format!("{method} {route} answered {answer} and no error was captured"),
            message => format!("{method} {route} answered {answer}: {message}"),
        };
        let place = (EventKind::Status, (answer.clone(), self.method()));
        let draft = |message| Draft { type_name: Cow::Owned(answer), message, ..Draft::new(EventKind::Status) };
        self.monitor().submit(Some(self), place, Some(mark), bounded(message), draft);
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Returns the type names of an error and its causes.
fn names<'a>(type_name: &'a str, chain: &'a [Cause]) -> impl Iterator<Item = &'a str> {
    [type_name].into_iter().chain(chain.iter().map(|cause| &*cause.type_name))
}

/// Hashes the type names of an error and its causes: errors with one message but different types have different sites.
fn hash_of_types(type_name: &str, chain: &[Cause]) -> u64 {
    let mut hasher = DefaultHasher::new();
    names(type_name, chain).for_each(|name| name.hash(&mut hasher));
    hasher.finish()
}

fn place(at: &'static Location<'static>) -> (&'static str, u32, u32) {
    (at.file(), at.line(), at.column())
}

fn panic_place(at: Option<&CodeLocation>) -> (EventKind, Option<(&str, u32, u32)>) {
    (EventKind::Panic, at.map(|at| (at.file.as_str(), at.line, at.column)))
}
