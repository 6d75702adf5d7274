//! The thread of one extension.

use std::sync::{Arc, atomic::Ordering};

use super::Extension;
use crate::{
    base::{
        drops::{DropCounter, DropReason},
        error::BoxError,
        queue::{Handler, Queue},
    },
    monitor::{Monitor, weak::WeakMonitor},
    panic,
    signal::{Signal, reporters::Notice},
};

/// Runs one extension, and counts its errors and panics.
pub(crate) struct ExtensionWorker {
    pub(crate) extension: Box<dyn Extension>,
    pub(crate) drops: Arc<DropCounter>,
    pub(crate) monitor: WeakMonitor,
    /// Signals from before the start.
    pub(crate) early: Vec<Arc<Signal>>,
    /// Keeps the saver alive until this thread ends, so that it saves the extension's last changes.
    pub(crate) _saver: Option<Arc<Queue<()>>>,
}

impl ExtensionWorker {
    fn run(&mut self, f: impl FnOnce(&mut dyn Extension) -> Result<(), BoxError>) {
        match panic::catch_printed(|| f(&mut *self.extension)) {
            Ok(Ok(())) => {}
            Ok(Err(_)) => self.drops.count(DropReason::Failed),
            Err(caught) => {
                caught.drop_payload();
                self.drops.count(DropReason::Panicked);
            }
        }
    }

    fn run_with_monitor(&mut self, f: impl FnOnce(&mut dyn Extension, &Monitor) -> Result<(), BoxError>) {
        if let Some(monitor) = self.monitor.upgrade() {
            self.run(|extension| f(extension, &monitor));
        }
    }
}

impl Handler<Notice> for ExtensionWorker {
    fn begin(&mut self) {
        self.run_with_monitor(|extension, monitor| extension.begin(monitor));
        for signal in std::mem::take(&mut self.early) {
            self.run(|extension| extension.signal(&signal));
        }
    }

    fn handle(&mut self, notice: Notice) {
        match notice {
            Notice::Signal(signal) => self.run(|extension| extension.signal(&signal)),
            Notice::Second(is_queued) => {
                is_queued.store(false, Ordering::Release);
                self.run_with_monitor(|extension, monitor| extension.second(monitor));
            }
        }
    }

    fn flush(&mut self) {
        self.run(|extension| extension.flush());
    }
}
