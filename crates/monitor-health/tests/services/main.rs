//! Probes of real servers, which are suspended, resumed, killed and restarted during the tests.

mod postgres;
mod redis;
mod server;
mod support;
