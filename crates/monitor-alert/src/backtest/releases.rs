//! The releases of a recording: when each one served requests.

use std::sync::Arc;

use super::cell::Cell;

/// The releases, the one that was first seen first.
#[derive(Debug, Default)]
pub(super) struct Releases {
    /// With the last seconds of the cells in which the release had requests.
    seen: Vec<(Arc<str>, Vec<i64>)>,
    /// Number of the release that runs.
    own: Option<usize>,
}

impl Releases {
    /// Adds the releases of a cell. The latest of them runs from now on.
    pub(super) fn advance(&mut self, cell: &Cell) {
        let numbers: Vec<_> = cell.releases.iter().map(|(release, _)| self.number(release)).collect();
        numbers.iter().for_each(|number| self.seen[*number].1.push(cell.last));
        self.own = numbers.into_iter().max().or(self.own);
    }

    /// Returns the release that runs.
    pub(super) fn own(&self) -> Option<&Arc<str>> {
        self.own.map(|number| &self.seen[number].0)
    }

    /// Returns the releases with requests from the second `first` on, in the order of the history: the one that was
    /// first seen in this time first, and of two the running one last.
    pub(super) fn since(&self, first: i64) -> Vec<Arc<str>> {
        let mut releases: Vec<_> = (0..)
            .zip(&self.seen)
            .filter_map(|(number, (release, seconds))| {
                let second = seconds.get(seconds.partition_point(|second| *second < first))?;
                Some((*second, Some(number) == self.own, number, release))
            })
            .collect();
        releases.sort_unstable();
        releases.into_iter().map(|(.., release)| Arc::clone(release)).collect()
    }

    fn number(&mut self, release: &Arc<str>) -> usize {
        self.seen.iter().position(|(known, _)| known == release).unwrap_or_else(|| {
            self.seen.push((Arc::clone(release), Vec::new()));
            self.seen.len() - 1
        })
    }
}
