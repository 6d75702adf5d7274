//! The readings of a running service, added up anew in every second.

use std::{collections::BTreeMap, rc::Rc, sync::Arc, time::Duration};

use monitor_core::{
    Fingerprint, HealthReading,
    traffic::{Lookback, WindowCounts},
};

use crate::{
    backtest::{cell::Cell, sliding::Count},
    fact::IssueFact,
    rule::readings::{Ended, Readings, Totals, Window},
    time::Now,
};

/// What a service counted in one second.
#[derive(Clone, Debug)]
pub(super) struct Second {
    pub(super) second: i64,
    /// Empty if there was no request.
    pub(super) release: Arc<str>,
    pub(super) total: WindowCounts,
    pub(super) routes: Vec<(&'static str, WindowCounts)>,
    pub(super) events: Vec<(Fingerprint, u64)>,
}

/// A service up to `now`, a second since its start.
#[derive(Debug, Default)]
pub(super) struct Live {
    pub(super) now: i64,
    pub(super) seconds: Vec<Second>,
    pub(super) release: String,
}

impl Live {
    /// Adds a second, unless nothing happened in it.
    pub(super) fn push(&mut self, second: Second) {
        if !second.release.is_empty() {
            self.release = second.release.as_ref().to_owned();
        }
        if !second.is_silent() {
            self.seconds.push(second);
        }
    }

    /// Returns the seconds of the latest minutes, with the current one as far as it has come.
    fn minutes(&self, minutes: i64) -> impl Iterator<Item = &Second> {
        self.within(move |second, now| now / 60 - second / 60 < minutes)
    }

    fn within(&self, is_within: impl Fn(i64, i64) -> bool) -> impl Iterator<Item = &Second> {
        self.seconds.iter().rev().take_while(move |second| is_within(second.second, self.now))
    }

    fn of(&self, span: Duration) -> impl Iterator<Item = &Second> {
        self.minutes(i64::try_from(span.as_secs().div_ceil(60)).expect("a span of a rule"))
    }
}

impl Second {
    pub(super) fn is_silent(&self) -> bool {
        self.routes.is_empty() && self.events.is_empty()
    }

    /// Returns the second as a recording has it.
    pub(super) fn cell(&self, at: Now) -> Cell {
        let served = if self.release.is_empty() { None } else { Some((Arc::clone(&self.release), self.total)) };
        Cell {
            last: self.second,
            length: Duration::from_secs(1),
            at,
            releases: served.into_iter().collect(),
            routes: self.routes.iter().map(|(route, counts)| ((*route).into(), *counts)).collect(),
            events: self.events.clone(),
        }
    }
}

pub(super) fn sum(all: impl Iterator<Item = WindowCounts>) -> WindowCounts {
    all.fold(WindowCounts::default(), |mut sum, counts| {
        sum.add(&counts);
        sum
    })
}

fn window<'a>(seconds: impl Iterator<Item = &'a Second>) -> Window {
    let mut routes: BTreeMap<String, WindowCounts> = BTreeMap::new();
    for (route, counts) in seconds.flat_map(|second| &second.routes) {
        routes.entry((*route).to_owned()).or_default().add(counts);
    }
    Window { total: sum(routes.values().copied()), routes }
}

impl Readings for Live {
    fn window(&self, lookback: Lookback) -> Rc<Window> {
        Rc::new(match lookback {
            Lookback::Seconds(seconds) => window(self.within(|second, now| now - second < i64::from(seconds))),
            Lookback::Minutes(minutes) => window(self.minutes(minutes.into())),
            _ => unreachable!("rules have no other windows"),
        })
    }

    fn totals(&self) -> Totals {
        Totals::default()
    }

    fn history(&self, span: Duration) -> WindowCounts {
        sum(self.of(span).map(|second| second.total))
    }

    fn releases(&self, span: Duration) -> Vec<(String, WindowCounts)> {
        let mut releases: Vec<(String, WindowCounts)> = Vec::new();
        let seconds: Vec<_> = self.of(span).filter(|second| !second.release.is_empty()).collect();
        for second in seconds.into_iter().rev() {
            match releases.iter_mut().find(|(known, _)| **known == *second.release) {
                Some((_, sum)) => sum.add(&second.total),
                None => releases.push((second.release.as_ref().to_owned(), second.total)),
            }
        }
        releases
    }

    fn release(&self) -> String {
        self.release.clone()
    }

    fn health(&self) -> Option<HealthReading> {
        None
    }

    fn last_end(&self) -> Option<Ended> {
        None
    }

    fn events(&self, span: Duration) -> Vec<(Fingerprint, u64)> {
        let mut events: BTreeMap<Fingerprint, u64> = BTreeMap::new();
        for (issue, count) in self.of(span).flat_map(|second| &second.events) {
            *events.entry(*issue).or_default() += count;
        }
        events.into_iter().collect()
    }

    fn issue(&self, _: Fingerprint) -> Option<IssueFact> {
        None
    }
}
