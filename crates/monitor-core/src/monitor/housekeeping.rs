//! Housekeeping: a thread that once a second samples the windows, writes a heartbeat, enables expired routes, updates
//! the issues and the history, and then runs the periodic tasks of other crates and notifies the extensions.

use std::{
    io,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use super::{periodic::Periodic, pulse::Pulse, shared::Shared};
use crate::{
    base::{clock, unwind},
    signal::reporters::Reporters,
    traffic::Misdeclared,
};

/// Starts the thread. It ends on a message through `end`, or when the sender is dropped.
pub(crate) fn spawn(
    shared: Arc<Shared>,
    reporters: Arc<Reporters>,
    periodic: Arc<Periodic>,
    pulse: Option<Arc<Pulse>>,
    end: Receiver<()>,
) -> io::Result<()> {
    let mut misdeclared = Misdeclared::default();
    let run = move || {
        while end.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
            shared.traffic.tick();
            shared.outgoing.tick();
            shared.jobs.tick();
            if let Some(pulse) = &pulse {
                pulse.publish_last_end(&reporters);
                pulse.beat();
            }
            for route in misdeclared.look(&shared.traffic) {
                unwind::catch_and_drop(|| tracing::warn!(target: "monitor", "{route}"));
            }
            unwind::catch_and_drop(|| shared.switch.expire(clock::now(), |enabled| reporters.publish(enabled)));
            let signals = shared.issues.tick(clock::Moment::now());
            signals.into_iter().for_each(|signal| reporters.publish(signal));
            shared.tick_history(clock::Moment::now());
            // A failed save must be retried even if no further change wakes the saver.
            match shared.wake.get() {
                Some(wake) => wake.up_again(),
                None => shared.durables.discard_changes(),
            }
            periodic.run();
            reporters.second();
        }
    };
    thread::Builder::new().name(String::from("monitor-housekeeping")).spawn(run)?;
    Ok(())
}

const TICK: Duration = Duration::from_secs(1);
