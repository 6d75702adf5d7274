//! Data that code below a scope writes to it: user, tags, contexts, breadcrumbs.

use std::collections::VecDeque;

use serde_json::Value;

use super::current;
use crate::{
    base::{bounded::bounded, json},
    event::Breadcrumb,
};

/// The data written to a scope.
#[derive(Clone, Default)]
pub(super) struct Notes {
    pub(super) user: Option<String>,
    pub(super) tags: Vec<(String, String)>,
    pub(super) contexts: Vec<(String, Value)>,
    pub(super) breadcrumbs: VecDeque<Breadcrumb>,
    /// The fingerprint set for the scope's events.
    pub(super) fingerprint: Vec<String>,
    /// Marks of the errors captured here, so that a layer further out does not capture them again.
    pub(super) seen: VecDeque<u64>,
}

/// Sets the user of this work: an ID, never a name or an address.
pub fn set_user(id: impl Into<String>) {
    // Conversions may run the program's own code, so they happen before the lock is taken.
    let id = bounded(id.into());
    if let Some(scope) = current() {
        scope.notes().user = Some(id);
    }
}

/// Sets a tag: a short text to find events by, such as `user_tier` = `premium`. A scope stores at most 50 tags.
pub fn set_tag(name: impl Into<String>, value: impl Into<String>) {
    let (name, value) = (name.into(), bounded(value.into()));
    if let Some(scope) = current() {
        put(&mut scope.notes().tags, name, value);
    }
}

/// Sets a context: structured data to read an event by, such as `order` = `{"id": 7}`. A scope stores at most 50
/// contexts; values nested 32 levels deep are replaced by `…`, and texts in them are cut to 8 KiB.
pub fn set_context(name: impl Into<String>, value: impl Into<Value>) {
    let (name, value) = (name.into(), json::shallow(value.into()));
    if let Some(scope) = current() {
        put(&mut scope.notes().contexts, name, value);
    }
}

/// Adds a breadcrumb at level INFO: a step on the way to a possible error. A scope stores the latest 100. For another
/// level, or with data, see [`Breadcrumb::add`].
pub fn add_breadcrumb(category: impl Into<String>, message: impl Into<String>) {
    Breadcrumb::new(category, message).add();
}

impl Breadcrumb {
    /// Adds the breadcrumb to the current scope, which stores the latest 100. Outside a scope, does nothing.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::{Level, scope::Breadcrumb};
    ///
    /// let miss = Breadcrumb::new("cache", "miss").level(Level::Debug);
    /// miss.data(serde_json::json!({"key": "item:7"})).add();
    /// ```
    pub fn add(self) {
        if let Some(scope) = current() {
            let breadcrumbs = &mut scope.notes().breadcrumbs;
            if breadcrumbs.len() == MAX_BREADCRUMBS {
                breadcrumbs.pop_front();
            }
            breadcrumbs.push_back(self);
        }
    }
}

/// Sets the fingerprint by which events of this scope are grouped, in place of the [rules](crate::Grouping). The part
/// `{{ default }}` stands for the result of the rules. At most 16 parts are stored; an empty fingerprint restores the
/// rules.
///
/// # Example
///
/// ```
/// use monitor_kit::scope;
///
/// // One issue per partner, for all of its errors.
/// scope::set_fingerprint(["partner", "acme"]);
/// // Each issue split by partner.
/// scope::set_fingerprint(["{{ default }}", "acme"]);
/// ```
pub fn set_fingerprint(parts: impl IntoIterator<Item = impl Into<String>>) {
    let parts = parts.into_iter().take(MAX_PARTS).map(|part| bounded(part.into())).collect();
    if let Some(scope) = current() {
        scope.notes().fingerprint = parts;
    }
}

fn put<T>(pairs: &mut Vec<(String, T)>, name: String, value: T) {
    if let Some((_, old)) = pairs.iter_mut().find(|(known, _)| *known == name) {
        *old = value;
    } else if pairs.len() < MAX_PAIRS {
        pairs.push((bounded(name), value));
    }
}

const MAX_BREADCRUMBS: usize = 100;
const MAX_PAIRS: usize = 50;
const MAX_PARTS: usize = 16;
