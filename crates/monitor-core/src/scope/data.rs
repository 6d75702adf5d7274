//! What is written to the current scope: user, tags, contexts, breadcrumbs.

use std::collections::VecDeque;

use serde_json::Value;

use super::current;
use crate::{base::json, event::Breadcrumb, redact::bounded};

/// What was written to the scope.
#[derive(Clone, Default)]
pub(super) struct Notes {
    pub(super) user: Option<String>,
    pub(super) tags: Vec<(String, String)>,
    pub(super) contexts: Vec<(String, Value)>,
    pub(super) breadcrumbs: VecDeque<Breadcrumb>,
    /// What events are to be grouped by, where that was said.
    pub(super) fingerprint: Vec<String>,
    /// Which errors were captured here, so that a layer further out does not capture them again.
    pub(super) seen: VecDeque<u64>,
}

/// Sets the user on whose behalf the work is done: an identifier, never a name or an address.
pub fn set_user(id: impl Into<String>) {
    // What turns into a text may be the program's own code, so it does before anything is locked.
    let id = bounded(id.into());
    if let Some(scope) = current() {
        scope.notes().user = Some(id);
    }
}

/// Sets a tag: a short word to find events by, such as `user_tier` = `premium`. At most 50 are kept.
pub fn set_tag(name: impl Into<String>, value: impl Into<String>) {
    let (name, value) = (name.into(), bounded(value.into()));
    if let Some(scope) = current() {
        put(&mut scope.notes().tags, name, value);
    }
}

/// Sets a context: structured data to read an event by, such as `order` = `{"id": 7}`. At most 50 are kept, of each what is
/// less than 32 deep, and of each text in it 8 KiB.
pub fn set_context(name: impl Into<String>, value: impl Into<Value>) {
    let (name, value) = (name.into(), json::shallow(value.into()));
    if let Some(scope) = current() {
        put(&mut scope.notes().contexts, name, value);
    }
}

/// Leaves a breadcrumb at level INFO: what happened on the way. The latest 100 are kept.
pub fn add_breadcrumb(category: impl Into<String>, message: impl Into<String>) {
    add(Breadcrumb::new(category, message));
}

/// Leaves a breadcrumb with a level or data of its own. The latest 100 are kept.
pub fn add(breadcrumb: Breadcrumb) {
    if let Some(scope) = current() {
        let breadcrumbs = &mut scope.notes().breadcrumbs;
        if breadcrumbs.len() == BREADCRUMBS {
            breadcrumbs.pop_front();
        }
        breadcrumbs.push_back(breadcrumb);
    }
}

/// Sets what the events of this scope are grouped by, in place of the [rules](crate::Grouping). A part `{{ default }}` stands
/// for what the rules would say. At most 16 parts are kept; none takes it back.
///
/// # Example
///
/// ```
/// use monitor_kit::scope;
///
/// // One issue for each of the partners, whatever they failed with.
/// scope::set_fingerprint(["partner", "acme"]);
/// // Each issue once for each of the partners.
/// scope::set_fingerprint(["{{ default }}", "acme"]);
/// ```
pub fn set_fingerprint(parts: impl IntoIterator<Item = impl Into<String>>) {
    let parts = parts.into_iter().take(PARTS).map(|part| bounded(part.into())).collect();
    if let Some(scope) = current() {
        scope.notes().fingerprint = parts;
    }
}

fn put<T>(pairs: &mut Vec<(String, T)>, name: String, value: T) {
    if let Some((_, old)) = pairs.iter_mut().find(|(known, _)| *known == name) {
        *old = value;
    } else if pairs.len() < PAIRS {
        pairs.push((bounded(name), value));
    }
}

const BREADCRUMBS: usize = 100;
const PAIRS: usize = 50;
const PARTS: usize = 16;
