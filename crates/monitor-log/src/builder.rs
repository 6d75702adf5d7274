//! Sets up logging for a whole program in one call.
//!
//! A complete setup has a console layer, a file that rotates, breadcrumbs, a filter and a thread for each writer, and
//! all of them must be flushed in the right order when the program ends. [`LogBuilder`] wires them together;
//! [`LogGuard`] flushes them.

mod error;

#[cfg(unix)]
use std::fs::File;
use std::{
    env,
    io::{self, IsTerminal},
    path::PathBuf,
    time::Duration,
};

use monitor_core::Monitor;
use tracing::Subscriber;
use tracing_subscriber::{
    Layer, Registry, filter::Targets, layer::SubscriberExt, registry::LookupSpan, util::SubscriberInitExt,
};

pub use self::error::InitError;
use self::error::Kind;
use crate::{
    breadcrumbs::BreadcrumbLayer,
    json::{FieldNames, JsonLayer},
    non_blocking::{FlushGuard, NonBlocking},
    readable::ReadableLayer,
    rolling::{RollingFile, Rotation},
};

/// Starts logging to stdout: JSON if the monitor's environment is `production`, human-readable lines otherwise.
///
/// The filter is `RUST_LOG`. Without it, INFO and above is logged, and WARN and above for common frameworks. Events at
/// INFO and above inside a scope also leave breadcrumbs. Hold the guard until the program ends: dropping it reports the
/// last captured events and writes all queued lines.
///
/// # Errors
///
/// See [`LogBuilder::init`].
///
/// # Example
///
/// ```
/// use monitor_kit::Monitor;
///
/// let monitor = Monitor::builder("shop").environment("production").build()?;
/// let _log = monitor_kit::log::init(&monitor)?;
/// tracing::info!(order_id = 123, "order_processed");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn init(monitor: &Monitor) -> Result<LogGuard, InitError> {
    LogBuilder::new(monitor).init()
}

/// Builds the logging setup of a program.
///
/// # Example
///
/// ```
/// use monitor_kit::Monitor;
/// use monitor_kit::log::{Rotation, LogBuilder};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("app.log");
/// let monitor = Monitor::builder("shop").build()?;
/// let _log = LogBuilder::new(&monitor)
///     .file(path)
///     .rotation(Rotation::daily().keep(7))
///     .filter("info,sqlx=debug")
///     .init()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Example: a container whose log is collected by OpenTelemetry
///
/// ```
/// use monitor_kit::Monitor;
/// use monitor_kit::log::{BreadcrumbLayer, FieldNames, LogBuilder};
/// use tracing::Level;
///
/// let monitor = Monitor::builder("shop").build()?;
/// let _log = LogBuilder::new(&monitor)
///     .json(true)
///     .field_names(FieldNames::OpenTelemetry)
///     .breadcrumbs(BreadcrumbLayer::new().level(Level::DEBUG))
///     .init()?;
/// tracing::info!(order_id = 123, "order_processed");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct LogBuilder {
    monitor: Monitor,
    json: bool,
    names: FieldNames,
    filter: String,
    console: bool,
    file: Option<PathBuf>,
    rotation: Rotation,
    breadcrumbs: Option<BreadcrumbLayer>,
}

/// Shuts logging down when dropped. First the monitor delivers all captured events to the log and to its other
/// reporters, then the writers write the queued lines. Each step takes at most two seconds.
///
/// The guard may be dropped before the monitor, which is the order at the end of a `main` that builds the monitor
/// first.
#[derive(Debug)]
#[must_use = "dropping it ends the log"]
pub struct LogGuard {
    monitor: Monitor,
    _writers: Vec<FlushGuard>,
}

type Layers<S> = Vec<Box<dyn Layer<S> + Send + Sync>>;

impl Drop for LogGuard {
    fn drop(&mut self) {
        // Flushed before the writers close: the log is a reporter of the monitor, and lines written later would be
        // lost.
        self.monitor.flush(FLUSH_TIMEOUT);
    }
}

impl LogBuilder {
    /// Creates a builder with the defaults of [`init`].
    pub fn new(monitor: &Monitor) -> Self {
        Self {
            json: monitor.identity().is_some_and(|identity| identity.environment() == "production"),
            monitor: monitor.clone(),
            names: FieldNames::Plain,
            filter: DEFAULT_FILTER.to_owned(),
            console: true,
            file: None,
            rotation: Rotation::default(),
            breadcrumbs: Some(BreadcrumbLayer::new()),
        }
    }

    /// Writes JSON to stdout instead of human-readable lines. Defaults to `true` if the environment is `production`.
    pub fn json(mut self, on: bool) -> Self {
        self.json = on;
        self
    }

    /// Sets the naming scheme of the JSON keys. Defaults to [`FieldNames::Plain`].
    pub fn field_names(mut self, names: FieldNames) -> Self {
        self.names = names;
        self
    }

    /// Sets the filter used when `RUST_LOG` is unset or empty: levels and `target=level` pairs, separated by commas.
    /// Defaults to `info`, with `warn` for common frameworks.
    pub fn filter(mut self, directives: impl Into<String>) -> Self {
        self.filter = directives.into();
        self
    }

