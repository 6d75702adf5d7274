//! The endpoints: requests and responses over HTTP and gRPC.

mod body;
#[cfg(feature = "grpc")]
pub(crate) mod grpc;
mod negotiate;
mod query;
pub(crate) mod service;
