//! The scope of a condition: all routes together, or each one by itself.

use monitor_core::traffic::WindowCounts;

use super::{
    condition::{Group, State},
    readings::Window,
    text,
};

/// The requests that a condition counts together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scope {
    Service,
    EachRoute,
}

impl Scope {
    /// Returns the state of each group of this scope.
    pub(super) fn states(self, window: &Window, state: impl Fn(&WindowCounts) -> State) -> Vec<(Group, State)> {
        match self {
            Self::Service => vec![(Group::Service, state(&window.total))],
            Self::EachRoute => {
                window.routes.iter().map(|(route, counts)| (Group::Route(route.clone()), state(counts))).collect()
            }
        }
    }
}

impl Group {
    /// Returns the counts of this group.
    pub(super) fn counts(&self, window: &Window) -> WindowCounts {
        match self {
            Self::Route(route) => window.routes.get(route).copied().unwrap_or_default(),
            _ => window.total,
        }
    }

    /// Returns the title of an alert of this group.
    pub(super) fn title(&self, title: String) -> String {
        if let Self::Route(route) = self { format!("{title}: {route}") } else { title }
    }

    /// Adds the route of this group, if it is of one.
    pub(super) fn with_route(&self, mut facts: Vec<(String, String)>) -> Vec<(String, String)> {
        if let Self::Route(route) = self {
            facts.push(text::fact("route", route.clone()));
        }
        facts
    }
}
