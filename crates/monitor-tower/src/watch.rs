//! The processing of a request: the service creates a guard from the request's head, the future polls the inner service
//! inside the scope, and the body ends the request.

pub(crate) mod body;
pub(crate) mod client_address;
pub(crate) mod future;
pub(crate) mod guard;
pub(crate) mod identity;
pub(crate) mod log;
#[cfg(feature = "opentelemetry")]
pub(crate) mod otel;
pub(crate) mod read_headers;
pub(crate) mod route;
pub(crate) mod service;
pub(crate) mod span;
pub(crate) mod upgraded;
