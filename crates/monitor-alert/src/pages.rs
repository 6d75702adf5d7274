//! Pages: the notifiers that each active alert has reached, its acknowledgement, and its escalation.

mod page;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use monitor_core::StoreWrite;

use self::page::Page;
use crate::{
    active::Acknowledgement,
    alert::{Severity, Transition},
    engine::Change,
    mask::Mask,
    routes::Routes,
    rule::text,
    stored,
    time::Now,
};

/// The pages of all active alerts.
#[derive(Clone, Debug)]
pub(crate) struct Pages {
    routes: Routes,
    /// Time after which an alert that is not acknowledged goes to the next notifier; `None` without escalation.
    escalate_after: Option<Duration>,
    by_key: BTreeMap<String, Page>,
    /// Keys of the pages that differ from their stored form.
    changed: BTreeSet<String>,
    /// The notifiers that this process has notified of the end of an alert. Only until the stored pages are merged:
    /// they may have reached others.
    ended: Option<Reached>,
}

/// Names of notifiers, by alert key.
pub(crate) type Reached = BTreeMap<String, BTreeSet<String>>;

/// A step of an escalation: the notifier that is next for an alert.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) change: Change,
    pub(crate) notifier: String,
}

impl Pages {
    pub(crate) fn new(routes: Routes, escalate_after: Option<Duration>) -> Self {
        Self { routes, escalate_after, by_key: BTreeMap::new(), changed: BTreeSet::new(), ended: Some(Reached::new()) }
    }

    /// Returns the names of all notifiers, in their order.
    pub(crate) fn notifiers(&self) -> &[String] {
        self.routes.all()
    }

    /// Returns the notifiers of a change: by the routes, and for the end of an alert those that had its beginning.
    pub(crate) fn notifiers_of(&mut self, change: &Change, now: Now) -> Vec<String> {
        let key = &change.alert.key;
        match change.transition {
            Transition::Triggered => {
                let notifiers = self.routes.notifiers(&change.alert);
                self.put(Page::new(key, change.episode, notifiers.clone(), now.steady));
                notifiers
            }
            Transition::Resolved => {
                self.changed.insert(key.clone());
                let page = self.by_key.remove(key);
                let notifiers = page.map_or_else(|| self.routes.all().to_vec(), |page| self.existing(&page.notifiers));
                self.note_end(key, &notifiers);
                notifiers
            }
        }
    }

    /// Returns the next steps of the alerts that were not acknowledged in time. `active` returns the beginning of an
    /// active alert.
    pub(crate) fn escalate(&mut self, active: impl Fn(&str) -> Option<Change>, now: Now) -> Vec<Step> {
        let Some(after) = self.escalate_after else { return Vec::new() };
        let Self { routes, by_key, changed, .. } = self;
        let is_due = |page: &Page| page.acknowledgement.is_none() && now.steady.saturating_sub(page.since) >= after;
        let steps = by_key.values_mut().filter(|page| is_due(page)).filter_map(|page| {
            page.since = now.steady;
            let notifier = routes.all().iter().find(|name| !page.notifiers.contains(*name))?.clone();
            let change = active(&page.key).filter(|change| change.alert.severity == Severity::Critical)?;
            page.notifiers.insert(notifier.clone());
            changed.insert(page.key.clone());
            Some(Step { change: escalated(change, after), notifier })
        });
        steps.collect()
    }

    /// Acknowledges an active alert. A later acknowledgement changes nothing.
    pub(crate) fn acknowledge(&mut self, key: &str, by: String, now: Now) {
        if let Some(page) = self.by_key.get_mut(key).filter(|page| page.acknowledgement.is_none()) {
            page.acknowledgement = Some(Acknowledgement { by, at: now.wall });
            self.changed.insert(key.to_owned());
        }
    }

    pub(crate) fn acknowledgement(&self, key: &str) -> Option<&Acknowledgement> {
        self.by_key.get(key)?.acknowledgement.as_ref()
    }

    pub(crate) fn has_reached(&self, key: &str, notifier: &str) -> bool {
        self.by_key.get(key).is_some_and(|page| page.notifiers.contains(notifier))
    }

    /// Returns whether there are pages of alerts that were forgotten.
    pub(crate) fn has_surplus(&self) -> bool {
        self.by_key.len() > MAX_PAGES
    }

