//! The schedule of probes: at once and then at intervals in the background, or on demand.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::{
    runtime::Handle,
    time::{Instant, sleep, timeout, timeout_at},
};

use super::health::Inner;
use crate::probe::{
    probe_slot::{Ask, Pause, ProbeSlot, Run, ScheduleClaim},
    run::{Found, run, still_running},
};

impl Inner {
    /// Schedules the background probes on the current runtime, unless another runtime already schedules them. Does
    /// nothing outside of a runtime.
    pub(crate) fn start(self: &Arc<Self>) {
        let Ok(runtime) = Handle::try_current() else { return };
        let by_themselves = self.watches.iter().filter(|watch| watch.probe.pace.on_demand.is_none());
        for claim in by_themselves.filter_map(ProbeSlot::claim) {
            runtime.spawn(schedule(Arc::downgrade(self), claim));
        }
    }

    fn run(self: &Arc<Self>, flight: Run) {
        let (weak, watch) = (Arc::downgrade(self), Arc::clone(flight.waits.watch()));
        tokio::spawn(run(flight, Arc::clone(&self.turns), move |waits, Found { sample, reason }| {
            if let Some(inner) = weak.upgrade() {
                // The run ends together with the recording of its result, so that no caller sees one without the other.
                inner.record(&watch, reason, |state| {
                    waits.end(state);
                    Some(sample)
                });
                watch.notify();
            }
        }));
    }

    /// Records an error for a probe with a run that has exceeded its time-out.
    fn note_stuck(&self, watch: &ProbeSlot) {
        let mut is_stuck = false;
        self.record(watch, None, |state| {
            let running = state.overdue(watch.probe.pace.timeout)?;
            is_stuck = true;
            Some(still_running(running))
        });
        if is_stuck {
            watch.notify();
        }
    }

    /// Waits until these probes have a fresh result, for [`BUDGET`] at most. Returns the probes without one.
    pub(crate) async fn refresh<'a>(
        self: &Arc<Self>,
        watches: impl IntoIterator<Item = &'a Arc<ProbeSlot>>,
    ) -> Vec<&'a Arc<ProbeSlot>> {
        let asked = Instant::now();
        let (mut awaited, mut late) = (Vec::new(), Vec::new());
        for watch in watches {
            let ended = watch.ended();
            match watch.ask() {
                Ask::Nothing => {}
                Ask::Begin(flight) => {
                    self.run(flight);
                    awaited.push((watch, ended));
                }
                Ask::Wait => awaited.push((watch, ended)),
                Ask::GiveUp => late.push(watch),
            }
        }
        for (watch, mut ended) in awaited {
            let _ = timeout_at(asked + BUDGET, ended.changed()).await;
            if !watch.has_looked_since(asked) {
                late.push(watch);
            }
        }
        late
    }
}

/// Schedules a probe in a loop, until the last handle to its registry is dropped.
async fn schedule(inner: Weak<Inner>, claim: ScheduleClaim) {
    let watch = claim.watch();
    // Instances that were started together must not stay synchronized: their second runs begin at different times.
    let mut phase = random();
    loop {
        let mut ended = watch.ended();
        let Some(strong) = inner.upgrade() else { return };
        let mut changed = strong.changed.subscribe();
        match watch.begin() {
            Some(flight) => strong.run(flight),
            None => strong.note_stuck(watch),
        }
        drop(strong);
        let next = async {
            // A run ends by its time-out at the latest; only the wait for a concurrency slot takes longer.
            let _ = timeout(watch.probe.pace.timeout.saturating_add(MAX_WAIT), ended.changed()).await;
            sleep(until_next(&watch.pause(), phase)).await;
        };
        // Completes when the registry, which owns the sender, is dropped: the loop must not wait out the pause then.
        let gone = async { while changed.changed().await.is_ok() {} };
        tokio::select! {
            () = next => phase = 0.0,
            () = gone => return,
        }
    }
}

/// Returns the pause before the next run. An interval is shortened by `phase`, from 0 to 1, of its half, or of
/// [`MAX_PHASE`] if that is less.
fn until_next(pause: &Pause, phase: f64) -> Duration {
    match *pause {
        Pause::Retry(longest) => retry(random()).min(longest),
        Pause::Interval(interval) => {
            let pause = jittered(interval, random());
            pause - portion((pause / 2).min(MAX_PHASE), phase)
        }
    }
}

/// Returns the pause before a retry. With a time-out of 2 s, the status of a dependency that hangs is decided within
/// 20 s. `random` is from 0 to 1.
fn retry(random: f64) -> Duration {
    RETRY + portion(RETRY / 2, random)
}

/// Returns `pause` with a jitter of 10 %. `random` is from 0 to 1.
fn jittered(pause: Duration, random: f64) -> Duration {
    portion(pause, 0.9 + 0.2 * random)
}

fn portion(duration: Duration, share: f64) -> Duration {
    Duration::try_from_secs_f64(duration.as_secs_f64() * share).unwrap_or(duration)
}

/// Returns a number from 0 to 1. The standard library's random keys are random enough for jitter.
fn random() -> f64 {
    (RandomState::new().hash_one(0) >> 11) as f64 / (1u64 << 53) as f64
}

/// Longest wait of a caller for a result. The kubelet gives up after one second.
const BUDGET: Duration = Duration::from_millis(800);
/// The shortest pause before a retry; the longest is half as long again.
const RETRY: Duration = Duration::from_secs(1);
/// The largest amount by which the second run is brought forward.
const MAX_PHASE: Duration = Duration::from_secs(5);
/// Longest wait for a run that waits for a concurrency slot.
const MAX_WAIT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_at_most_a_tenth_longer_or_shorter() {
        let pause = Duration::from_secs(10);
        assert_eq!([0.0, 0.5, 1.0].map(|random| jittered(pause, random)), [9, 10, 11].map(Duration::from_secs));
        let drawn: Vec<_> = (0..1000).map(|_| jittered(pause, random())).collect();
        let (least, most) = (drawn.iter().min().unwrap(), drawn.iter().max().unwrap());
        assert!(*least >= Duration::from_secs(9) && *most <= Duration::from_secs(11), "{least:?} to {most:?}");
        assert!(*most - *least > Duration::from_millis(1500), "{least:?} to {most:?}");
    }
}
