//! The stored form of an acknowledgement, if there is one.

use monitor_core::clock;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::time;
use crate::active::Acknowledgement;

#[derive(Deserialize, Serialize)]
struct Stored {
    by: String,
    at_ms: u64,
}

pub(crate) fn serialize<S: Serializer>(ack: &Option<Acknowledgement>, serializer: S) -> Result<S::Ok, S::Error> {
    let stored = ack.as_ref().map(|ack| Stored { by: ack.by.clone(), at_ms: clock::millis(ack.at) });
    stored.serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Acknowledgement>, D::Error> {
    let stored = Option::<Stored>::deserialize(deserializer)?;
    Ok(stored.map(|Stored { by, at_ms }| Acknowledgement { by, at: time::of_millis(at_ms) }))
}
