//! The ground floor: time, threads, text and JSON. It knows no errors, requests or monitors.

pub(crate) mod bounded;
pub mod clock;
pub(crate) mod drops;
pub(crate) mod error;
pub mod escape;
pub(crate) mod hex;
pub(crate) mod json;
pub(crate) mod mark;
pub(crate) mod prefixes;
pub(crate) mod queue;
pub(crate) mod source;
pub(crate) mod sync;
pub(crate) mod unwind;
