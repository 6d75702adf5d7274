//! Masking of JSON values.

use std::{borrow::Cow, mem};

use serde_json::Value;

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
            self.mask_value(self.masks(key), value);
        }
    }

    fn mask_value(&self, is_secret: bool, value: &mut Value) {
        match value {
            Value::Null => {}
            Value::Bool(_) | Value::Number(_) | Value::String(_) if is_secret => *value = FILTERED.into(),
            Value::Bool(_) => {}
            Value::String(text) => self.bound(text),
            Value::Number(number) => {
                // A card number can be a JSON number.
                if matches!(self.text(&number.to_string()), Cow::Owned(_)) {
                    *value = FILTERED.into();
                }
            }
            Value::Array(values) => {
                // A key and its value, such as a header: `["cookie", "a=1"]`.
                let is_pair = matches!(&values[..], [Value::String(key), Value::String(_)] if self.masks(key));
                let values = values.iter_mut().enumerate();
                values.for_each(|(at, value)| self.mask_value(is_secret || is_pair && at == 1, value));
            }
            Value::Object(map) => {
                for (key, mut value) in mem::take(map) {
                    self.mask_value(is_secret || self.masks(&key), &mut value);
                    map.insert(self.text(&key).into_owned(), value);
                }
            }
        }
    }
}
