//! When probes run: by themselves at once and then again and again, or when somebody asks.

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
    probe_slot::{Ask, Keeper, Pause, ProbeSlot, Run},
    run::{Found, run, still_running},
};

impl Inner {
    /// Begins to run the probes that run by themselves, on the runtime this is called on, unless somebody does already.
    pub(crate) fn start(self: &Arc<Self>) {
        let Ok(runtime) = Handle::try_current() else { return };
        let by_themselves = self.watches.iter().filter(|watch| watch.probe.pace.on_demand.is_none());
        for keeper in by_themselves.filter_map(ProbeSlot::keep) {
            runtime.spawn(keep(Arc::downgrade(self), keeper));
        }
    }

    fn run(self: &Arc<Self>, flight: Run) {
        let (weak, watch) = (Arc::downgrade(self), Arc::clone(flight.waits.watch()));
        tokio::spawn(run(flight, Arc::clone(&self.turns), move |waits, Found { sample, reason }| {
            if let Some(inner) = weak.upgrade() {
                // It is over when what it found is known, and not before.
                inner.record(&watch, reason, |state| {
                    waits.end(state);
                    Some(sample)
                });
                watch.tell();
            }
        }));
    }

    /// Says of a probe whose run is past its time that it is.
    fn note_stuck(&self, watch: &ProbeSlot) {
        let mut is_stuck = false;
        self.record(watch, None, |state| {
            let running = state.overdue(watch.probe.pace.timeout)?;
            is_stuck = true;
            Some(still_running(running))
        });
        if is_stuck {
            watch.tell();
        }
    }

    /// Waits until these have a result that is fresh, but not for longer than a caller would. Returns those that have none.
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

/// Runs a probe again and again, until nobody has a handle to its registry any more.
async fn keep(inner: Weak<Inner>, keeper: Keeper) {
    let (watch, mut is_first) = (keeper.watch(), true);
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
            // Past its time a run tells so itself; only one that waits for its turn takes longer.
            let _ = timeout(watch.probe.pace.timeout.saturating_add(LONGEST_WAIT), ended.changed()).await;
            sleep(until_next(&watch.pause(), is_first)).await;
        };
        let gone = async { while changed.changed().await.is_ok() {} };
        tokio::select! {
            () = next => is_first = false,
            () = gone => return,
        }
    }
}

fn until_next(pause: &Pause, is_first: bool) -> Duration {
    match *pause {
        Pause::Retry(longest) => retry(random()).min(longest),
        Pause::Interval(interval) => {
            let pause = jittered(interval, random());
            // Instances that were started together do not ask together.
            let phase = if is_first { portion((pause / 2).min(LONGEST_PHASE), random()) } else { Duration::ZERO };
            pause - phase
        }
    }
}

/// Returns the pause before a run that helps to decide. With a time-out of 2 s, a dependency that hangs is decided on 20 s after it
/// began to at the latest. `random` is from 0 to 1.
fn retry(random: f64) -> Duration {
    RETRY + portion(RETRY / 2, random)
}

/// Returns between nine and eleven tenths of `pause`. `random` is from 0 to 1.
fn jittered(pause: Duration, random: f64) -> Duration {
    portion(pause, 0.9 + 0.2 * random)
}

fn portion(duration: Duration, share: f64) -> Duration {
    Duration::try_from_secs_f64(duration.as_secs_f64() * share).unwrap_or(duration)
}

/// Returns a number from 0 to 1. The standard library's random keys are good enough for that.
fn random() -> f64 {
    (RandomState::new().hash_one(0) >> 11) as f64 / (1u64 << 53) as f64
}

/// How long a caller is kept waiting for a result: kubelet gives up after a second.
const BUDGET: Duration = Duration::from_millis(800);
/// The shortest pause before a run that helps to decide; the longest is half as long again.
const RETRY: Duration = Duration::from_secs(1);
/// The most by which the second run comes sooner.
const LONGEST_PHASE: Duration = Duration::from_secs(5);
/// How long somebody waits for a run that waits for its turn.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

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
