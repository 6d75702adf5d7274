//! The public layers, services and extractors.

pub(crate) mod error_response;
#[cfg(feature = "axum")]
pub(crate) mod extract;
pub(crate) mod layer;
pub(crate) mod outgoing_host;
pub(crate) mod propagate;
pub(crate) mod single_layers;
