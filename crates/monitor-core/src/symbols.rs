//! Backtraces: captured as return addresses on the thread of the error, resolved to functions and lines by the intake.
//!
//! Capturing takes microseconds, whatever the intake does. The `backtrace` crate unwinds the stack, but does not
//! resolve it: it holds its process-wide lock while it loads symbols, which takes seconds in a debug build, and every
//! capture needs the same lock. `addr2line` resolves the addresses instead, without a lock that a capture takes.
//!
//! | build | physical frames | inlined frames |
//! | --- | --- | --- |
//! | `debug = 2`, `debug = 1` | path, file, line | path, file, line |
//! | `debug = "line-tables-only"` | path from the symbol table, file, line | name without its path, file, line |
//! | `debug = 0` | path from the symbol table | none |
//! | `strip = "symbols"` | module and offset | none |

#[cfg(target_os = "linux")]
mod module;
mod raw;
#[cfg(target_os = "linux")]
mod symbolizer;
#[cfg(not(target_os = "linux"))]
#[path = "symbols/system.rs"]
mod symbolizer;

pub(crate) use self::{
    raw::RawBacktrace,
    symbolizer::{load, resolve},
};

/// One function of a backtrace, as far as the build names it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Symbol {
    /// The demangled name without a hash; the module and the offset where the build has no name.
    pub(crate) function: String,
    pub(crate) file: Option<String>,
    pub(crate) line: u32,
    pub(crate) column: u32,
}
