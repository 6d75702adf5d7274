//! Backtraces: captured as return addresses on the thread of the error, and resolved to functions and lines by the
//! resolver thread.
//!
//! A capture takes microseconds, even while the resolver is busy. The `backtrace` crate only unwinds the stack. It does
//! not resolve addresses, because it holds its process-wide lock while it loads symbols, which takes seconds in a debug
//! build, and every capture needs the same lock. `addr2line` resolves the addresses instead, without a lock that
//! captures take.
//!
//! | build | physical frames | inlined frames |
//! | --- | --- | --- |
//! | `debug = 2`, `debug = 1` | path, file, line | path, file, line |
//! | `debug = "line-tables-only"` | path from the symbol table, file, line | name without path, file, line |
//! | `debug = 0` | path from the symbol table | none |
//! | `strip = "symbols"` | module and offset | none |

mod loading;
#[cfg(target_os = "linux")]
mod module;
mod own;
mod raw;
mod stack;
#[cfg(target_os = "linux")]
mod symbolizer;
#[cfg(not(target_os = "linux"))]
#[path = "symbols/system.rs"]
mod symbolizer;

use serde::{Deserialize, Serialize};

pub(crate) use self::{
    loading::LOADING,
    own::OwnBacktrace,
    raw::RawBacktrace,
    stack::Stack,
    symbolizer::{load, locate, resolve, resolve_stored, warm},
};

/// A frame that is valid in other processes: an address in a file, in the file's own numbering.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct StoredFrame {
    pub(crate) module: String,
    /// Build ID of the file. `None` if the linker wrote none: such a frame can never be resolved later.
    pub(crate) build_id: Option<String>,
    pub(crate) offset: u64,
}

/// One function of a backtrace, as far as the build names it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Symbol {
    /// Demangled name without a hash; module and offset if the build has no name.
    pub(crate) function: String,
    pub(crate) file: Option<String>,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Symbol {
    /// Returns a symbol without a name. Its module and offset can be resolved by a debugger that has the symbols of the
    /// file.
    pub(crate) fn unnamed(module: &str, offset: u64) -> Self {
        Self { function: format!("{module}+{offset:#x}"), ..Self::default() }
    }
}
