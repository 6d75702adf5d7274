//! Matching of a user's data, for an erasure.

use serde_json::Value;

use crate::event::ErrorEvent;

/// Matches the data of one user, who is being erased. Passed to [`Durable::erase`](crate::Durable::erase).
///
/// # Example
///
/// ```
/// use monitor_kit::Eraser;
///
/// fn erase(notes: &mut [String], eraser: &Eraser) {
///     for note in notes.iter_mut().filter(|note| eraser.is_named_in(note)) {
///         *note = eraser.without_name(note);
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Eraser {
    pub(crate) user: String,
    pub(crate) mark: u64,
}

impl Eraser {
    pub(crate) fn new(user: &str, mark: u64) -> Self {
        Self { user: user.to_owned(), mark }
    }

    /// Returns whether a text has the user's ID as a word.
    #[must_use]
    pub fn is_named_in(&self, text: &str) -> bool {
        text.split(is_border).any(|word| word == self.user)
    }

    /// Returns a text with the user's ID replaced by `[erased]`, wherever it is a word.
    #[must_use]
    pub fn without_name(&self, text: &str) -> String {
        let word = |piece: &str| {
            let core = piece.trim_end_matches(is_border);
            if core == self.user { format!("[erased]{}", &piece[core.len()..]) } else { piece.to_owned() }
        };
        text.split_inclusive(is_border).map(word).collect()
    }

    /// Returns whether an event belongs to the user, or has the user's ID as a whole value of its scope.
    pub(crate) fn knows(&self, event: &ErrorEvent) -> bool {
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
