//! The types of the domain: small values without behaviour, used by all other modules.

pub(crate) mod code_location;
pub(crate) mod fingerprint;
pub(crate) mod grpc_code;
pub(crate) mod identity;
pub(crate) mod level;
pub(crate) mod method;
pub mod names;
pub(crate) mod outcome;
pub(crate) mod request_id;
pub mod source_path;
pub(crate) mod trace_context;
pub(crate) mod trace_headers;
