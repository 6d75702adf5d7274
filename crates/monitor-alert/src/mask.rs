//! Masks the texts of an erased user in alerts, and in fields of a newer release.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::alert::Alert;

/// Returns the masked form of a text, or `None` if it has nothing to mask.
pub(crate) type Mask<'a> = &'a mut dyn FnMut(&str) -> Option<String>;

/// Masks the texts of `alert`. Returns whether any was changed.
pub(crate) fn alert(alert: &mut Arc<Alert>, mask: Mask<'_>) -> bool {
    let mut masked = Alert::clone(alert);
    let texts = masked.facts.iter_mut().map(|(_, value)| value);
    let changes = [&mut masked.title].into_iter().chain(texts).filter_map(|text| replace(text, &mut *mask));
    let is_changed = changes.count() > 0;
    if is_changed {
        *alert = Arc::new(masked);
    }
    is_changed
}

/// Masks the texts in `fields`, at any depth. Returns whether any was changed.
pub(crate) fn fields(fields: &mut Map<String, Value>, mask: Mask<'_>) -> bool {
    fields_except(&[], fields, mask)
}

/// Masks the texts in `fields`, at any depth, except those under these keys. Returns whether any was changed.
pub(crate) fn fields_except(keys: &[&str], fields: &mut Map<String, Value>, mask: Mask<'_>) -> bool {
    let fields = fields.iter_mut().filter(|(key, _)| !keys.contains(&key.as_str()));
    fields.fold(false, |is_changed, (_, value)| self::value(keys, value, &mut *mask) | is_changed)
}

fn value(keys: &[&str], value: &mut Value, mask: Mask<'_>) -> bool {
    match value {
        Value::String(text) => replace(text, mask).is_some(),
        Value::Array(values) => {
            values.iter_mut().fold(false, |is_changed, value| self::value(keys, value, &mut *mask) | is_changed)
        }
        Value::Object(map) => fields_except(keys, map, mask),
        _ => false,
    }
}

fn replace(text: &mut String, mask: Mask<'_>) -> Option<()> {
    *text = mask(text)?;
    Some(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_of_a_newer_release_are_masked_at_any_depth() {
        let mut stored = json!({"note": "ada", "list": [{"by": "ada", "count": 1}], "other": "bob"});
        let known = stored.as_object_mut().expect("an object");
        let mut mask = |text: &str| (text == "ada").then(|| String::from("*"));
        assert!(fields(known, &mut mask));
        assert!(!fields(known, &mut mask));
        assert_eq!(stored, json!({"note": "*", "list": [{"by": "*", "count": 1}], "other": "bob"}));
    }
}
