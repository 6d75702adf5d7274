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

use crate::{
    health::Inner,
    run::{run, still_running},
    watch::{Keeper, Watch},
};

impl Inner {
    /// Begins to run the probes that run by themselves, on the runtime this is called on, unless somebody does already.
    pub(crate) fn start(self: &Arc<Self>) {
        let Ok(runtime) = Handle::try_current() else { return };
        let by_themselves = self.watches.iter().filter(|watch| watch.probe.pace.on_demand.is_none());
        for keeper in by_themselves.filter_map(Watch::keep) {
            runtime.spawn(keep(Arc::downgrade(self), keeper));
        }
    }

    /// Begins a run, unless one is in flight.
    fn begin(self: &Arc<Self>, watch: &Arc<Watch>) -> bool {
        let Some(flight) = watch.begin() else { return false };
        let (weak, watch) = (Arc::downgrade(self), Arc::clone(watch));
        tokio::spawn(run(flight, Arc::clone(&self.turns), move |sample| {
            if let Some(inner) = weak.upgrade() {
                inner.record(&watch, sample);
            }
        }));
        true
    }

    /// Waits until these have a result that is fresh, but not for longer than a caller would.
    pub(crate) async fn refresh(self: &Arc<Self>, watches: impl IntoIterator<Item = &Arc<Watch>>) {
        let until = Instant::now() + BUDGET;
        let mut awaited = Vec::new();
        for watch in watches {
            let ended = watch.ended();
            if watch.is_fresh() {
                continue;
            }
            if watch.probe.pace.on_demand.is_some() {
                self.begin(watch);
            }
            // Nobody waits for what is past its time.
            if watch.overdue().is_none() {
                awaited.push(ended);
            }
        }
        for mut ended in awaited {
            if timeout_at(until, ended.changed()).await.is_err() {
                break;
            }
        }
    }
}

/// Runs a probe again and again, until nobody has a handle to its registry any more.
async fn keep(inner: Weak<Inner>, keeper: Keeper) {
    let watch = keeper.watch();
    let mut phase = portion((watch.probe.pace.interval / 2).min(LONGEST_PHASE), random());
    loop {
        let mut ended = watch.ended();
        {
            let Some(inner) = inner.upgrade() else { return };
            if let (false, Some(running)) = (inner.begin(watch), watch.overdue()) {
                inner.record(watch, still_running(running));
                watch.tell();
            }
        }
        // Past its time a run tells so itself; only one that waits for its turn takes longer.
        let _ = timeout(watch.probe.pace.timeout.saturating_mul(TURNS), ended.changed()).await;
        sleep(jittered(watch.pause(), random()).saturating_sub(phase)).await;
        // Instances that were started together do not ask together.
        phase = Duration::ZERO;
    }
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
/// The most by which the second run comes sooner.
const LONGEST_PHASE: Duration = Duration::from_secs(5);
const TURNS: u32 = 8;

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
