//! Probes of real servers, which are stopped, continued, killed and started again while they are asked.

mod postgres;
mod redis;
mod server;
mod support;
