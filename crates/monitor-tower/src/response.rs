//! The contents of responses, written and read: text bodies, problems, gRPC statuses, attached errors, markers.

pub(crate) mod attached_error;
pub(crate) mod error_chain;
pub(crate) mod grpc;
pub(crate) mod problem;
pub(crate) mod response_marker;
pub(crate) mod text_body;
pub(crate) mod tonic_status;
