//! Forward compatibility of stored values: fields that this release does not know are written back unchanged.

use serde_json::{Map, Value};

/// Fields of a stored value that this release does not know, at any depth.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unknown(Map<String, Value>);

impl Unknown {
    /// Returns the fields of `stored` that `known` lacks. `known` must be the same value, serialised by this release.
    pub(crate) fn of(stored: &Value, known: &Value) -> Self {
        Self(unknown(stored, known).unwrap_or_default())
    }

    /// Adds the unknown fields to a value, provided that the objects that contained them still exist.
    pub(crate) fn add_to(&self, value: &mut Value) {
        add(&self.0, value);
    }
}

fn unknown(stored: &Value, known: &Value) -> Option<Map<String, Value>> {
    let (stored, known) = (stored.as_object()?, known.as_object()?);
    let fields = stored.iter().filter_map(|(key, value)| {
        let unknown = match known.get(key) {
            None => value.clone(),
            Some(known) => Value::Object(unknown(value, known)?),
        };
        Some((key.clone(), unknown))
    });
    let fields: Map<_, _> = fields.collect();
    (!fields.is_empty()).then_some(fields)
}

fn add(unknown: &Map<String, Value>, value: &mut Value) {
    let Some(fields) = value.as_object_mut() else { return };
    for (key, unknown) in unknown {
        match (fields.get_mut(key), unknown) {
            (None, _) => drop(fields.insert(key.clone(), unknown.clone())),
            (Some(known), Value::Object(unknown)) => add(unknown, known),
            (Some(_), _) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_fields_survive_at_any_depth_and_known_ones_change() {
        let stored = json!({"count": 1, "new": [1], "status": {"state": "open", "why": "x"}, "gone": {"new": 1}});
        let known = json!({"count": 1, "status": {"state": "open"}, "gone": {}});
        let mut changed = json!({"count": 2, "status": {"state": "resolved"}, "gone": null});
        Unknown::of(&stored, &known).add_to(&mut changed);
        assert_eq!(changed, json!({"count": 2, "new": [1], "status": {"state": "resolved", "why": "x"}, "gone": null}));
    }
}
