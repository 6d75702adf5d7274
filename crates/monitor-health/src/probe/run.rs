//! One run of a probe, on a task or thread of its own.
//!
//! The check is the program's own code: it can hang, block, panic, or panic while it is dropped. Isolating each run
//! means that a caller that disconnects cannot cancel it, and that it affects no other probe.

use std::{error::Error, future::poll_fn, pin::pin, sync::Arc, task::Poll, thread, time::Duration};

use monitor_core::{
    clock,
    instrument::{
        panic::{self, CaughtPanic},
        text,
    },
};
use tokio::{
    runtime::Handle,
    sync::{Semaphore, oneshot},
    task::AbortHandle,
    time::{Instant, timeout},
};

use super::{
    Check, HealthProbe, Probe, ProbeFuture,
    probe_slot::{Run, RunHandle},
    result::{ProbeResult, milliseconds},
    status::Sample,
};

/// The result of a run, with the reason for a failure.
pub(crate) struct Found {
    pub(crate) sample: Sample,
    /// The error behind the result, not redacted.
    pub(crate) reason: Option<String>,
}

/// Runs a probe as soon as it gets a concurrency slot, and passes the result to `record`.
pub(crate) async fn run(flight: Run, turns: Arc<Semaphore>, record: impl FnOnce(RunHandle, Found)) {
    let Run { waits, runs } = flight;
    let (watch, Ok(turn)) = (Arc::clone(waits.watch()), turns.acquire_owned().await) else { return };
    watch.take_off();
    let (begun, longest) = (Instant::now(), watch.probe.pace.timeout);
    let (answer, abort) = spawn(&watch.probe, runs);
    let mut answer = pin!(timeout(longest, answer));
    let soon = timeout(TURN, &mut answer).await;
    // A slow run must not delay other probes.
    drop(turn);
    let answer = match soon {
        Ok(answer) => answer,
        Err(_) => answer.await,
    };
    let result = match answer {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => ProbeResult::error("probe could not run"),
        Err(_) => {
            if let Some(abort) = abort {
                abort.abort();
            }
            ProbeResult::error(format!("no answer within {} ms", longest.as_millis()))
        }
    };
    record(waits, found(result, begun));
}

/// Returns the result of a probe whose run has exceeded its time-out and has not ended.
pub(crate) fn still_running(for_so_long: Duration) -> Sample {
    let result = ProbeResult::error(format!("still running after {} s", for_so_long.as_secs()));
    found(result, Instant::now()).sample
}

fn found(mut result: ProbeResult, begun: Instant) -> Found {
    let reason = result.source.take().map(said);
    let at = Instant::now();
    Found { sample: Sample { result, took: at.duration_since(begun), at, at_wall: clock::wall() }, reason }
}

/// Formats and drops an error. Both run the program's own code, which may panic.
fn said(source: Box<dyn Error + Send + Sync>) -> String {
    let said = text::format(format_args!("{source}"));
    panic::catch(|| drop(source)).unwrap_or_else(CaughtPanic::drop_payload);
    said
}

/// Starts the check. The task or thread releases its handle before it sends the result, so that the next run can begin
/// by then.
fn spawn(probe: &Probe, runs: RunHandle) -> (oneshot::Receiver<ProbeResult>, Option<AbortHandle>) {
    let (sender, answer) = oneshot::channel();
    let name = probe.name.clone();
    let abort = match &probe.check {
        Check::Blocking(probe) => {
            let (probe, runtime) = (Arc::clone(probe), Handle::current());
            // A blocking thread of the runtime would delay the exit of the program for as long as the check blocks.
            let look = move || {
                let _entered = runtime.enter();
                let result = caught(panic::catch(|| probe.check()));
                drop(runs);
                let _ = sender.send(result);
            };
            // If no thread can be spawned, `sender` is dropped and the run ends with an error.
            let _ = thread::Builder::new().name(format!("health-{name}")).spawn(look);
            None
        }
        Check::Async(probe) => {
            let probe = Arc::clone(probe);
            let task = tokio::spawn(async move {
                let result = look(&*probe, &name).await;
                drop(runs);
                let _ = sender.send(result);
            });
            Some(task.abort_handle())
        }
    };
    (answer, abort)
}

async fn look(probe: &dyn HealthProbe, name: &str) -> ProbeResult {
    let mut look = match panic::catch(|| probe.check()) {
        Ok(look) => Look(Some(look)),
        Err(panic) => return caught(Err(panic)),
    };
    let mut longest = Duration::ZERO;
    let result = poll_fn(|cx| {
        let Some(look) = &mut look.0 else { return Poll::Ready(ProbeResult::ok()) };
        let begun = clock::now();
        // A panic is caught here, before the panic hook prints its unredacted message.
        let polled = panic::catch(|| look.as_mut().poll(cx));
        longest = longest.max(begun.elapsed());
        polled.unwrap_or_else(|panic| Poll::Ready(caught(Err(panic))))
    });
    let result = result.await;
    if longest > MAX_POLL {
        let blocked_ms = milliseconds(longest);
        panic::catch_and_drop(|| {
            tracing::warn!(target: "monitor::health", probe = name, blocked_ms, "health_probe_blocks");
        });
    }
    match panic::catch(|| look.0 = None) {
        Ok(()) => result,
        Err(panic) => caught(Err(panic)),
    }
}

/// The future of a check. It may panic while it is dropped, which happens after a time-out.
struct Look<'a>(Option<ProbeFuture<'a>>);

impl Drop for Look<'_> {
    fn drop(&mut self) {
        panic::catch(|| self.0 = None).unwrap_or_else(CaughtPanic::drop_payload);
    }
}

fn caught(looked: Result<ProbeResult, CaughtPanic>) -> ProbeResult {
    looked.unwrap_or_else(|caught| {
        let source = caught.message();
        caught.drop_payload();
        ProbeResult::error(PANICKED).source(source)
    })
}

/// Longest time for which a run may hold a concurrency slot.
const TURN: Duration = Duration::from_secs(1);
/// A poll longer than this is logged: a check that blocks belongs in [`Probe::blocking`].
const MAX_POLL: Duration = Duration::from_millis(50);

/// Published message of a panic. The panic's own message is not published.
const PANICKED: &str = "probe panicked";
