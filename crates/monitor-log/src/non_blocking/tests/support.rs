//! Scripted writers, and the counts of a monitor.

use std::{
    io::{self, Write},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::Duration,
};

use monitor_core::{DropReason, Monitor, PanicHook, clock};

pub(super) const LONG: Duration = Duration::from_secs(20);

pub(super) fn monitor() -> Monitor {
    Monitor::builder("log-tests").panic_hook(PanicHook::Off).build().expect("a monitor")
}

pub(super) fn counted(monitor: &Monitor, reason: DropReason) -> u64 {
    monitor.dropped().iter().filter(|dropped| dropped.reason == reason).map(|dropped| dropped.count).sum()
}

/// Stores everything written to it.
#[derive(Clone, Debug, Default)]
pub(super) struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()).expect("text")
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Signals the start of each write and blocks until it may continue, or until the other end is dropped.
pub(super) struct Hung {
    begun: Sender<()>,
    leave: Receiver<()>,
    pub(super) output: Output,
}

pub(super) fn hung() -> (Hung, Receiver<()>, Sender<()>) {
    let (begun, seen) = mpsc::channel();
    let (go, leave) = mpsc::channel();
    (Hung { begun, leave, output: Output::default() }, seen, go)
}

impl Write for Hung {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.begun.send(());
        let _ = self.leave.recv();
        self.output.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns the scripted result of each call, and writes if the script returns `None`.
pub(super) struct Scripted<F>(pub(super) Output, pub(super) F);

impl<F: FnMut(&[u8]) -> Option<io::Result<usize>> + Send> Write for Scripted<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match (self.1)(bytes) {
            Some(Ok(some)) => self.0.write(&bytes[..some]),
            Some(failed) => failed,
            None => self.0.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn wait_until(is_met: impl Fn() -> bool) {
    let deadline = clock::now() + LONG;
    while !is_met() {
        assert!(clock::now() < deadline, "it never came");
        thread::yield_now();
    }
}
