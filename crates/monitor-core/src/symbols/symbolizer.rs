//! Symbol resolution on Linux, by the debug information and symbol tables of the mapped files.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{RawBacktrace, StoredFrame, Symbol, module::Module};

/// Modules with loaded symbols. Process-wide, because every monitor of a process runs the same code. Only resolver
/// threads take the lock, which is held while symbols are loaded.
static LOADED: Mutex<Vec<Module>> = Mutex::new(Vec::new());

/// Modules with their headers read only, so the lock is held for microseconds.
static LOCATED: Mutex<Vec<Module>> = Mutex::new(Vec::new());

/// Loads the symbols of the file that contains this function, so that the first error need not wait for them.
pub(crate) fn load() {
    let here = load as fn() as *const ();
    with_module(&mut lock(&LOADED), here.addr(), Module::load, |_| ());
}

/// Reads the line tables that most backtraces of this program need: those of the standard library, of this crate, and
/// of the program's start, which `builder` has passed through. Otherwise the first panic would wait for them.
pub(crate) fn warm(builder: &RawBacktrace) {
    drop(resolve(&RawBacktrace::capture()));
    drop(resolve(builder));
}

/// Returns the functions of a backtrace, including inlined ones, the innermost first.
pub(crate) fn resolve(backtrace: &RawBacktrace) -> Vec<Symbol> {
    let mut modules = lock(&LOADED);
    let symbols = |call| with_module(&mut modules, call, Module::load, |module| module.symbols(call));
    backtrace.calls().filter_map(symbols).flatten().collect()
}

/// Returns the frames of a backtrace, in a form that another process of the same build can resolve. Loads no symbols.
pub(crate) fn locate(backtrace: &RawBacktrace) -> Vec<StoredFrame> {
    let mut modules = lock(&LOCATED);
    let stored = |call| with_module(&mut modules, call, Module::read_header, |module| module.stored(call))?;
    backtrace.calls().filter_map(stored).collect()
}

/// Resolves the result of [`locate`], possibly from an earlier process. Frames of other builds remain unnamed.
pub(crate) fn resolve_stored(frames: &[StoredFrame]) -> Vec<Symbol> {
    let mut modules = lock(&LOADED);
    let symbols = |frame: &StoredFrame| {
        let module = frame.build_id.as_deref().and_then(|build_id| module_of_build(&mut modules, build_id));
        module.map_or_else(
            || vec![Symbol::unnamed(&frame.module, frame.offset)],
            |at| modules[at].symbols_at(frame.offset),
        )
    };
    frames.iter().flat_map(symbols).collect()
}

/// Calls `f` with the module that contains `address`. If the module is new, `read` prepares it first.
fn with_module<R>(
    modules: &mut Vec<Module>,
    address: usize,
    read: impl FnOnce(&mut Module),
    f: impl FnOnce(&Module) -> R,
) -> Option<R> {
    if let Some(known) = modules.iter().find(|module| module.contains(address)) {
        return Some(f(known));
    }
    let mut new = Module::all().into_iter().find(|module| module.contains(address))?;
    read(&mut new);
    let result = f(&new);
    modules.push(new);
    Some(result)
}

/// Returns the index of the module with this build ID, if this process runs it.
fn module_of_build(modules: &mut Vec<Module>, build_id: &str) -> Option<usize> {
    if let Some(known) = modules.iter().position(|module| module.has_build_id(build_id)) {
        return Some(known);
    }
    let mut all = Module::all();
    all.iter_mut().for_each(Module::read_header);
    let mut new = all.into_iter().find(|module| module.has_build_id(build_id))?;
    new.load();
    modules.push(new);
    Some(modules.len() - 1)
}

fn lock(modules: &'static Mutex<Vec<Module>>) -> MutexGuard<'static, Vec<Module>> {
    modules.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{fmt, sync::mpsc, thread, time::Duration};

    use super::*;
    use crate::{
        base::error::BoxError,
        monitor::Monitor,
        persist::{Persist, StoreWrite},
    };

    /// Sends the keys of saved events that are not resolved yet.
    struct Saved(mpsc::Sender<String>);

    impl Persist for Saved {
        fn load(&self, _: &str) -> Result<Vec<(String, Vec<u8>)>, BoxError> {
            Ok(Vec::new())
        }

        fn save(&self, changes: &[StoreWrite]) -> Result<u64, BoxError> {
            for change in changes {
                match change {
                    StoreWrite::Put { key, .. } if key.starts_with("unresolved/") => self.0.send(key.clone())?,
                    _ => {}
                }
            }
            Ok(0)
        }
    }

    #[test]
    fn an_error_is_captured_and_stored_while_symbols_are_loaded_or_resolved() {
        let (sender, saved) = mpsc::channel();
        let builder = Monitor::builder("shop").log(None).persist(Saved(sender));
        let resolving = lock(&LOADED);
        let monitor = builder.build().unwrap();
        let elsewhere = monitor.clone();
        let captured = thread::spawn(move || elsewhere.capture_error(&fmt::Error));
        let (stored, issues) = (saved.recv_timeout(PATIENCE), monitor.issues().len());
        // Released first, because a panic of this test captures a backtrace itself.
        drop(resolving);
        captured.join().unwrap();
        assert!(stored.is_ok(), "the capture or the intake waits for symbols");
        assert_eq!(issues, 0, "its functions are not known yet");
        assert!(monitor.flush(PATIENCE));
        assert!(monitor.issues()[0].samples[0].backtrace.iter().any(|frame| frame.location.is_some()));
    }

    const PATIENCE: Duration = Duration::from_secs(20);
}
