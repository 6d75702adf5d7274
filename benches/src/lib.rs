//! What the layers cost, beside their peers: the processes that `cargo xtask bench` starts, reads and compares.
//!
//! Each prints one figure a line: what it is of, a tab, the number.

#![expect(clippy::print_stdout, reason = "figures go to whoever compares them")]

pub mod cases;
pub mod count;
pub mod drive;
pub mod event;
pub mod facts;
mod issues;
pub mod panics;
pub mod rounds;
pub mod server;
pub mod subscriber;
pub mod threads;
