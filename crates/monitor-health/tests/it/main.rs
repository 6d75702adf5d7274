//! How the registry behaves while probes are slow, stuck, broken, or asked by many at once.

mod changes;
mod herd;
mod schedule;
mod stuck;
mod support;
