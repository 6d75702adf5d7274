//! Logs for monitor-kit: JSON lines written straight from the events of `tracing`, lines for people, a file that rotates,
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
//! That line says, beside what the program said of it, which service it is of and, inside a request, of which request:
//!
//! ```json
//! {"timestamp":"2025-07-29T12:30:00.250001Z","level":"INFO","target":"shop","message":"order_processed","order_id":123,"request_id":"0b6c7c2e-7a9e-4d0a-9d55-6f1c2b3a4d5e","trace_id":"0b6c7c2e7a9e4d0a9d556f1c2b3a4d5e","service":"shop","release":"1.4.2","environment":"production"}
//! ```
//!
//! [`LogBuilder`] says more of what [`init`] does. Each part also works by itself: [`JsonLayer`], [`ReadableLayer`] and
//! [`BreadcrumbLayer`] are layers for `tracing-subscriber`, [`NonBlocking`] and [`RollingFile`] are writers.
//!
//! # Beside a subscriber of your own
//!
//! [`init`] sets the global subscriber, which a program has one of. A program with layers of its own, for traces or a console,
//! adds ours to them: [`LogBuilder::layer`] returns all that [`init`] would set up, as one layer.
//!
//! The parts can be chosen one by one as well. Each gets a filter of its own: a filter on the whole subscriber, such as an
//! `EnvFilter` that is added with `with`, would also keep events from the breadcrumbs. The monitor is flushed before the
//! writer's guard is dropped, for the errors it captured last are lines of the log.
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
//! Records of the `log` crate arrive where tracing-log passes them on: `tracing_log::LogTracer::init()`, or the `init` of a
//! tracing-subscriber with the feature `tracing-log`, which is one of its default features.
//!
//! # When lines are lost
//!
//! Never silently. A line that finds the queue of [`NonBlocking`] full, or that its writer fails to write, is counted in
//! `monitor_dropped_total` with reporter `log_writer`.

#![cfg_attr(docsrs, feature(doc_cfg))]

// The floors, from the ground up: a module uses only those above it in this list. `cargo xtask lint` checks it.

// Where a record comes from: an event of tracing, or a record of `log`.
mod origin;

// A file that rotates.
mod rolling;

// A writer that blocks nobody: a bounded queue and a thread.
mod non_blocking;

// A writer without a queue.
mod direct;

// JSON lines.
mod json;

// Lines for a terminal.
mod readable;

// Records as breadcrumbs of the current scope, and errors as events.
mod breadcrumbs;

// All of it by one call.
mod builder;

pub use self::{
    breadcrumbs::BreadcrumbLayer,
    builder::{InitError, LogBuilder, LogGuard, init},
    json::{FieldNames, JsonLayer},
    non_blocking::{FlushGuard, NonBlocking, NonBlockingBuilder, WhenFull},
    readable::ReadableLayer,
    rolling::{RollingFile, Rotation},
};
