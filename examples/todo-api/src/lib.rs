//! A TODO API that demonstrates every part of monitor-kit: request IDs, metrics, issues, alerts, incidents, health
//! with a drain, and a bug to try them on.

mod accept;
mod admin;
mod alerts;
mod app;
mod config;
mod error;
mod fault;
mod incidents;
mod issues;
mod json;
mod listener;
mod logging;
mod openapi;
mod operators;
mod probes;
mod server;
mod store;
mod todos;
mod token;
mod triage;
mod user;

pub use self::{
    app::{App, ROUTES},
    config::{AlertConfig, Config, Division},
    error::{ApiError, DivisionByZero},
    server::{StartError, run, run_with},
    token::Token,
};
