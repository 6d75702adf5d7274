//! The TODO API as a process, spoken to from outside.

mod api;
mod counting;
mod metrics;
mod start;
mod support;
