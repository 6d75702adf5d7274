//! Behaviour of the whole kit through its public API: one file a behaviour.

mod addresses;
mod answers;
mod auto_traits;
mod axum;
mod bridge;
mod capture;
mod client;
mod config;
mod hyper;
mod identity;
mod jobs;
mod lengths;
mod measures;
mod metrics;
mod model;
mod outcomes;
mod outgoing;
mod panics;
mod policies;
mod redaction;
mod reporters;
mod requests;
mod sockets;
mod stacks;
mod support;
mod upgrades;
