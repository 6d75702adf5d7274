//! The registry: all probes of a service, their schedule, and whether the service can take traffic.

pub(crate) mod builder;
pub(crate) mod drain;
pub(crate) mod health;
mod notify;
pub(crate) mod report;
mod schedule;
