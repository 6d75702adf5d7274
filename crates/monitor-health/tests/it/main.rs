//! The registry under probes that are slow, stuck or broken, and under many concurrent requests.

mod changes;
#[cfg(feature = "grpc")]
mod grpc;
mod herd;
mod panics;
mod schedule;
mod stuck;
mod support;
