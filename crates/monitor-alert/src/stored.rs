//! The stored form: JSON behind keys that begin with `alert-`.
//!
//! Keys have no `/`, so that a store never evicts them. Each value has the fields that a newer release added to it in
//! `rest`, and is written back with them.

pub(crate) mod acknowledgement;
pub(crate) mod alert;
pub(crate) mod time;

use monitor_core::StoreWrite;
use serde::Serialize;

/// The prefix of all keys.
pub(crate) const PREFIX: &str = "alert-";

/// Returns the change that sets `key` to `value`.
pub(crate) fn put(key: String, value: &impl Serialize) -> StoreWrite {
    let value = serde_json::to_vec(value).expect("stored values are maps with text keys");
    StoreWrite::Put { key, value }
}

/// A duration in milliseconds.
pub(crate) mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}
