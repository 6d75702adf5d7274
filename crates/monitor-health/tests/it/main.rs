//! How the registry behaves while probes are slow, stuck, broken, or asked by many at once.

mod changes;
#[cfg(feature = "grpc")]
mod grpc;
mod herd;
mod panics;
mod schedule;
mod stuck;
mod support;
