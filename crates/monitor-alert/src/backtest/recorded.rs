//! The readings of a recording: what rules would have read at the end of each cell.

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

use monitor_core::{
    Fingerprint, HealthReading,
    traffic::{Lookback, WindowCounts},
};

use super::{
    cell::{Cell, Span},
    releases::Releases,
    sliding::{Count, Sums},
};
use crate::{
    fact::IssueFact,
    rule::readings::{Ended, Readings, Totals, Window},
};

/// The cells up to the latest one, and their sums.
pub(super) struct Recorded<'a> {
    cells: Vec<Cell>,
    /// Number of cells whose routes were dropped: no window reaches back to them.
    without_routes: usize,
    by_release: Sums<Arc<str>, WindowCounts>,
    by_route: Sums<Rc<str>, WindowCounts>,
    events: Sums<Fingerprint, u64>,
    releases: Releases,
    /// The windows that were read since the latest cell.
    windows: RefCell<Vec<(Span, Rc<Window>)>>,
    issue: &'a dyn Fn(Fingerprint) -> Option<IssueFact>,
}

impl<'a> Recorded<'a> {
    /// Creates a recording without a cell. `issue` provides the texts of alerts.
    pub(super) fn new(issue: &'a dyn Fn(Fingerprint) -> Option<IssueFact>) -> Self {
        Self {
            cells: Vec::new(),
            without_routes: 0,
            by_release: Sums::new(|cell| &cell.releases),
            by_route: Sums::new(|cell| &cell.routes),
            events: Sums::new(|cell| &cell.events),
            releases: Releases::default(),
            windows: RefCell::default(),
            issue,
        }
    }

    /// Adds a cell, which is later than all others.
    pub(super) fn push(&mut self, cell: Cell) {
        let first = LONGEST_WINDOW.first(cell.last);
        self.releases.advance(&cell);
        self.cells.push(cell);
        self.by_release.advance(&self.cells);
        self.by_route.advance(&self.cells);
        self.events.advance(&self.cells);
        self.windows.get_mut().clear();
        while let Some(cell) = self.cells.get_mut(self.without_routes).filter(|cell| cell.last < first) {
            cell.routes = Vec::new();
            self.without_routes += 1;
        }
    }

    fn total(&self, span: Span) -> WindowCounts {
        self.by_release.read(span, &self.cells, |sums| {
            sums.values().fold(WindowCounts::default(), |mut total, counts| {
                total.add(counts);
                total
            })
        })
    }

    fn last(&self) -> i64 {
        self.cells.last().map_or(0, |cell| cell.last)
    }
}

impl Readings for Recorded<'_> {
    fn window(&self, window: Lookback) -> Rc<Window> {
        let span = Span::from(window);
        if let Some((_, known)) = self.windows.borrow().iter().find(|(known, _)| *known == span) {
            return Rc::clone(known);
        }
        let routes = self.by_route.read(span, &self.cells, |sums| {
            sums.iter().map(|(route, counts)| (route.as_ref().to_owned(), *counts)).collect()
        });
        let read = Rc::new(Window { total: self.total(span), routes });
        self.windows.borrow_mut().push((span, Rc::clone(&read)));
        read
    }

    /// Conditions read no totals.
    fn totals(&self) -> Totals {
        Totals::default()
    }

    fn history(&self, span: Duration) -> WindowCounts {
        self.total(span.into())
    }

    fn releases(&self, span: Duration) -> Vec<(String, WindowCounts)> {
        let span = Span::from(span);
        let releases = self.releases.since(span.first(self.last()));
        self.by_release.read(span, &self.cells, |sums| {
            let counts = |release: &Arc<str>| sums.get(release).copied().unwrap_or_default();
            releases.iter().map(|release| (release.as_ref().to_owned(), counts(release))).collect()
        })
    }

    fn release(&self) -> String {
        self.releases.own().map(|release| release.as_ref().to_owned()).unwrap_or_default()
    }

    fn health(&self) -> Option<HealthReading> {
        None
    }

    fn last_end(&self) -> Option<Ended> {
        None
    }

    fn events(&self, span: Duration) -> Vec<(Fingerprint, u64)> {
        let list = |(issue, events): (&Fingerprint, &u64)| (*issue, *events);
        self.events.read(span.into(), &self.cells, |sums| sums.iter().map(list).collect())
    }

    fn issue(&self, fingerprint: Fingerprint) -> Option<IssueFact> {
        (self.issue)(fingerprint)
    }
}

/// The longest window of requests by route.
const LONGEST_WINDOW: Span = Span::Minutes(60);
