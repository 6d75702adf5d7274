//! One run of a probe, on a task of its own: nobody who asked for it can end it by leaving, and whatever it does harms no
//! other.

use std::{future::poll_fn, sync::Arc, task::Poll, time::Duration};

use monitor_core::{
    clock,
    panic::{self, Caught},
};
use tokio::{
    sync::Semaphore,
    task::{JoinHandle, spawn_blocking},
    time::{Instant, timeout},
};

use crate::{Outcome, Probe, probe::Check, said::milliseconds, standing::Sample, watch::Flight};

/// Runs a probe once its turn has come, and hands what it found to `record`.
pub(crate) async fn run(flight: Flight, turns: Arc<Semaphore>, record: impl Fn(Sample)) {
    let Ok(turn) = turns.acquire_owned().await else { return };
    flight.take_off();
    let (begun, pace) = (Instant::now(), flight.watch().probe.pace);
    let mut task = spawn(&flight.watch().probe);
    match timeout(pace.timeout, &mut task).await {
        Ok(looked) => {
            let outcome = looked.unwrap_or_else(|error| Outcome::error(PANICKED).source(error));
            record(sample(outcome, begun));
            drop(turn);
            flight.land();
        }
        Err(_) => {
            task.abort();
            record(sample(Outcome::error(format!("no answer within {} ms", pace.timeout.as_millis())), begun));
            // It may hold a thread for ever, but neither a turn nor whoever waits.
            drop(turn);
            flight.watch().tell();
            // Until it has ended there is no other run.
            let _ = task.await;
            flight.land();
        }
    }
}

/// Returns what is said of a probe whose last run does not end.
pub(crate) fn still_running(for_so_long: Duration) -> Sample {
    let outcome = Outcome::error(format!("still running after {} s", for_so_long.as_secs()));
    sample(outcome, Instant::now())
}

fn sample(outcome: Outcome, begun: Instant) -> Sample {
    let at = Instant::now();
    Sample { outcome, took: at.duration_since(begun), at, at_wall: clock::wall() }
}

fn spawn(probe: &Probe) -> JoinHandle<Outcome> {
    let name = probe.name.clone();
    match &probe.check {
        Check::Blocking(probe) => {
            let probe = Arc::clone(probe);
            spawn_blocking(move || caught(panic::catch(|| probe.check())))
        }
        Check::Async(probe) => {
            let probe = Arc::clone(probe);
            tokio::spawn(async move {
                let mut look = match panic::catch(|| probe.check()) {
                    Ok(look) => look,
                    Err(panic) => return caught(Err(panic)),
                };
                // Caught here, it is not printed by the panic hook, which would not redact it.
                let mut longest = Duration::ZERO;
                let outcome = poll_fn(|cx| {
                    let begun = clock::now();
                    let polled = panic::catch(|| look.as_mut().poll(cx));
                    longest = longest.max(begun.elapsed());
                    polled.unwrap_or_else(|panic| Poll::Ready(caught(Err(panic))))
                });
                let outcome = outcome.await;
                if longest > LONGEST_POLL {
                    let blocked_ms = milliseconds(longest);
                    tracing::warn!(target: "monitor::health", probe = name, blocked_ms, "health_probe_blocks");
                }
                outcome
            })
        }
    }
}

fn caught(looked: Result<Outcome, Caught>) -> Outcome {
    looked.unwrap_or_else(|caught| {
        let source = caught.message();
        caught.dispose();
        Outcome::error(PANICKED).source(source)
    })
}

/// Whoever blocks for longer belongs on a thread of its own, see [`Probe::blocking`].
const LONGEST_POLL: Duration = Duration::from_millis(50);

/// What is published of a panic: nothing of what it says.
const PANICKED: &str = "probe panicked";
