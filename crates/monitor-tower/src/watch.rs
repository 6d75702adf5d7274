//! The way of a request: the service begins a guard from the facts of its head, the future polls inside the scope, the body
//! ends it.

pub(crate) mod body;
pub(crate) mod facts;
pub(crate) mod future;
pub(crate) mod guard;
pub(crate) mod identity;
pub(crate) mod log;
#[cfg(feature = "opentelemetry")]
pub(crate) mod otel;
pub(crate) mod service;
pub(crate) mod span;
pub(crate) mod upgraded;
