//! Housekeeping: a thread that once a second samples the windows, enables expired routes and updates the issues, and
//! publishes to each bridge when that is due.

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::AtomicBool,
        mpsc::{Receiver, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use super::{bridge::Bridge, shared::Shared};
use crate::{
    base::{clock, unwind},
    signal::reporter::Reporters,
    traffic::Misdeclared,
};

/// All bridges of a monitor: its own, and the added ones that are still alive.
#[derive(Debug)]
pub(crate) struct Bridges {
    own: Arc<Bridge>,
    others: Mutex<Vec<Weak<Bridge>>>,
    is_told: AtomicBool,
}

impl Bridges {
    pub(crate) fn new(own: Bridge) -> Self {
        Self { own: Arc::new(own), others: Mutex::default(), is_told: AtomicBool::new(false) }
    }

    pub(crate) fn first(&self) -> Arc<Bridge> {
        Arc::clone(&self.own)
    }

    pub(crate) fn add(&self, bridge: &Arc<Bridge>) {
        self.others.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(bridge));
    }

    pub(crate) fn publish_all(&self) {
        self.each(|bridge| {
            bridge.publish();
        });
    }

    fn publish_due(&self) {
        let now = clock::now();
        self.each(|bridge| bridge.publish_when_due(now));
        if self.own.is_shut_out() && self.all().len() == 1 {
            unwind::once(&self.is_told, warn_of_another_monitor);
        }
    }

    /// Calls `f` for every bridge. A recorder that panics does not affect the other bridges.
    fn each(&self, f: impl Fn(&Bridge)) {
        for bridge in self.all() {
            unwind::catch_and_drop(|| f(&bridge));
        }
    }

    fn all(&self) -> Vec<Arc<Bridge>> {
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        others.retain(|bridge| bridge.strong_count() > 0);
        [self.first()].into_iter().chain(others.iter().filter_map(Weak::upgrade)).collect()
    }
}

fn warn_of_another_monitor() {
    tracing::warn!(
        target: "monitor",
        "the global metrics recorder holds the numbers of another monitor, so this one publishes nothing there: give it a \
         recorder of its own with MonitorBuilder::recorder or PrometheusEndpoint::local"
    );
}

/// Starts the thread. It ends on a message through `end`, or when the sender is dropped.
pub(crate) fn spawn(
    shared: Arc<Shared>,
    outlets: Arc<Reporters>,
    bridges: Arc<Bridges>,
    end: Receiver<()>,
) -> io::Result<()> {
    let mut misdeclared = Misdeclared::default();
    let run = move || {
        while end.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
            shared.traffic.tick();
            for route in misdeclared.look(&shared.traffic) {
                unwind::catch_and_drop(|| tracing::warn!(target: "monitor", "{route}"));
            }
            unwind::catch_and_drop(|| shared.switch.expire(clock::now(), |enabled| outlets.publish(enabled)));
            let signals = shared.issues.tick(clock::Moment::now());
            signals.into_iter().for_each(|signal| outlets.publish(signal));
            // A failed save must be retried even if no further change wakes the saver.
            if let Some(wake) = shared.wake.get() {
                wake.up_again();
            }
            bridges.publish_due();
        }
    };
    thread::Builder::new().name(String::from("monitor-housekeeping")).spawn(run)?;
    Ok(())
}

const TICK: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::monitor::Monitor;

    #[test]
    fn a_recorder_that_panics_keeps_no_other_from_being_told() {
        let monitor = Monitor::builder("shop").log(None).build().expect("the settings are good");
        let own = monitor.bridge().expect("it is enabled");
        let bridges = Bridges { own, others: Mutex::default(), is_told: AtomicBool::new(false) };
        let second = monitor.bridge_to(metrics::NoopRecorder).expect("it is enabled");
        bridges.add(&second);
        let told = Cell::new(0);
        bridges.each(|_| {
            told.set(told.get() + 1);
            assert!(told.get() > 1, "the first one panics");
        });
        assert_eq!(told.get(), 2);
    }
}
