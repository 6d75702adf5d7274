//! Conversions between values and JSON, for `#[serde(with)]`.

mod unknown;

use serde_json::Value;

pub(crate) use self::unknown::Unknown;

/// A value that is stored as text.
pub(crate) trait FromText: Sized {
    /// Parses `text`, which must be the displayed form of the value.
    fn from_text(text: &str) -> Option<Self>;
}

impl FromText for uuid::Uuid {
    fn from_text(text: &str) -> Option<Self> {
        Self::try_parse(text).ok()
    }
}

/// A time as RFC 3339 in UTC. It has microseconds, so that the time survives a round trip.
pub(crate) mod time {
    use std::time::SystemTime;

    use serde::{Deserialize, Deserializer, Serializer, de};

    use crate::base::clock;

    pub(crate) fn serialize<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&clock::rfc3339_micros(*time))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
        let text = String::deserialize(deserializer)?;
        clock::from_rfc3339(&text).ok_or_else(|| de::Error::custom(format_args!("`{text}` is no time")))
    }
}

/// An optional time; `None` is `null`.
pub(crate) mod time_or_null {
    use std::time::SystemTime;

    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    use crate::base::clock;

    pub(crate) fn serialize<S: Serializer>(time: &Option<SystemTime>, serializer: S) -> Result<S::Ok, S::Error> {
        time.map(clock::rfc3339_micros).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SystemTime>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
        let time = clock::from_rfc3339(&text);
        time.map(Some).ok_or_else(|| de::Error::custom(format_args!("`{text}` is no time")))
    }
}

/// A time in microseconds since the Unix epoch.
pub(crate) mod micros {
    use std::time::SystemTime;

    use serde::{Deserialize, Deserializer, Serializer};

    use crate::base::clock;

    pub(crate) fn serialize<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(clock::micros(*time))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
        Ok(clock::from_micros(u64::deserialize(deserializer)?.min(MICROS)))
    }

    /// The end of the year 9999. A later time in a store must be damage.
    const MICROS: u64 = 253_402_300_799_000_000;
}

/// A value as its displayed text.
pub(crate) mod text {
    use std::fmt::Display;

    use serde::{Deserialize, Deserializer, Serializer, de};

    use super::FromText;

    pub(crate) fn serialize<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(crate) fn deserialize<'de, T: FromText, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        let text = String::deserialize(deserializer)?;
        T::from_text(&text).ok_or_else(|| de::Error::custom(format_args!("`{text}` is not what is written here")))
    }
}

/// An optional value as its displayed text; `None` is `null`.
pub(crate) mod text_or_null {
    use std::fmt::Display;

    use serde::{Deserialize, Deserializer, Serializer, de};

    use super::FromText;

    pub(crate) fn serialize<T: Display, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, T: FromText, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
        let read = T::from_text(&text).map(Some);
        read.ok_or_else(|| de::Error::custom(format_args!("`{text}` is not what is written here")))
    }
}

/// An empty text as `null`.
pub(crate) mod null_if_empty {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
        (!text.is_empty()).then_some(text).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        Ok(Option::deserialize(deserializer)?.unwrap_or_default())
    }
}

/// A list of pairs as an object.
pub(crate) mod object {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<T: Serialize, S: Serializer>(
        pairs: &[(String, T)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
    }

    pub(crate) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(String, T)>, D::Error> {
        Ok(BTreeMap::deserialize(deserializer)?.into_iter().collect())
    }
}

/// Replaces everything deeper than [`DEEPEST`] levels with `…`, so that a recursive traversal cannot overflow the
/// stack.
pub(crate) fn shallow(mut value: Value) -> Value {
    let mut deep = Vec::new();
    flatten(&mut value, DEEPEST, &mut deep);
    // Dropped level by level, because dropping a deep value recurses as well.
    while let Some(value) = deep.pop() {
        match value {
            Value::Array(values) => deep.extend(values),
            Value::Object(map) => deep.extend(map.into_iter().map(|(_, value)| value)),
            _ => {}
        }
    }
    value
}

fn flatten(value: &mut Value, left: u32, deep: &mut Vec<Value>) {
    match value {
        Value::Array(_) | Value::Object(_) if left == 0 => deep.push(std::mem::replace(value, "…".into())),
        Value::Array(values) => values.iter_mut().for_each(|value| flatten(value, left - 1, deep)),
        Value::Object(map) => map.values_mut().for_each(|value| flatten(value, left - 1, deep)),
        _ => {}
    }
}

/// Maximum depth of a value.
const DEEPEST: u32 = 32;