    pub(crate) fn take_changes(&mut self) -> Vec<StoreWrite> {
        let changed = std::mem::take(&mut self.changed);
        let change = |key: &String| match self.by_key.get(key) {
            Some(page) => stored::put(Page::store_key(key), page),
            None => StoreWrite::Remove { key: Page::store_key(key) },
        };
        changed.iter().map(change).collect()
    }

    pub(crate) fn everything(&mut self) -> Vec<StoreWrite> {
        self.changed = self.by_key.keys().cloned().collect();
        self.take_changes()
    }

    /// Takes the pages out of `stored` and merges them. Values that cannot be read remain there. Returns the notifiers
    /// of the stored pages.
    pub(crate) fn merge(&mut self, stored: &mut Vec<(String, Vec<u8>)>, now: Now) -> Reached {
        let mut reached = Reached::new();
        stored.retain(|(key, value)| {
            let Some(page) = Page::read(key, value, now.steady) else { return true };
            reached.insert(page.key.clone(), page.notifiers.clone());
            let merged = match self.by_key.remove(&page.key) {
                Some(own) => own.merge(page),
                None => page,
            };
            self.put(merged);
            false
        });
        reached
    }

    /// Adds notifiers to the pages of active alerts.
    pub(crate) fn add(&mut self, reached: Reached) {
        for (key, notifiers) in reached {
            if let Some(page) = self.by_key.get_mut(&key) {
                page.notifiers.extend(notifiers);
                self.changed.insert(key);
            }
        }
    }

    /// Returns the notifiers that have the beginning of an alert from another process, and not its end from this one.
    /// `reached` are those of the stored page; without a page all had it.
    pub(crate) fn not_ended(&self, key: &str, reached: Option<&BTreeSet<String>>) -> Vec<String> {
        let all = self.routes.all().iter();
        let ended = self.ended.as_ref().and_then(|ended| ended.get(key));
        let is_left = |name: &&String| {
            reached.is_none_or(|reached| reached.contains(*name)) && ended.is_none_or(|ended| !ended.contains(*name))
        };
        all.filter(is_left).cloned().collect()
    }

    /// Makes the pages those of the active alerts, after a merge. An earlier release has stored none, and has notified
    /// every notifier.
    pub(crate) fn align(&mut self, active: &[Change], now: Now) {
        self.ended = None;
        let keys: BTreeSet<_> = active.iter().map(|change| &change.alert.key).collect();
        self.by_key.retain(|key, _| {
            let is_active = keys.contains(key);
            if !is_active {
                self.changed.insert(key.clone());
            }
            is_active
        });
        for Change { alert, episode, .. } in active {
            match self.by_key.get_mut(&alert.key) {
                Some(page) if page.episode == *episode => {}
                Some(page) => {
                    page.episode = *episode;
                    self.changed.insert(alert.key.clone());
                }
                None => self.put(Page::new(&alert.key, *episode, self.routes.all().to_vec(), now.steady)),
            }
        }
    }

    pub(crate) fn erase(&mut self, mask: Mask<'_>) {
        for (key, page) in &mut self.by_key {
            if page.erase(&mut *mask) {
                self.changed.insert(key.clone());
            }
        }
    }

    fn put(&mut self, page: Page) {
        self.changed.insert(page.key.clone());
        self.by_key.insert(page.key.clone(), page);
    }

    fn note_end(&mut self, key: &str, notifiers: &[String]) {
        let Some(ended) = self.ended.as_mut().filter(|ended| ended.len() < MAX_PAGES) else { return };
        ended.entry(key.to_owned()).or_default().extend(notifiers.iter().cloned());
    }

    /// Returns those of these notifiers that still exist, in their order.
    fn existing(&self, notifiers: &BTreeSet<String>) -> Vec<String> {
        self.routes.all().iter().filter(|name| notifiers.contains(*name)).cloned().collect()
    }
}

/// Returns the beginning of an alert, for the notifier that it is escalated to.
fn escalated(mut change: Change, after: Duration) -> Change {
    let reason = format!("not acknowledged within {}", text::span(after));
    Arc::make_mut(&mut change.alert).facts.push(("escalated".to_owned(), reason));
    change
}

/// Number of pages, at least that of the active alerts.
const MAX_PAGES: usize = 10_000;

#[cfg(test)]
mod tests;
