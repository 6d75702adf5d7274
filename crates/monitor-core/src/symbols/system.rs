//! Symbol resolution by the `backtrace` crate, for systems without `/proc/self/maps`. Captures wait for its lock while
//! it loads symbols.

use super::{RawBacktrace, StoredFrame, Symbol};

/// Does nothing: the first resolution loads the symbols.
pub(crate) fn load() {}

/// Does nothing: captures would wait for the lock.
pub(crate) fn warm(_: &RawBacktrace) {}

/// Returns the functions of a backtrace, including inlined ones, the innermost first.
pub(crate) fn resolve(backtrace: &RawBacktrace) -> Vec<Symbol> {
    let mut symbols = Vec::new();
    for call in backtrace.calls() {
        backtrace::resolve(std::ptr::without_provenance_mut(call), |symbol| {
            symbols.push(Symbol {
                function: symbol.name().map(|name| format!("{name:#}")).unwrap_or_default(),
                file: symbol.filename().map(|file| file.display().to_string()),
                line: symbol.lineno().unwrap_or_default(),
                column: symbol.colno().unwrap_or_default(),
            });
        });
    }
    symbols
}

/// Returns nothing, because addresses on these systems are not mapped to a file that another process could use.
pub(crate) fn locate(_: &RawBacktrace) -> Vec<StoredFrame> {
    Vec::new()
}

/// Returns nothing, as [`locate`] does.
pub(crate) fn resolve_stored(_: &[StoredFrame]) -> Vec<Symbol> {
    Vec::new()
}
