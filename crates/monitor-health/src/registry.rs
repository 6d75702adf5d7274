//! The registry: all probes of a service, when they run, and whether the service is fit for traffic.

pub(crate) mod builder;
pub(crate) mod drain;
pub(crate) mod health;
mod notify;
pub(crate) mod report;
mod schedule;
