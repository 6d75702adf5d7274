//! A bridge publishes the counters, gauges and histograms of a monitor to one recorder of the `metrics` facade.
//!
//! Handles are registered anew each time, because a recorder may drop a series that seems idle. Values published while
//! no recorder is installed are published again later.

mod sink;

use std::{
    cell::Cell,
    fmt, mem,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use metrics::{IntoF64, Key, Recorder};
use monitor_core::{Monitor, names};

use self::sink::{METADATA, Published, Sink};
use crate::{family, snapshot::Snapshot, start::Start};

type SharedRecorder = Arc<dyn Recorder + Send + Sync>;

/// Publishes the metrics of one monitor to one recorder. It holds no monitor, so that it can outlive its own.
pub(crate) struct Bridge {
    /// `None` for the global recorder, looked up on each publication.
    recorder: Option<SharedRecorder>,
    start: Start,
    published: Mutex<Published>,
}

// === impl Bridge ===

impl Bridge {
    /// Creates a bridge to `recorder`.
    pub(crate) fn to(recorder: impl Recorder + Send + Sync + 'static) -> Self {
        Self::new(Some(Arc::new(recorder)))
    }

    /// Returns the bridge to the global recorder, or `None` if that recorder belongs to another monitor, or `monitor`
    /// is disabled.
    ///
    /// The global recorder belongs to the first monitor that asks for it, until the process ends: it holds the counts
    /// of that monitor even after the monitor is dropped. A second monitor would overwrite them.
    pub(crate) fn global(monitor: &Monitor) -> Option<Arc<Self>> {
        static GLOBAL: OnceLock<(u64, Arc<Bridge>)> = OnceLock::new();
        if !monitor.is_enabled() {
            return None;
        }
        let (owner, bridge) = GLOBAL.get_or_init(|| (monitor.id(), Arc::new(Self::new(None))));
        (*owner == monitor.id()).then(|| Arc::clone(bridge))
    }

    fn new(recorder: Option<SharedRecorder>) -> Self {
        Self { recorder, start: Start::measure(), published: Mutex::default() }
    }

    /// Publishes all metrics, if there is a recorder.
    pub(crate) fn publish(&self, monitor: &Monitor) {
        // Locked before the reading: an older snapshot after a newer one would add the difference to histograms twice.
        let mut published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(snapshot) = Snapshot::of(monitor, &self.start) else { return };
        match &self.recorder {
            Some(recorder) => publish(recorder, &snapshot, &mut published),
            None => metrics::with_recorder(|recorder| publish(recorder, &snapshot, &mut published)),
        }
    }
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bridge").field("global", &self.recorder.is_none()).finish_non_exhaustive()
    }
}

/// A value that records whether it was read. The facade does not tell whether a recorder is installed, but a no-op
/// handle never reads the value.
struct Asked<'a>(f64, &'a Cell<bool>);

impl IntoF64 for Asked<'_> {
    fn into_f64(self) -> f64 {
        self.1.set(true);
        self.0
    }
}

fn publish(recorder: &dyn Recorder, snapshot: &Snapshot, published: &mut Published) {
    if !is_installed(recorder, snapshot.started_at) {
        // The next recorder needs the descriptions.
        published.described = false;
        return;
    }
    let mut sink = Sink { recorder, published };
    if !mem::replace(&mut sink.published.described, true) {
        family::all().for_each(|family| sink.describe(family));
    }
    for family in family::all() {
        family.emit(snapshot, &mut |labels, value| sink.publish(family.name, labels, &value));
    }
}

/// Sets the start time of the process. Returns `false` if the recorder is the facade's no-op.
fn is_installed(recorder: &dyn Recorder, started_at: f64) -> bool {
    let asked = Cell::new(false);
    recorder.register_gauge(&Key::from_static_name(names::START_TIME), &METADATA).set(Asked(started_at, &asked));
    asked.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn monitor() -> Monitor {
        Monitor::builder("shop").log(None).build().expect("the settings are good")
    }

    #[test]
    fn the_global_recorder_belongs_to_the_first_monitor_even_when_that_is_gone() {
        assert!(Bridge::global(&Monitor::disabled()).is_none());
        let (first, second) = (monitor(), monitor());
        assert!(Bridge::global(&first).is_some() && Bridge::global(&first).is_some());
        drop(first);
        assert!(Bridge::global(&second).is_none() && Bridge::global(&monitor()).is_none());
    }
}
