//! Redaction: secrets and personal data are masked before any reporter sees them.

mod redaction;

pub use self::redaction::*;
