//! Resolves a backtrace to function names and lines, marks the program's own frames, and removes the frames of the
//! capture itself.

use super::{Frame, grouping::in_app::InApp};
use crate::{
    model::{code_location::CodeLocation, source_path},
    panic,
    symbols::{self, OwnBacktrace, RawBacktrace, StoredFrame, Symbol},
};

/// The addresses of a backtrace, captured in this process or stored by an earlier one.
#[derive(Debug)]
pub(crate) enum Trace {
    Here {
        /// Backtrace of the error itself. Preferred over `here`, unless it has no symbols.
        own: Option<OwnBacktrace>,
        here: RawBacktrace,
    },
    Stored(Vec<StoredFrame>),
}

/// Resolves a backtrace, to at most [`MAX_FRAMES`] frames. Returns no frames if reading the debug information panics.
pub(crate) fn resolve(trace: Trace, in_app: &InApp) -> Vec<Frame> {
    let resolve = || match trace {
        Trace::Here { own: None, here } => symbols::resolve(&here),
        Trace::Here { own: Some(own), here } => match own.resolve() {
            none if none.is_empty() => symbols::resolve(&here),
            symbols => symbols,
        },
        Trace::Stored(frames) => symbols::resolve_stored(&frames),
    };
    let symbols = panic::catch_printed(resolve).unwrap_or_else(|caught| {
        caught.drop_payload();
        Vec::new()
    });
    let frame = |symbol: Symbol| {
        let place = |file| CodeLocation { file, line: symbol.line, column: symbol.column };
        let location = symbol.file.map(place);
        Frame { location, function: short(symbol.function), in_app: false, excerpt: None }
    };
    let mut frames: Vec<_> = symbols.into_iter().map(frame).collect();
    judge(&mut frames, in_app);
    frames.truncate(MAX_FRAMES);
    frames
}

/// Marks the program's own frames, and removes the frames of the capture.
pub(crate) fn judge(frames: &mut Vec<Frame>, in_app: &InApp) {
    for frame in frames.iter_mut() {
        frame.in_app = in_app.owns(&frame.function, frame.location.as_ref().map(|at| at.file.as_str()));
    }
    frames.drain(..capture_len(frames));
}

/// Returns the number of frames between the failure and the capture of its backtrace: those of the panic machinery and
/// of this crate.
fn capture_len(frames: &[Frame]) -> usize {
    let mut len = 0;
    for (at, frame) in frames.iter().take_while(|frame| !frame.in_app).enumerate() {
        if is_capture(frame) {
            len = at + 1;
        } else if at - len > GAP {
            // Frames further out belong to the failure, even if a name looks like the capture's.
            break;
        }
    }
    len
}

fn is_capture(frame: &Frame) -> bool {
    let file = frame.location.as_ref().map_or("", |at| &at.file);
    source_path::is_ours(file)
        || CAPTURE_FILES.iter().any(|part| file.contains(part))
        || CAPTURE_FUNCTIONS.iter().any(|part| frame.function.contains(part))
}

/// Cuts a function name at [`MAX_NAME_CHARS`]: type parameters can fill a page.
fn short(mut name: String) -> String {
    if let Some((at, _)) = name.char_indices().nth(MAX_NAME_CHARS) {
        name.truncate(at);
        name.push('…');
    }
    name
}

const CAPTURE_FUNCTIONS: [&str; 4] = ["core::panicking::", "rust_begin_unwind", "monitor_core::", "backtrace::trace"];

/// Matched by file, because line tables name inlined functions without their path.
const CAPTURE_FILES: [&str; 2] = ["/library/core/src/panicking.rs", "/backtrace-0."];

/// Maximum number of unrelated frames, such as the call of a boxed closure, between two frames of a capture.
const GAP: usize = 4;

const MAX_FRAMES: usize = 100;
const MAX_NAME_CHARS: usize = 160;
