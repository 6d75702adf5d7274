//! Publishes the metrics of a monitor to a recorder of the [`metrics`] facade, and serves them to Prometheus.
//!
//! A monitor counts requests, jobs, issues and health itself, and publishes them to no recorder unasked. For
//! Prometheus, mount a [`PrometheusEndpoint`]. For any other recorder, install it as the facade asks, and call
//! [`publish`]:
//!
//! ```
//! use monitor_kit::Monitor;
//!
//! let monitor = Monitor::builder("shop").build()?;
//! // Before or after the program installs its recorder, such as that of metrics-exporter-dogstatsd.
//! monitor_kit::metrics::publish(&monitor);
//! # Ok::<(), monitor_kit::BuildError>(())
//! ```
//!
//! The names of all metrics and labels are in [`names`](monitor_core::names).
//!
//! # Publication
//!
//! The monitor's housekeeping thread publishes once a second, and [`Monitor::shutdown`] once more. A
//! [`PrometheusEndpoint`] needs no publication: it renders the monitor's values directly.
//!
//! | metric | method | effect |
//! | --- | --- | --- |
//! | counters | `absolute` | counts from before the recorder was installed are included |
//! | gauges | `set` | the last value wins |
//! | histograms | each bucket's mean, as often as it grew | count and [`names::BOUNDS`] buckets exact, sum rounded |
//!
//! # Several monitors
//!
//! The global recorder belongs to one monitor, the first that is published to it. Two monitors would overwrite each
//! other's counters and gauges in the same series. Publish later monitors to recorders of their own with
//! [`publish_to`]. A [`PrometheusEndpoint`] shows its own monitor only, however many there are.
//!
//! # Other recorders
//!
//! | recorder | what arrives |
//! | --- | --- |
//! | Prometheus, with other bounds than [`names::BOUNDS`] | all but buckets whose bound is not one of ours |
//! | Prometheus without bounds: a summary | all; quantiles are those of the buckets' means since the last publication |
//! | Prometheus with an idle time-out | all, but idle histograms restart at 0 |
//! | `DogStatsD`, histograms or distributions | counters, gauges; a histogram's count, sum and quantiles as above |
//!
//! # Features
//!
//! - `prometheus`: [`PrometheusEndpoint`], a tower service for `/metrics`. The program's own metrics on its page come
//!   from metrics-exporter-prometheus.
//!
//! [`Monitor::shutdown`]: monitor_core::Monitor::shutdown
//! [`names::BOUNDS`]: monitor_core::names::BOUNDS

#![cfg_attr(docsrs, feature(doc_cfg))]

// The floors, from the ground up: a module uses only those above it in this list. `cargo xtask lint` checks this.

// Histograms in the published unit, and the start of the process.
mod scale;
mod start;

// All values of a monitor at one time.
mod snapshot;

// The metrics, and their series in a snapshot.
mod family;

// From a monitor to one recorder, and what that recorder already has.
mod bridge;

// Publication to any recorder.
mod publish;

// The service for `/metrics`, which renders pages in Prometheus' text format.
#[cfg(feature = "prometheus")]
mod prometheus;

#[cfg(feature = "prometheus")]
pub use self::prometheus::{InstallError, PrometheusBody, PrometheusEndpoint};
pub use self::publish::{publish, publish_to};
