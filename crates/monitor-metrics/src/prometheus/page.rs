//! A page for Prometheus, rendered piece by piece: the monitor's series, then the program's.

use std::sync::Arc;

use super::{
    program::Program,
    text::{EndpointLabels, TextWriter},
};
use crate::{
    family::{Emit, Family, Series},
    snapshot::Snapshot,
};

/// Renders one piece of a page in each step. A piece of the monitor's series is a little longer than [`PIECE`], except
/// the last one. The program's part is one piece.
pub(super) struct Page {
    own: Option<OwnSeries>,
    program: Option<Arc<Program>>,
    families: Arc<[&'static Family]>,
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
    /// Without a snapshot, that is of a disabled monitor, the page is the program's part.
    pub(super) fn new(
        snapshot: Option<Snapshot>,
        families: Arc<[&'static Family]>,
        labels: EndpointLabels,
        program: Option<Arc<Program>>,
    ) -> Self {
        let own = |snapshot| OwnSeries { snapshot, writer: TextWriter::new(labels), family: 0, route: 0 };
        Self { own: snapshot.map(own), program, families }
    }

    /// Renders the whole page at once.
    pub(super) fn render(self) -> String {
        let own = self.own.map(|mut own| own.piece(&self.families, usize::MAX)).unwrap_or_default();
        match self.program {
            Some(program) => own + &program.page(&self.families),
            None => own,
        }
    }
}

impl Iterator for Page {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        if let Some(own) = &mut self.own {
            let piece = own.piece(&self.families, PIECE);
            if piece.len() < PIECE {
                self.own = None;
            }
            return Some(piece);
        }
        let program = self.program.take()?;
        Some(program.page(&self.families))
    }
}

// === impl OwnSeries ===

impl OwnSeries {
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
