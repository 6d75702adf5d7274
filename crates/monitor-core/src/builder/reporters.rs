//! Settings of what receives a monitor's events and signals: reporters, extensions, the log, and the function before
//! them.

use super::MonitorBuilder;
use crate::{
    event::ErrorEvent,
    extension::{Extension, ReporterExtension},
    signal::{
        Signal,
        log_reporter::LogReporter,
        reporter::{FnReporter, Reporter},
    },
};

impl MonitorBuilder {
    /// Sets a function that may change an event before any reporter receives it, or drop it by returning `None`. It
    /// runs on a thread of the monitor. If it panics, the panic is counted and the event is reported unchanged.
    /// Defaults to none.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use monitor_kit::{Level, Monitor};
    ///
    /// let monitor = Monitor::builder("shop")
    ///     .before_report(|mut event| {
    ///         event.scope.tags.push(("region".to_owned(), "eu-1".to_owned()));
    ///         (event.failure.type_name != "shop::OutOfStock").then_some(event)
    ///     })
    ///     .build()?;
    /// monitor.capture_message("the printer is out of paper", Level::Error);
    /// monitor.flush(Duration::from_secs(5));
    /// assert_eq!(monitor.issues()[0].samples[0].scope.tags, [("region".to_owned(), "eu-1".to_owned())]);
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    pub fn before_report(mut self, f: impl FnMut(ErrorEvent) -> Option<ErrorEvent> + Send + 'static) -> Self {
        self.before_report = Some(Box::new(f));
        self
    }

    /// Adds a reporter. Defaults to none besides the [`LogReporter`].
    pub fn reporter(self, reporter: impl Reporter) -> Self {
        self.extend(ReporterExtension(Box::new(reporter)))
    }

    /// Adds an extension: a part of the program that acts on signals and windows, and persists its state. Defaults to
    /// none.
    pub fn extend(mut self, extension: impl Extension) -> Self {
        self.extensions.push(Box::new(extension));
        self
    }

    /// Adds a reporter that calls a function. `name` labels its drop counters, so it must be unique.
    ///
    /// # Example
    ///
    /// ```
    /// use std::{sync::mpsc, time::Duration};
    /// use monitor_kit::{Level, Monitor, Signal};
    ///
    /// let (sender, chat) = mpsc::channel();
    /// let monitor = Monitor::builder("shop")
    ///     .reporter_fn("chat", move |signal| {
    ///         if let Signal::IssueOpened(issue) = signal {
    ///             let _ = sender.send(issue.message.clone());
    ///         }
    ///     })
    ///     .build()?;
    /// monitor.capture_message("the printer is out of paper", Level::Error);
    /// monitor.flush(Duration::from_secs(5));
    /// assert_eq!(chat.try_recv().as_deref(), Ok("the printer is out of paper"));
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    pub fn reporter_fn(self, name: impl Into<String>, report: impl FnMut(&Signal) + Send + 'static) -> Self {
        self.reporter(FnReporter { name: name.into(), report })
    }

    /// Sets the reporter that writes events to the log; `None` turns it off. Defaults to [`LogReporter::new`].
    pub fn log(mut self, log: impl Into<Option<LogReporter>>) -> Self {
        self.log = log.into();
        self
    }
}
