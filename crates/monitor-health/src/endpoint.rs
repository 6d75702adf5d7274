//! The endpoints: requests for health, and their answers.

mod body;
#[cfg(feature = "grpc")]
pub(crate) mod grpc;
mod negotiate;
mod query;
pub(crate) mod service;
