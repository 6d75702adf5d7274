//! The cost of the layers next to their peers: the processes that `cargo xtask bench` starts, reads and compares.
//!
//! Each prints one figure per line: a name, a tab and a number.

#![expect(clippy::print_stdout, reason = "the figures are the output")]

pub mod cases;
pub mod count;
pub mod drive;
pub mod errors;
pub mod event;
pub mod facts;
pub mod first_alert;
pub mod history;
mod issues;
mod pages;
pub mod panics;
pub mod rounds;
pub mod server;
pub mod subscriber;
pub mod threads;
