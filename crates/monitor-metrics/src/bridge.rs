//! A bridge publishes the counters, gauges and histograms of a monitor to one recorder of the `metrics` facade.
//!
//! Handles are registered anew each time, because a recorder may drop a series that seems idle. Values published while
//! no recorder is installed are published again later.

mod counts;
pub(crate) mod describe;
pub(crate) mod flask;
mod process;
mod scale;
pub(crate) mod sink;

use std::{
    cell::Cell,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use metrics::{IntoF64, Key, Recorder};
use monitor_core::{Monitor, names};

use self::{
    counts::Counts,
    process::Start,
    sink::{METADATA, Published, Sink},
};

type SharedRecorder = Arc<dyn Recorder + Send + Sync>;

/// Publishes the metrics of one monitor to one recorder. It holds no monitor, so that it can outlive its own.
pub(crate) struct Bridge {
    /// `None` for the global recorder, looked up on each publication.
    recorder: Option<SharedRecorder>,
    /// Publishes under the names of Prometheus' Flask exporter as well.
    pub(crate) flask_names: AtomicBool,
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
        Self { recorder, flask_names: AtomicBool::new(false), start: Start::measure(), published: Mutex::default() }
    }

    /// Publishes all metrics, and returns `false` if there is no recorder.
    pub(crate) fn publish(&self, monitor: &Monitor) -> bool {
        self.publish_once(monitor, &mut self.published())
    }

    /// Locks what was published. The lock is held while a page is rendered, so that a page never has half a
    /// publication.
    pub(crate) fn published(&self) -> MutexGuard<'_, Published> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same with the lock of [`published`](Self::published) held.
    pub(crate) fn publish_once(&self, monitor: &Monitor, published: &mut Published) -> bool {
        let Some(counts) = Counts::of(monitor) else { return true };
        match &self.recorder {
            Some(recorder) => self.publish_to(recorder, &counts, published),
            None => metrics::with_recorder(|recorder| self.publish_to(recorder, &counts, published)),
        }
    }

    fn publish_to(&self, recorder: &dyn Recorder, counts: &Counts<'_>, published: &mut Published) -> bool {
        if !self.is_taken_by(recorder) {
            // The next recorder needs the descriptions.
            published.described = false;
            return false;
        }
        let flask_names = self.flask_names.load(Ordering::Relaxed);
        if !published.described {
            describe::all(recorder);
            if flask_names {
                flask::describe(recorder);
            }
            published.described = true;
        }
        let sink = &mut Sink { recorder, published };
        counts.publish(sink);
        if flask_names {
            flask::publish(sink, &counts.routes, counts.identity.release());
        }
        true
    }

    fn is_taken_by(&self, recorder: &dyn Recorder) -> bool {
        let asked = Cell::new(false);
        let key = Key::from_static_name(names::START_TIME);
        // Seconds since the Unix epoch.
        let started_at = self.start.millis() as f64 / 1000.0;
        recorder.register_gauge(&key, &METADATA).set(Asked(started_at, &asked));
        asked.get()
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
