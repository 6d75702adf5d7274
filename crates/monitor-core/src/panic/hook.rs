//! The panic hook: it notes place, thread and backtrace on the thread that panics.

use std::{
    borrow::Cow,
    cell::Cell,
    io::{self, Write},
    panic::{PanicHookInfo, set_hook, take_hook},
    sync::Once,
    thread,
    time::Duration,
};

use super::{
    Last, Note, WATCHED, leave,
    payload::{Kind, NO_TEXT, text_of},
    unclaimed,
};
use crate::{
    escape,
    event::CodeLocation,
    scope::{self, Scope},
    symbols::RawBacktrace,
};

/// Installs the hook, once in a process, in front of the one that is there.
pub(crate) fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = take_hook();
        set_hook(Box::new(move |info| on_panic(info, &previous)));
    });
}

fn on_panic(info: &PanicHookInfo<'_>, previous: &(dyn Fn(&PanicHookInfo<'_>) + Send + Sync)) {
    let scope = scope::current().filter(|scope| scope.monitor().hooks_panics());
    // A panic that aborts the process is never caught.
    let is_watched = !cfg!(panic = "abort") && WATCHED.try_with(Cell::get).unwrap_or_default();
    let note = note(info, scope.as_ref());
    // Where nothing of ours catches the panic, the previous hook may be the only one that reports it.
    let is_reported = is_watched || (scope.is_some() && cfg!(panic = "abort"));
    if !is_reported || scope.as_ref().is_some_and(|scope| scope.monitor().chains_panics()) {
        previous(info);
    }
    match scope {
        Some(scope) if cfg!(panic = "abort") => last_words(&scope, note, info),
        _ if is_watched => leave(Last::Noted(Box::new(note))),
        // The thread that joins this one may resume its panic in a request.
        _ => unclaimed::leave(note),
    }
}

fn note(info: &PanicHookInfo<'_>, scope: Option<&Scope>) -> Note {
    let location = info.location().map(CodeLocation::from);
    let message = text_of(info.payload()).unwrap_or_default();
    let wanted = !cfg!(panic = "abort")
        && scope.is_none_or(|scope| scope.monitor().wants_backtrace(location.as_ref(), scope, &message));
    let thread = thread::current().name().unwrap_or_default().to_owned();
    Note { kind: Kind::of(info.payload()), location, backtrace: wanted.then(RawBacktrace::capture), thread }
}

fn last_words(scope: &Scope, note: Note, info: &PanicHookInfo<'_>) {
    let monitor = scope.monitor();
    let message = text_of(info.payload()).unwrap_or(Cow::Borrowed(NO_TEXT));
    let place = note.location.as_ref().map_or_else(|| String::from("unknown place"), ToString::to_string);
    let masked = monitor.redaction().bounded(&message);
    let masked = escape::readable(&masked);
    let (method, route, id) = (scope.method().as_str(), scope.route(), scope.id());
    let _ = writeln!(io::stderr(), "panic in {method} {route} at {place}: {masked} (request_id {id}), aborting");
    monitor.capture_last_panic(scope, note, message.into_owned());
    monitor.flush(LAST_FLUSH);
}

const LAST_FLUSH: Duration = Duration::from_millis(200);
