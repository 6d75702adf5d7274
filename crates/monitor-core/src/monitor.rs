//! The monitor's handle, which layers, probes and reporters share, and the threads behind it.

mod finish;
pub(crate) mod housekeeping;
pub(crate) mod intake;
pub(crate) mod periodic;
pub(crate) mod pulse;
pub(crate) mod resolver;
pub(crate) mod saver;
pub(crate) mod shared;
pub(crate) mod wake;
pub(crate) mod weak;

use std::{
    fmt,
    ops::ControlFlow,
    sync::{Arc, LazyLock, atomic::AtomicBool, mpsc::Sender},
};

use monitor_redact::Redaction;

use self::{intake::RawEvent, periodic::Periodic, pulse::Pulse, shared::Shared};
use crate::{
    base::{
        drops::{DropCount, DropCounter},
        error::BuildError,
        prefixes,
        queue::Queue,
        unwind,
    },
    history::History,
    model::{identity::Identity, trace_context::TraceContext},
    signal::{Signal, reporters::Reporters},
    symbols::LOADING,
    traffic::{Traffic, outgoing::Outgoing},
};

/// A monitor of one service. Clones are handles to the same monitor.
///
/// There is no global monitor; a process may have several. When the last handle is dropped, the queues are drained in
/// the background for at most two seconds; [`shutdown`](Self::shutdown) waits for that.
///
/// # Example
///
/// ```
/// use monitor_kit::Monitor;
///
/// let monitor = Monitor::builder("shop").release("1.4.2").environment("production").build()?;
/// assert_eq!(monitor.identity().map(|identity| identity.release()), Some("1.4.2"));
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
#[derive(Clone)]
pub struct Monitor(Option<Arc<Inner>>);

pub(crate) struct Inner {
    pub(crate) shared: Arc<Shared>,
    pub(crate) intake: Queue<RawEvent>,
    pub(crate) reporters: Arc<Reporters>,
    pub(crate) periodic: Arc<Periodic>,
    pub(crate) panic_hook: PanicHook,
    /// Dropping it ends the housekeeping thread.
    pub(crate) housekeeping: Sender<()>,
    pub(crate) missing_hook: AtomicBool,
    /// Woken through `Shared::wake`; `None` without a store.
    pub(crate) saver: Option<Arc<Queue<()>>>,
    /// `None` without a store.
    pub(crate) pulse: Option<Arc<Pulse>>,
}

/// The mode of the process's panic hook. Set by [`MonitorBuilder::panic_hook`](crate::MonitorBuilder::panic_hook).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum PanicHook {
    /// The monitor installs no hook. A captured panic has neither place nor backtrace, unless another monitor of the
    /// process installs one.
    Off,
    /// The monitor's hook runs first. The previous hook then prints only the panics that no monitor captures.
    #[default]
    Replace,
    /// The monitor's hook runs first. The previous hook then prints every panic, with its message unredacted.
    CallPrevious,
}

impl Monitor {
    /// Creates a monitor that does nothing, at almost no cost.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::{Level, Monitor};
    ///
    /// let monitor = Monitor::disabled();
    /// monitor.capture_message("the printer is out of paper", Level::Error);
    /// assert!(!monitor.is_enabled() && monitor.issues().is_empty());
    /// ```
    #[must_use]
    pub const fn disabled() -> Self {
        Self(None)
    }

    pub(crate) fn new(inner: Inner) -> Self {
        Self(Some(Arc::new(inner)))
    }

