//! One run of a probe, on a task or thread of its own: nobody who asked for it can end it by leaving, and whatever it does
//! harms no other.

use std::{error::Error, future::poll_fn, pin::pin, sync::Arc, task::Poll, thread, time::Duration};

use monitor_core::{
    clock,
    panic::{self, CaughtPanic},
    text,
};
use tokio::{
    runtime::Handle,
    sync::{Semaphore, oneshot},
    task::AbortHandle,
    time::{Instant, timeout},
};

use super::{
    Check, HealthProbe, Probe, ProbeFuture,
    outcome::{Outcome, milliseconds},
    probe_slot::{Run, RunHandle},
    status::Sample,
};

/// What a run found, and what is behind it.
pub(crate) struct Found {
    pub(crate) sample: Sample,
    /// Not redacted.
    pub(crate) reason: Option<String>,
}

/// Runs a probe once its turn has come, and hands what it found to `record`.
pub(crate) async fn run(flight: Run, turns: Arc<Semaphore>, record: impl FnOnce(RunHandle, Found)) {
    let Run { waits, runs } = flight;
    let (watch, Ok(turn)) = (Arc::clone(waits.watch()), turns.acquire_owned().await) else { return };
    watch.take_off();
    let (begun, longest) = (Instant::now(), watch.probe.pace.timeout);
    let (answer, abort) = spawn(&watch.probe, runs);
    let mut answer = pin!(timeout(longest, answer));
    let soon = timeout(TURN, &mut answer).await;
    // One that takes long holds up no other.
    drop(turn);
    let answer = match soon {
        Ok(answer) => answer,
        Err(_) => answer.await,
    };
    let outcome = match answer {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Outcome::error("probe could not run"),
        Err(_) => {
            if let Some(abort) = abort {
                abort.abort();
            }
            Outcome::error(format!("no answer within {} ms", longest.as_millis()))
        }
    };
    record(waits, found(outcome, begun));
}

/// Returns what is said of a probe whose last run does not end.
pub(crate) fn still_running(for_so_long: Duration) -> Sample {
    let outcome = Outcome::error(format!("still running after {} s", for_so_long.as_secs()));
    found(outcome, Instant::now()).sample
}

fn found(mut outcome: Outcome, begun: Instant) -> Found {
    let reason = outcome.source.take().map(said);
    let at = Instant::now();
    Found { sample: Sample { outcome, took: at.duration_since(begun), at, at_wall: clock::wall() }, reason }
}

/// What an error says of itself, and what it does when it is dropped, is the program's own code.
fn said(source: Box<dyn Error + Send + Sync>) -> String {
    let said = text::format(format_args!("{source}"));
    panic::catch(|| drop(source)).unwrap_or_else(CaughtPanic::drop_payload);
    said
}

/// Begins to look. Whatever it is on ends its half of the run before it answers, so that the next may begin then.
fn spawn(probe: &Probe, runs: RunHandle) -> (oneshot::Receiver<Outcome>, Option<AbortHandle>) {
    let (tell, answer) = oneshot::channel();
    let name = probe.name.clone();
    let abort = match &probe.check {
        Check::Blocking(probe) => {
            let (probe, runtime) = (Arc::clone(probe), Handle::current());
            // A thread of the runtime would keep the program from ending for as long as it is blocked.
            let look = move || {
                let _entered = runtime.enter();
                let outcome = caught(panic::catch(|| probe.check()));
                drop(runs);
                let _ = tell.send(outcome);
            };
            // Where there is no thread for it, nobody answers.
            let _ = thread::Builder::new().name(format!("health-{name}")).spawn(look);
            None
        }
        Check::Async(probe) => {
            let probe = Arc::clone(probe);
            let task = tokio::spawn(async move {
                let outcome = look(&*probe, &name).await;
                drop(runs);
                let _ = tell.send(outcome);
            });
            Some(task.abort_handle())
        }
    };
    (answer, abort)
}

async fn look(probe: &dyn HealthProbe, name: &str) -> Outcome {
    let mut look = match panic::catch(|| probe.check()) {
        Ok(look) => Look(Some(look)),
        Err(panic) => return caught(Err(panic)),
    };
    let mut longest = Duration::ZERO;
    let outcome = poll_fn(|cx| {
        let Some(look) = &mut look.0 else { return Poll::Ready(Outcome::ok()) };
        let begun = clock::now();
        // Caught here, it is not printed by the panic hook, which would not redact it.
        let polled = panic::catch(|| look.as_mut().poll(cx));
        longest = longest.max(begun.elapsed());
        polled.unwrap_or_else(|panic| Poll::Ready(caught(Err(panic))))
    });
    let outcome = outcome.await;
    if longest > LONGEST_POLL {
        let blocked_ms = milliseconds(longest);
        panic::catch_and_drop(|| {
            tracing::warn!(target: "monitor::health", probe = name, blocked_ms, "health_probe_blocks");
        });
    }
    match panic::catch(|| look.0 = None) {
        Ok(()) => outcome,
        Err(panic) => caught(Err(panic)),
    }
}

/// The future of a probe. It may panic when it is dropped, which it is where it takes too long.
struct Look<'a>(Option<ProbeFuture<'a>>);

impl Drop for Look<'_> {
    fn drop(&mut self) {
        panic::catch(|| self.0 = None).unwrap_or_else(CaughtPanic::drop_payload);
    }
}

fn caught(looked: Result<Outcome, CaughtPanic>) -> Outcome {
    looked.unwrap_or_else(|caught| {
        let source = caught.message();
        caught.drop_payload();
        Outcome::error(PANICKED).source(source)
    })
}

/// For how long a run may hold its turn.
const TURN: Duration = Duration::from_secs(1);
/// Whoever blocks for longer belongs on a thread of its own, see [`Probe::blocking`].
const LONGEST_POLL: Duration = Duration::from_millis(50);

/// What is published of a panic: nothing of what it says.
const PANICKED: &str = "probe panicked";
