//! Queries on issues: filter, order and page.

use std::cmp::Reverse;

use super::{Issue, IssueStatus, state::State};
use crate::{base::clock, event::EventKind, model::fingerprint::Fingerprint};

/// A query: a filter, an order and a page of issues. Passed to [`Monitor::find_issues`](crate::Monitor::find_issues).
///
/// # Example
///
/// ```
/// use monitor_kit::{IssueQuery, IssueSort, IssueStatus, Monitor};
///
/// let monitor = Monitor::builder("shop").build()?;
/// let query = IssueQuery::new()
///     .text("division zero")
///     .state(IssueStatus::Unresolved)
///     .route("/orders/{id}")
///     .sort(IssueSort::Count)
///     .limit(20);
/// let page = monitor.find_issues(&query);
/// assert_eq!((page.total, page.issues.len()), (0, 0));
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
///
/// # Example: page by page
///
/// ```
/// use std::{fmt::Error, io, time::Duration};
/// use monitor_kit::{EventKind, IssueQuery, Monitor};
///
/// let monitor = Monitor::builder("shop").release("1.4.2").build()?;
/// monitor.capture_error(&Error);
/// monitor.capture_error(&io::Error::other("the disk is full"));
/// monitor.flush(Duration::from_secs(5));
///
/// let query = IssueQuery::new().kind(EventKind::Error).release("1.4.2").limit(1);
/// let (first, second) = (monitor.find_issues(&query), monitor.find_issues(&query.offset(1)));
/// assert_eq!((first.total, first.issues.len(), second.issues.len()), (2, 1, 1));
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct IssueQuery {
    words: Vec<String>,
    state: Option<IssueStatus>,
    kind: Option<EventKind>,
    route: Option<String>,
    release: Option<String>,
    sort: IssueSort,
    offset: usize,
    limit: usize,
}

/// The sort key of issues, greatest first.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum IssueSort {
    /// Time of the last event.
    #[default]
    LastSeen,
    /// Time of the first event.
    FirstSeen,
    /// Number of events.
    Count,
    /// Number of affected users.
    Users,
}

/// One page of the issues that match a query.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IssuePage {
    /// The issues on this page.
    pub issues: Vec<Issue>,
    /// Number of matching issues on all pages.
    pub total: usize,
}

impl IssueQuery {
    /// Creates a query for the first 100 of all issues, the last seen first.
    #[must_use]
    pub fn new() -> Self {
        Self {
            words: Vec::new(),
            state: None,
            kind: None,
            route: None,
            release: None,
            sort: IssueSort::LastSeen,
            offset: 0,
            limit: 100,
        }
    }

    /// Filters by words: an issue matches if each of them is part of its kind, type, message, place, routes, releases
    /// or fingerprint, ignoring case. Defaults to no filter.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.words = text.split_whitespace().map(str::to_lowercase).collect();
        self
    }

    /// Filters by status. Defaults to no filter.
    #[must_use]
    pub fn state(mut self, state: impl Into<Option<IssueStatus>>) -> Self {
        self.state = state.into();
        self
    }

    /// Filters by kind. Defaults to no filter.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<Option<EventKind>>) -> Self {
        self.kind = kind.into();
        self
    }

    /// Filters by route. Defaults to no filter.
    #[must_use]
    pub fn route(mut self, route: impl Into<String>) -> Self {
        self.route = Some(route.into());
        self
    }

    /// Filters by release. Defaults to no filter.
    #[must_use]
    pub fn release(mut self, release: impl Into<String>) -> Self {
        self.release = Some(release.into());
        self
    }

    /// Sets the sort key. Defaults to [`IssueSort::LastSeen`].
    #[must_use]
    pub fn sort(mut self, sort: IssueSort) -> Self {
        self.sort = sort;
        self
    }

    /// Skips this number of issues. Defaults to 0.
    #[must_use]
    pub fn offset(mut self, offset: usize) -> Self {
        self.offset = offset;
        self
    }

    /// Sets the maximum number of issues on a page. Defaults to 100.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    pub(super) fn run<'a>(&self, states: impl Iterator<Item = &'a State>) -> IssuePage {
        let wanted = states.filter(|state| self.is_met_by(state));
        let mut found: Vec<_> = wanted.map(|state| (self.rank(state), state)).collect();
        let total = found.len();
        let end = self.offset.saturating_add(self.limit).min(total);
        if end < total && end > 0 {
            // Only the shown part needs to be in order; the rest is not sorted.
            found.select_nth_unstable_by_key(end - 1, |(rank, _)| *rank);
            found.truncate(end);
        }
        found.sort_unstable_by_key(|(rank, _)| *rank);
        let shown = found.into_iter().take(end).skip(self.offset);
        IssuePage { issues: shown.map(|(_, state)| state.read()).collect(), total }
    }

    fn is_met_by(&self, state: &State) -> bool {
        let record = &state.record;
        self.state.is_none_or(|wanted| state.state() == wanted)
            && self.kind.is_none_or(|kind| record.kind == kind)
            && self.route.as_ref().is_none_or(|route| record.routes.contains(route))
            && self.release.as_ref().is_none_or(|release| record.releases.contains(release))
            && self.words.iter().all(|word| state.haystack.contains(word))
    }

    /// Returns the sort key of an issue. The fingerprint makes it unique.
    fn rank(&self, state: &State) -> Reverse<(u64, u64, Fingerprint)> {
        let record = &state.record;
        let last_seen = clock::micros(state.last_seen());
        let first = match self.sort {
            IssueSort::LastSeen => last_seen,
            IssueSort::FirstSeen => clock::micros(record.first_seen).min(last_seen),
            IssueSort::Count => record.count,
            IssueSort::Users => record.users.count(),
        };
        Reverse((first, last_seen, record.fingerprint))
    }
}

impl Default for IssueQuery {
    fn default() -> Self {
        Self::new()
    }
}

impl IssueSort {
    /// Returns the sort key called `name`: `last_seen`, `first_seen`, `count` or `users`. Returns `None` for any other
    /// name.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::IssueSort;
    ///
    /// assert_eq!(IssueSort::from_name("users"), Some(IssueSort::Users));
    /// assert_eq!(IssueSort::from_name("age").unwrap_or_default(), IssueSort::LastSeen);
    /// ```
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "last_seen" => Some(Self::LastSeen),
            "first_seen" => Some(Self::FirstSeen),
            "count" => Some(Self::Count),
            "users" => Some(Self::Users),
            _ => None,
        }
    }
}
