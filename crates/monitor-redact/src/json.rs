//! Masking of JSON values.

use std::{borrow::Cow, mem};

use serde_json::{Map, Value};

use crate::{found::FILTERED, redaction::Redaction};

impl Redaction {
    /// Masks the strings, numbers and keys in `value`, in place. Strings are cut to 8 KiB. Below a key that names a
    /// secret, every value is masked as a whole; `key` is that of `value` itself, empty if it has none.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::Redaction;
    ///
    /// let mut order = serde_json::json!({"id": 7, "accessToken": "t-1", "mail": "jo@example.org"});
    /// Redaction::new().json("", &mut order);
    /// assert_eq!(order, serde_json::json!({"id": 7, "accessToken": "[Filtered]", "mail": "[Filtered]"}));
    /// ```
    pub fn json(&self, key: &str, value: &mut Value) {
        if self.on {
            self.mask_member(key, value);
        }
    }

    fn mask_member(&self, key: &str, value: &mut Value) {
        if self.masks(key) {
            self.filter(value);
        } else {
            self.mask_value(value);
        }
    }

    /// Masks the secrets in a value whose key names none.
    fn mask_value(&self, value: &mut Value) {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::String(text) => self.bound(text),
            Value::Number(number) => {
                // A card number can be a JSON number.
                if matches!(self.text(&number.to_string()), Cow::Owned(_)) {
                    *value = FILTERED.into();
                }
            }
            Value::Array(values) => match &mut values[..] {
                // A key and its value, such as a header: `["cookie", "a=1"]`.
                [Value::String(key), value @ Value::String(_)] if self.masks(key) => {
                    self.bound(key);
                    self.filter(value);
                }
                values => values.iter_mut().for_each(|value| self.mask_value(value)),
            },
            Value::Object(map) => self.mask_members(map, |key, value| self.mask_member(key, value)),
        }
    }

    /// Replaces every text, number and truth value in the value of a secret.
    fn filter(&self, value: &mut Value) {
        match value {
            Value::Null => {}
            Value::Bool(_) | Value::Number(_) | Value::String(_) => *value = FILTERED.into(),
            Value::Array(values) => values.iter_mut().for_each(|value| self.filter(value)),
            Value::Object(map) => self.mask_members(map, |_, value| self.filter(value)),
        }
    }

    /// Masks the keys of an object, and its values with `mask`.
    fn mask_members(&self, map: &mut Map<String, Value>, mask: impl Fn(&str, &mut Value)) {
        for (key, mut value) in mem::take(map) {
            mask(&key, &mut value);
            map.insert(self.text(&key).into_owned(), value);
        }
    }
}