    /// Enables output to stdout. Defaults to `true`.
    ///
    /// # Example: a command whose output is data
    ///
    /// ```
    /// use monitor_kit::{Monitor, log::LogBuilder};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("export.log");
    /// let monitor = Monitor::builder("export").build()?;
    /// let _log = LogBuilder::new(&monitor).console(false).file(path).init()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn console(mut self, on: bool) -> Self {
        self.console = on;
        self
    }

    /// Also writes JSON lines to this file. Defaults to none.
    ///
    /// Several processes may write to the same file, such as the two processes of a rolling release. During a rotation
    /// a process locks a file next to it, whose name ends in `.lock`, so that each line ends up in one of the files.
    /// After another process has rotated the file, a process may write to the rotated file for up to a second.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = Some(path.into());
        self
    }

    /// Sets when the file is rotated and the number of old files. Defaults to 10 MiB and five old files.
    pub fn rotation(mut self, rotation: Rotation) -> Self {
        self.rotation = rotation;
        self
    }

    /// Sets the layer that records breadcrumbs; `None` disables them. Defaults to INFO and above.
    pub fn breadcrumbs(mut self, layer: impl Into<Option<BreadcrumbLayer>>) -> Self {
        self.breadcrumbs = layer.into();
        self
    }

    /// Installs the global subscriber and starts logging for the whole process.
    ///
    /// # Errors
    ///
    /// Returns an error if `RUST_LOG` or the filter cannot be parsed, the file cannot be opened, a thread cannot be
    /// started, or the process already has a global subscriber.
    pub fn init(self) -> Result<LogGuard, InitError> {
        let targets = self.targets()?;
        let (layers, guard) = self.layers::<Registry>()?;
        let subscriber = tracing_subscriber::registry().with(layers).with(targets);
        subscriber.try_init().map_err(|_| InitError(Kind::Taken))?;
        Ok(guard)
    }

    /// Returns the setup as one layer, for a subscriber that also has other layers. `RUST_LOG` or the filter applies to
    /// this layer only.
    ///
    /// # Errors
    ///
    /// The same as [`init`](Self::init), except for an existing global subscriber.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::{Monitor, log::LogBuilder};
    /// use tracing_subscriber::prelude::*;
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// let (ours, _log) = LogBuilder::new(&monitor).layer()?;
    /// let yours = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    /// tracing_subscriber::registry().with(yours).with(ours).init();
    /// tracing::info!("both write this");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn layer<S>(self) -> Result<(impl Layer<S> + Send + Sync, LogGuard), InitError>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let targets = self.targets()?;
        let (layers, guard) = self.layers()?;
        Ok((layers.with_filter(targets), guard))
    }

    fn layers<S>(self) -> Result<(Layers<S>, LogGuard), InitError>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let (mut writers, mut layers) = (Vec::new(), Layers::new());
        if self.console {
            let stdout = self.spawn(stdout(), &mut writers)?;
            layers.push(if self.json { self.lines(stdout).boxed() } else { self.readable(stdout).boxed() });
        }
        if let Some(path) = &self.file {
            let file = RollingFile::open(path, self.rotation);
            let file = file.map_err(|error| InitError(Kind::File(error)))?;
            let file = self.spawn(WarningFile(file), &mut writers)?;
            layers.push(self.lines(file).boxed());
        }
        layers.extend(self.breadcrumbs.map(Layer::boxed));
        Ok((layers, LogGuard { monitor: self.monitor, _writers: writers }))
    }

    fn targets(&self) -> Result<Targets, InitError> {
        let variable = env::var("RUST_LOG").ok().filter(|text| !text.trim().is_empty());
        let (origin, text) = variable.map_or_else(|| ("the filter", self.filter.clone()), |text| ("RUST_LOG", text));
        text.parse().map_err(|error| InitError(Kind::Filter { origin, text, error }))
    }

    fn spawn(
        &self,
        writer: impl io::Write + Send + 'static,
        guards: &mut Vec<FlushGuard>,
    ) -> Result<NonBlocking, InitError> {
        let builder = NonBlocking::builder(writer).drops(self.monitor.drops_of("log_writer"));
        let (writer, guard) = builder.spawn().map_err(|error| InitError(Kind::Thread(error)))?;
        guards.push(guard);
        Ok(writer)
    }

    fn lines(&self, writer: NonBlocking) -> JsonLayer<NonBlocking> {
        JsonLayer::new(&self.monitor).field_names(self.names).writer(writer)
    }

    fn readable(&self, writer: NonBlocking) -> ReadableLayer<NonBlocking> {
        // https://no-color.org
        let colours = io::stdout().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        ReadableLayer::new(&self.monitor).colours(colours).writer(writer)
    }
}

/// Returns standard output without the buffer of [`io::stdout`]. That buffer accepts lines and may fail to write them
/// later, when the loss can no longer be counted.
#[cfg(unix)]
fn stdout() -> Box<dyn io::Write + Send> {
    use std::os::fd::AsFd;

    match io::stdout().as_fd().try_clone_to_owned() {
        Ok(stdout) => Box::new(File::from(stdout)),
        Err(_) => Box::new(io::stdout()),
    }
}

#[cfg(not(unix))]
fn stdout() -> Box<dyn io::Write + Send> {
    Box::new(io::stdout())
}

/// A file that logs a warning when it cannot be rotated. It must run on the writer's thread: a warning logged under the
/// lock of a layer would deadlock.
struct WarningFile(RollingFile);

impl io::Write for WarningFile {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let written = self.0.write(lines);
        if let Some(error) = self.0.rotation_error() {
            tracing::warn!(target: "monitor", %error, "the log file cannot be rotated, and grows until it can");
        }
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Maximum time for the monitor to deliver the last captured events.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// Everything at INFO, but only warnings and errors of common frameworks, whose INFO events are mostly noise.
const DEFAULT_FILTER: &str = "info,axum=warn,h2=warn,hyper=warn,hyper_util=warn,mio=warn,reqwest=warn,rustls=warn,\
                              sqlx=warn,tokio=warn,tonic=warn,tower=warn,tower_http=warn";
