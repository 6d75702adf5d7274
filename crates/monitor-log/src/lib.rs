//! Logs.

mod json;

pub use self::json::{FieldNames, JsonLayer};
