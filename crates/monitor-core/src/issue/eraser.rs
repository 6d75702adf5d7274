//! Matching of a user's events, for an erasure.

use serde_json::Value;

use crate::event::ErrorEvent;

/// Matches the events of one user.
#[derive(Clone, Debug)]
pub(super) struct Eraser {
    pub(super) user: String,
    pub(super) mark: u64,
}

impl Eraser {
    /// Returns whether a text has the user's ID as a word.
    pub(super) fn is_named_in(&self, text: &str) -> bool {
        text.split(is_border).any(|word| word == self.user)
    }

    /// Returns a text with the user's ID replaced by `[erased]`.
    pub(super) fn without_name(&self, text: &str) -> String {
        let word = |piece: &str| {
            let core = piece.trim_end_matches(is_border);
            if core == self.user { format!("[erased]{}", &piece[core.len()..]) } else { piece.to_owned() }
        };
        text.split_inclusive(is_border).map(word).collect()
    }

    /// Returns whether an event belongs to the user, or has the user's ID as a whole value of its scope.
    pub(super) fn knows(&self, event: &ErrorEvent) -> bool {
        let scope = &event.scope;
        let is_named = || {
            scope.user.as_ref() == Some(&self.user)
                || scope.tags.iter().any(|(_, value)| *value == self.user)
                || scope.contexts.iter().any(|(_, value)| self.is_in(value))
                || scope.breadcrumbs.iter().any(|crumb| crumb.message == self.user || self.is_in(&crumb.data))
        };
        event.user_mark == Some(self.mark) || is_named()
    }

    fn is_in(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => *text == self.user,
            Value::Number(number) => number.to_string() == self.user,
            Value::Array(values) => values.iter().any(|value| self.is_in(value)),
            Value::Object(map) => map.values().any(|value| self.is_in(value)),
            Value::Null | Value::Bool(_) => false,
        }
    }
}

fn is_border(c: char) -> bool {
    !c.is_alphanumeric() && !"@._-".contains(c)
}
