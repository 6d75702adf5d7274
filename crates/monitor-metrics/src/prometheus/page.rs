//! A page for Prometheus, rendered piece by piece: the monitor's series, then the program's.

use std::{mem, sync::Arc};

use super::{
    program::Program,
    text::{EndpointLabels, TextWriter},
};
use crate::{
    family::{Emit, Family, Series},
    snapshot::{Reading, Route, Snapshot},
};

/// A page. Each step takes a fraction of a millisecond in a release build, so that other tasks of the thread can run in
/// between. The program's part is one step.
pub(super) struct Page {
    own: Own,
    program: Option<Arc<Program>>,
    families: Arc<[&'static Family]>,
}

/// The outcome of one step.
pub(super) enum Step {
    /// A piece of the page, not empty. One that is followed by more of the monitor's series has at least [`PIECE`]
    /// bytes.
    Piece(String),
    /// There is more to do, and no piece yet.
    Pause,
    End,
}

/// The state of the monitor's part.
enum Own {
    Reading(Reading, EndpointLabels),
    Rendering(OwnSeries),
    /// Dropping the counters of 10,000 routes takes a millisecond.
    Dropping(Vec<Route>),
    Done,
}

/// The series of the monitor, and the position in them.
struct OwnSeries {
    snapshot: Snapshot,
    writer: TextWriter,
    /// Index of the next family, and of its next route.
    family: usize,
    route: usize,
}

// === impl Page ===

impl Page {
    /// Without a reading, that is of a disabled monitor, the page is the program's part.
    pub(super) fn new(
        reading: Option<Reading>,
        families: Arc<[&'static Family]>,
        labels: EndpointLabels,
        program: Option<Arc<Program>>,
    ) -> Self {
        let own = reading.map_or(Own::Done, |reading| Own::Reading(reading, labels));
        Self { own, program, families }
    }

    /// Renders the whole page at once.
    pub(super) fn render(self) -> String {
        let own = match self.own {
            Own::Reading(reading, labels) => OwnSeries::of(reading, labels).piece(&self.families, usize::MAX),
            _ => String::new(),
        };
        match self.program {
            Some(program) => own + &program.page(&self.families),
            None => own,
        }
    }

    pub(super) fn step(&mut self) -> Step {
        loop {
            self.own = match mem::replace(&mut self.own, Own::Done) {
                Own::Reading(mut reading, labels) => {
                    if !reading.step(ROUTES_READ) {
                        self.own = Own::Reading(reading, labels);
                        return Step::Pause;
                    }
                    Own::Rendering(OwnSeries::of(reading, labels))
                }
                Own::Rendering(mut own) => {
                    let piece = own.piece(&self.families, PIECE);
                    let is_last = piece.len() < PIECE;
                    let rest = if is_last { Own::Dropping(own.snapshot.routes) } else { Own::Rendering(own) };
                    if !piece.is_empty() {
                        self.own = rest;
                        return Step::Piece(piece);
                    }
                    rest
                }
                Own::Dropping(mut routes) => {
                    routes.truncate(routes.len().saturating_sub(ROUTES_DROPPED));
                    if !routes.is_empty() {
                        self.own = Own::Dropping(routes);
                        return Step::Pause;
                    }
                    Own::Done
                }
                Own::Done => {
                    let page = self.program.take().map(|program| program.page(&self.families));
                    return page.filter(|page| !page.is_empty()).map_or(Step::End, Step::Piece);
                }
            };
        }
    }
}

// === impl OwnSeries ===

impl OwnSeries {
    fn of(reading: Reading, labels: EndpointLabels) -> Self {
        Self { snapshot: reading.finish(), writer: TextWriter::new(labels), family: 0, route: 0 }
    }

    /// Renders series until there are `length` bytes, or no more series.
    fn piece(&mut self, families: &[&'static Family], length: usize) -> String {
        while self.writer.len() < length
            && let Some(family) = families.get(self.family)
        {
            self.step(family);
        }
        self.writer.take(PIECE + PIECE / 8)
    }

    /// Renders the series of the next route, or all series of a family without routes.
    fn step(&mut self, family: &Family) {
        let emit: &mut Emit<'_> = &mut |labels, value| self.writer.series(family, &labels, &value);
        match family.series {
            Series::OfMonitor(series) => series(&self.snapshot, emit),
            Series::OfRoute(series) => {
                if let Some(route) = self.snapshot.routes.get(self.route) {
                    self.route += 1;
                    return series(route, emit);
                }
            }
        }
        self.writer.end_family();
        self.family += 1;
        self.route = 0;
    }
}

/// Length of a piece in bytes. In a release build it takes about 0.1 ms.
pub(super) const PIECE: usize = 64 * 1024;
/// Number of routes whose counters are read in one step, which takes about 0.4 ms.
const ROUTES_READ: usize = 500;
/// Number of routes whose counters are dropped in one step.
const ROUTES_DROPPED: usize = 2_000;
