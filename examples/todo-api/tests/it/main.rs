//! The TODO API as a process, tested from outside.

mod alerts;
mod api;
mod cors;
mod counting;
mod databases;
mod incidents;
mod issues;
mod kubernetes;
mod metrics;
mod openapi;
#[path = "../../../../crates/monitor-health/tests/services/server.rs"]
#[expect(dead_code, reason = "other tests freeze servers and start them again")]
mod server;
mod start;
mod stop;
mod support;
mod token;
