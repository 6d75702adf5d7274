//! A TODO API that shows every part of monitor-kit at work: request identity, metrics, errors as issues, health with a
//! drain, and a fault of its own to try it on.

mod accept;
mod admin;
mod app;
mod config;
mod error;
mod fault;
mod issues;
mod json;
mod listener;
mod logging;
mod openapi;
mod operators;
mod probes;
mod server;
mod store;
#[expect(unused_qualifications, reason = "utoipa's macro for parameters writes them")]
mod todos;
mod token;
mod triage;
mod user;

pub use self::{
    app::{App, ROUTES},
    config::{Config, Division},
    error::{ApiError, DivisionByZero},
    server::{StartError, run, run_with},
    token::Token,
};
