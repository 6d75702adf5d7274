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
//! [`Setup`] says more of what [`init`] does. Each part also works by itself: [`JsonLayer`], [`ReadableLayer`] and
//! [`BreadcrumbLayer`] are layers for `tracing-subscriber`, [`NonBlocking`] and [`RollingFile`] are writers.
//!
//! # When lines are lost
//!
//! Never silently. A line that finds the queue of [`NonBlocking`] full, or that its writer fails to write, is counted in
//! `monitor_dropped_total` with reporter `log_writer`.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod breadcrumbs;
mod direct;
mod json;
mod non_blocking;
mod readable;
mod rolling;
mod setup;

pub use self::{
    breadcrumbs::BreadcrumbLayer,
    json::{FieldNames, JsonLayer},
    non_blocking::{FlushGuard, NonBlocking, NonBlockingBuilder, WhenFull},
    readable::ReadableLayer,
    rolling::{RollingFile, Rotation},
    setup::{InitError, LogGuard, Setup, init},
};
