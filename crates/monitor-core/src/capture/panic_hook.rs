//! The panic hook: records place, thread and backtrace on the thread that panics.
//!
//! A caught panic has only its payload. The hook leaves the rest in a note, which the code that catches the panic picks
//! up.

use std::{
    borrow::Cow,
    io::{self, Write},
    panic::{PanicHookInfo, set_hook, take_hook},
    sync::Once,
    time::Duration,
};

use crate::{
    base::escape,
    model::code_location::CodeLocation,
    panic::{self, NO_TEXT, Note, text_of},
    scope::{self, Scope},
    symbols::Stack,
};

/// Installs the hook, once per process, in front of the previous one.
pub(crate) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = take_hook();
        set_hook(Box::new(move |info| on_panic(info, &previous)));
    });
}

fn on_panic(info: &PanicHookInfo<'_>, previous: &(dyn Fn(&PanicHookInfo<'_>) + Send + Sync)) {
    let scope = scope::current().filter(|scope| scope.monitor().hooks_panics());
    let note = note(info, scope.as_ref());
    // If no monitor catches the panic, the previous hook may be the only one to report it.
    let is_reported = panic::is_watched() || (scope.is_some() && cfg!(panic = "abort"));
    if !is_reported || scope.as_ref().is_some_and(|scope| scope.monitor().chains_panics()) {
        previous(info);
    }
    match scope {
        Some(scope) if cfg!(panic = "abort") => last_words(&scope, note, info),
        // If this thread does not catch it, the thread that joins it may resume it in a request.
        _ => note.leave(),
    }
}

fn note(info: &PanicHookInfo<'_>, scope: Option<&Scope>) -> Note {
    let location = info.location().map(CodeLocation::from);
    let message = text_of(info.payload()).unwrap_or_default();
    // A backtrace is costly: it is taken only if the event will be captured whole, and not in a process that is about
    // to abort, which has no time to resolve it.
    let wanted = !cfg!(panic = "abort")
        && scope.is_none_or(|scope| scope.monitor().wants_backtrace(location.as_ref(), scope, &message));
    let stack = if wanted { Stack::capture() } else { Stack::of_thread() };
    Note::new(info.payload(), location, stack)
}

fn last_words(scope: &Scope, note: Note, info: &PanicHookInfo<'_>) {
    let monitor = scope.monitor();
    let message = text_of(info.payload()).unwrap_or(Cow::Borrowed(NO_TEXT));
    let place = shown(note.location.clone());
    let masked = monitor.redaction().bounded(&message);
    let masked = escape::readable(&masked);
    let (method, route, id) = (scope.method().as_str(), scope.route(), scope.id());
    let _ = writeln!(io::stderr(), "panic in {method} {route} at {place}: {masked} (request_id {id}), aborting");
    monitor.capture_last_panic(scope, note, message.into_owned());
    monitor.flush(LAST_FLUSH);
}

/// Returns a place without the paths of the machine that built the program.
fn shown(mut place: Option<CodeLocation>) -> String {
    place.iter_mut().for_each(CodeLocation::show);
    place.map_or_else(|| String::from("unknown place"), |place| place.to_string())
}

const LAST_FLUSH: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_an_aborting_panic_names_no_machine() {
        let file = "/home/ann/.cargo/registry/src/index-1949cf8c6b5b557f/axum-0.8.9/src/lib.rs";
        let place = CodeLocation { file: file.to_owned(), line: 7, column: 3 };
        assert_eq!(shown(Some(place)), "axum-0.8.9/src/lib.rs:7:3");
        assert_eq!(shown(None), "unknown place");
    }
}
