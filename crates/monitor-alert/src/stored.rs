//! The stored form: JSON behind keys that begin with `alert-`.
//!
//! Keys have no `/`, so that a store never evicts them. Each value has the fields that a newer release added to it in
//! `rest`, and is written back with them.

pub(crate) mod acknowledgement;
pub(crate) mod alert;
pub(crate) mod time;

use monitor_core::StoreWrite;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::mask::{self, Mask};

/// The prefix of all keys.
pub(crate) const PREFIX: &str = "alert-";

/// Returns the change that sets `key` to `value`.
pub(crate) fn put(key: String, value: &impl Serialize) -> StoreWrite {
    let value = serde_json::to_vec(value).expect("stored values are maps with text keys");
    StoreWrite::Put { key, value }
}

/// Masks all texts of a value in its stored form. Returns whether any was changed.
pub(crate) fn erase<T: Serialize + DeserializeOwned>(value: &mut T, mask: Mask<'_>) -> bool {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(&*value) else { return false };
    if !mask::fields_except(TAGS, &mut fields, mask) {
        return false;
    }
    let masked = serde_json::from_value(Value::Object(fields));
    masked.map(|masked| *value = masked).is_ok()
}

/// Keys whose values are no texts of people: a user may be called `note`.
const TAGS: &[&str] = &["event", "id", "kind", "severity"];

/// A duration in milliseconds, if there is one.
pub(crate) mod some_millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        duration.map(|duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_millis))
    }
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
