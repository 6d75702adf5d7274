//! The public layers, services and extractors.

pub(crate) mod error_response;
#[cfg(feature = "axum")]
pub(crate) mod extract;
pub(crate) mod layer;
#[cfg(feature = "prometheus")]
pub(crate) mod prometheus;
pub(crate) mod propagate;
pub(crate) mod single_layers;
