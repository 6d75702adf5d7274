//! The TODO API as a process, spoken to from outside.

mod api;
mod counting;
mod databases;
mod issues;
mod kubernetes;
mod metrics;
#[path = "../../../../crates/monitor-health/tests/services/server.rs"]
#[expect(dead_code, reason = "other tests freeze servers and start them again")]
mod server;
mod start;
mod support;