    /// Returns `false` for a [disabled](Self::disabled) monitor.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.0.is_some()
    }

    /// Returns whether both are handles to the same monitor.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.address() == other.address()
    }

    /// Returns a number unique among the process's live monitors; 0 for every disabled one.
    pub(crate) fn address(&self) -> usize {
        self.0.as_ref().map_or(0, |inner| Arc::as_ptr(inner).addr())
    }

    /// Returns the number of this monitor in the process, which no other monitor has or will have. 0 if the monitor is
    /// disabled.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.0.as_ref().map_or(0, |inner| inner.shared.id)
    }

    /// Returns the service, release and environment, or `None` if the monitor is disabled.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.0.as_ref().map(|inner| &*inner.shared.identity)
    }

    /// Returns the counters of all requests, or `None` if the monitor is disabled.
    #[must_use]
    pub fn traffic(&self) -> Option<&Traffic> {
        self.0.as_ref().map(|inner| &inner.shared.traffic)
    }

    /// Returns the history of requests and issues up to now, or `None` if the monitor is disabled.
    #[must_use]
    pub fn history(&self) -> Option<History<'_>> {
        self.0.as_ref().map(|inner| History::new(&inner.shared.history, inner.shared.totals()))
    }

    /// Returns the counters of outgoing requests, or `None` if the monitor is disabled.
    #[must_use]
    pub fn outgoing(&self) -> Option<&Outgoing> {
        self.0.as_ref().map(|inner| &inner.shared.outgoing)
    }

    /// Calls `f` once the program's symbols are loaded: at once if they are already, or if the monitor is disabled.
    ///
    /// A thread of the monitor loads them at start: in milliseconds for a small program without debug information, in
    /// half a second for a large one with it. Errors captured before that are grouped once the symbols are there. The
    /// readiness of monitor-health waits for it.
    // No example: monitor-health calls it.
    pub fn on_symbols_loaded(&self, f: impl FnOnce() + Send + 'static) {
        match self.0 {
            Some(_) => LOADING.on_end(f),
            None => f(),
        }
    }

    /// Returns the number of dropped items, by owner and reason.
    #[must_use]
    pub fn dropped(&self) -> Vec<DropCount> {
        self.0.iter().flat_map(|inner| inner.shared.dropped()).collect()
    }

    /// Returns the drop counter of `owner`, a part of the program that may drop its own items, such as a log writer.
    /// Creates the counter on first use. Its counts appear in [`dropped`](Self::dropped) and as
    /// `monitor_dropped_total`; those of a disabled monitor appear nowhere.
    ///
    /// `owner` becomes a metric label, so it must come from a closed set.
    #[must_use]
    pub fn drops_of(&self, owner: &str) -> Arc<DropCounter> {
        self.0.as_ref().map_or_else(|| Arc::new(DropCounter::new(owner)), |inner| inner.shared.drops_of(owner))
    }

    /// Returns the rules by which texts are redacted.
    #[must_use]
    pub fn redaction(&self) -> &Redaction {
        static DISABLED: LazyLock<Redaction> = LazyLock::new(Redaction::new);
        self.0.as_ref().map_or_else(|| &*DISABLED, |inner| &inner.shared.redaction)
    }

    /// Returns whether paths are shown as the client sent them instead of as their route.
    #[must_use]
    pub fn shows_raw_paths(&self) -> bool {
        self.0.as_ref().is_some_and(|inner| inner.shared.raw_paths)
    }

    /// Returns whether clients' addresses are shown in full.
    #[must_use]
    pub fn shows_full_addresses(&self) -> bool {
        self.0.as_ref().is_some_and(|inner| inner.shared.show_full_ips)
    }

    /// Returns `trace` with a new sampling decision, at the rate set by
    /// [`MonitorBuilder::trace_sample_rate`](crate::MonitorBuilder::trace_sample_rate). Use it for a trace that begins
    /// here, or if the caller's sampling decision is not trusted.
    // No example: layers call it.
    #[must_use]
    #[inline]
    pub fn sample(&self, trace: TraceContext) -> TraceContext {
        let share = self.0.as_ref().map_or(TRACE_SAMPLING, |inner| inner.shared.trace_sampling);
        let is_sampled = trace.span_id().fraction() < share;
        trace.with_sampled(is_sampled)
    }

    /// Returns whether requests to `path` are excluded from metrics, issues and reports.
    #[must_use]
    pub fn is_untracked(&self, path: &str) -> bool {
        self.0.as_ref().is_some_and(|inner| inner.shared.untracked.cover(path))
    }

    /// Excludes requests to these paths, and to all paths below them, like
    /// [`MonitorBuilder::untracked`](crate::MonitorBuilder::untracked), but as from now. A service that is mounted on a
    /// router after the monitor was built excludes its own path. The paths are protected from being
    /// [disabled](Self::disable_route), too.
    ///
    /// # Errors
    ///
    /// Returns an error if a path does not begin with `/`, or is the root; none is excluded then.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::Monitor;
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// monitor.add_untracked(["/internal"])?;
    /// assert!(monitor.is_untracked("/internal/jobs"));
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    pub fn add_untracked<'a>(&self, paths: impl IntoIterator<Item = &'a str>) -> Result<(), BuildError> {
        let paths = paths.into_iter().map(|path| prefixes::checked("untracked path", path));
        let paths: Vec<_> = paths.collect::<Result<_, _>>()?;
        if let Some(inner) = &self.0 {
            inner.shared.switch.protect(paths.clone());
            inner.shared.untracked.add(paths);
        }
        Ok(())
    }

    /// Sends `signal` to every reporter. Never blocks: a reporter with a full queue misses the signal, which is
    /// counted.
    pub fn publish(&self, signal: Signal) {
        if let Some(inner) = &self.0 {
            inner.reporters.publish(signal);
        }
    }

    /// Runs `task` once a second, after the windows were sampled, and once more in [`shutdown`](Self::shutdown), until
    /// it returns [`ControlFlow::Break`] or the monitor is dropped. A disabled monitor never runs it.
    ///
    /// All tasks run on the monitor's housekeeping thread, so one that blocks delays the others and the next sample. A
    /// panic in a task is caught. A task must not hold a clone of the monitor, which would never be dropped.
    ///
    /// # Example
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use monitor_kit::Monitor;
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// monitor.every_second(|monitor| {
    ///     println!("{} issues", monitor.issues().len());
    ///     ControlFlow::Continue(())
    /// });
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    pub fn every_second(&self, task: impl Fn(&Self) -> ControlFlow<()> + Send + Sync + 'static) {
        let Some(inner) = &self.0 else { return };
        let weak = self.downgrade();
        inner.periodic.add(move || weak.upgrade().map_or(ControlFlow::Break(()), |monitor| task(&monitor)));
    }

    pub(crate) fn inner(&self) -> Option<&Inner> {
        self.0.as_deref()
    }

    pub(crate) fn hooks_panics(&self) -> bool {
        self.0.as_ref().is_some_and(|inner| inner.panic_hook != PanicHook::Off)
    }

    pub(crate) fn chains_panics(&self) -> bool {
        self.0.as_ref().is_some_and(|inner| inner.panic_hook == PanicHook::CallPrevious)
    }

    /// Warns once of a panic without a note, if this monitor uses the hook that should have made one.
    pub(crate) fn warn_of_missing_hook(&self) {
        if let Some(inner) = self.0.as_ref().filter(|inner| inner.panic_hook != PanicHook::Off) {
            unwind::once(&inner.missing_hook, || {
                tracing::warn!(
                    target: "monitor",
                    "a panic was caught that the panic hook did not see, so its location is unknown: the hook was \
                     replaced after the monitor was built, or the panic was resumed"
                );
            });
        }
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(inner) => f.debug_tuple("Monitor").field(&inner.shared.identity).finish(),
            None => f.write_str("Monitor::disabled()"),
        }
    }
}

/// Default share of new traces that are marked as sampled.
pub(crate) const TRACE_SAMPLING: f64 = 0.1;
