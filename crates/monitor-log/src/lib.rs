//! Logging for monitor-kit: JSON lines written straight from `tracing` events, human-readable lines, a rotating file,
//! and breadcrumbs.
//!
//! ```
//! use monitor_kit::Monitor;
//!
//! let monitor = Monitor::builder("shop").environment("production").build()?;
//! let _log = monitor_kit::log::init(&monitor)?;
//! tracing::info!(order_id = 123, "order_processed");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Beside the event's own fields, the line names the service and, inside a request, the request:
//!
//! ```json
//! {"timestamp":"2025-07-29T12:30:00.250001Z","level":"INFO","target":"shop","message":"order_processed","order_id":123,"request_id":"0b6c7c2e-7a9e-4d0a-9d55-6f1c2b3a4d5e","trace_id":"0b6c7c2e7a9e4d0a9d556f1c2b3a4d5e","service":"shop","release":"1.4.2","environment":"production"}
//! ```
//!
//! [`LogBuilder`] has the settings of [`init`]. Each part also works on its own: [`JsonLayer`], [`ReadableLayer`] and
//! [`BreadcrumbLayer`] are layers for `tracing-subscriber`; [`NonBlocking`] and [`RollingFile`] are writers.
//!
//! # Together with your own subscriber
//!
//! [`init`] sets the global subscriber, and a process has only one. A program with layers of its own, for traces or a
//! console, adds [`LogBuilder::layer`] to them: it returns everything that [`init`] sets up as one layer.
//!
//! The parts can also be combined one by one. Give each its own filter: a filter on the whole subscriber, such as an
//! `EnvFilter` added with `with`, would also hide events from the breadcrumbs. Flush the monitor before dropping the
//! writer's guard, because the errors it captured last are lines of the log.
//!
//! ```
//! use std::time::Duration;
//!
//! use monitor_kit::{
//!     Monitor,
//!     log::{BreadcrumbLayer, JsonLayer, NonBlocking},
//! };
//! use tracing_subscriber::{filter::LevelFilter, prelude::*};
//!
//! let monitor = Monitor::builder("shop").build()?;
//! let writer = NonBlocking::builder(std::io::stdout()).drops(monitor.drops_of("log_writer"));
//! let (stdout, guard) = writer.spawn()?;
//! let yours = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
//! tracing_subscriber::registry()
//!     .with(yours.with_filter(LevelFilter::WARN))
//!     .with(JsonLayer::new(&monitor).writer(stdout).with_filter(LevelFilter::INFO))
//!     .with(BreadcrumbLayer::new().with_filter(LevelFilter::INFO))
//!     .init();
//! tracing::info!(order_id = 123, "order_processed");
//! monitor.flush(Duration::from_secs(2));
//! drop(guard);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Records of the `log` crate arrive if tracing-log forwards them: call `tracing_log::LogTracer::init()`, or use the
//! `init` of tracing-subscriber with its default feature `tracing-log`.
//!
//! # Lost lines
//!
//! No line is lost silently. A line that finds the queue of [`NonBlocking`] full, or that its writer fails to write, is
//! counted in `monitor_dropped_total` with reporter `log_writer`.

#![cfg_attr(docsrs, feature(doc_cfg))]

// Modules in dependency order: each uses only those above it. `cargo xtask lint` checks this.

// The origin of an event: a `tracing` callsite, or a record of the `log` crate.
mod origin;

// A rotating file.
mod rolling;

// A writer that never blocks its callers: a bounded queue and a thread.
mod non_blocking;

// A writer without a queue.
mod direct;

// JSON lines.
mod json;

// Human-readable lines for a terminal.
mod readable;

// Log events as breadcrumbs of the current scope, and errors as error events.
mod breadcrumbs;

// The whole setup in one call.
mod builder;

pub use self::{
    breadcrumbs::BreadcrumbLayer,
    builder::{InitError, LogBuilder, LogGuard, init},
    json::{FieldNames, JsonLayer},
    non_blocking::{FlushGuard, NonBlocking, NonBlockingBuilder, WhenFull},
    readable::ReadableLayer,
    rolling::{RollingFile, Rotation},
};
