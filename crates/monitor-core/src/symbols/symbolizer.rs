//! Resolution by the debug information and the symbol tables of the files that the process runs.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{RawBacktrace, Symbol, module::Module};

/// Every module met so far. Process-wide, because every monitor of a process runs the same code; only intake threads
/// take its lock.
static MODULES: Mutex<Vec<Module>> = Mutex::new(Vec::new());

/// Reads the symbols of the file this function is in, so that the first error need not wait for them.
pub(crate) fn load() {
    let here = load as fn() as *const ();
    with_module(&mut lock(), here.addr(), |_| ());
}

/// Returns the functions of a backtrace, inlined ones included, the innermost first.
pub(crate) fn resolve(backtrace: &RawBacktrace) -> Vec<Symbol> {
    let mut modules = lock();
    let symbols = |call| with_module(&mut modules, call, |module| module.symbols(call)).unwrap_or_default();
    backtrace.calls().flat_map(symbols).collect()
}

fn with_module<R>(modules: &mut Vec<Module>, address: usize, f: impl FnOnce(&Module) -> R) -> Option<R> {
    if let Some(known) = modules.iter().find(|module| module.contains(address)) {
        return Some(f(known));
    }
    let mut new = Module::all().into_iter().find(|module| module.contains(address))?;
    new.load();
    let result = f(&new);
    modules.push(new);
    Some(result)
}

fn lock() -> MutexGuard<'static, Vec<Module>> {
    MODULES.lock().unwrap_or_else(PoisonError::into_inner)
}
