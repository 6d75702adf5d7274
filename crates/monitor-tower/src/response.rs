//! What responses are made of and what is read off them: bodies of text, problems, the status of gRPC, the errors attached.

pub(crate) mod attached_error;
pub(crate) mod error_chain;
pub(crate) mod grpc;
pub(crate) mod problem;
pub(crate) mod response_marker;
pub(crate) mod text_body;
pub(crate) mod tonic_status;
