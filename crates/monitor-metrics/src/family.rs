//! Metric families: the name and description of each, and its series in a snapshot.
//!
//! Both the bridge and the Prometheus page read this one list.

mod alert;
mod client;
#[cfg(feature = "prometheus")]
pub(crate) mod flask;
mod health;
mod histogram;
mod job;
mod monitor;
mod route;

use metrics::{Label, Unit};
use monitor_core::traffic::{BUCKETS, BucketCount};

use crate::{
    scale::Scale,
    snapshot::{Route, Snapshot},
};

/// All series of one name.
pub(crate) struct Family {
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    pub(crate) kind: Kind,
    pub(crate) series: Series,
}

/// The type of a metric.
pub(crate) enum Kind {
    Counter,
    Gauge,
    Histogram(Unit),
}

/// A function that emits the series of a family.
pub(crate) enum Series {
    /// Emits the series of one route, so that a page with many routes can be rendered piece by piece.
    OfRoute(fn(&Route, &mut Emit<'_>)),
    /// Emits all series.
    OfMonitor(fn(&Snapshot, &mut Emit<'_>)),
}

/// Receives the labels and the value of one series.
pub(crate) type Emit<'a> = dyn FnMut(Vec<Label>, Value<'_>) + 'a;

/// The value of one series.
pub(crate) enum Value<'a> {
    Counter(u64),
    Gauge(f64),
    Histogram(Histogram<'a>),
}

/// The buckets of one histogram.
pub(crate) struct Histogram<'a> {
    pub(crate) scale: &'static Scale,
    pub(crate) buckets: &'a [BucketCount; BUCKETS],
    /// `false` if a value was being recorded during the reading: a sum may then include a value that its count lacks.
    pub(crate) settled: bool,
}

/// Returns all families, except those with the names of Prometheus' Flask exporter.
pub(crate) fn all() -> impl Iterator<Item = &'static Family> {
    let all = [
        route::FAMILIES,
        histogram::FAMILIES,
        client::FAMILIES,
        job::FAMILIES,
        health::FAMILIES,
        alert::FAMILIES,
        monitor::FAMILIES,
    ];
    all.into_iter().flatten()
}

impl Family {
    /// Emits all series of the family.
    pub(crate) fn emit(&self, snapshot: &Snapshot, emit: &mut Emit<'_>) {
        match self.series {
            Series::OfRoute(series) => snapshot.routes.iter().for_each(|route| series(route, emit)),
            Series::OfMonitor(series) => series(snapshot, emit),
        }
    }

    const fn counter(name: &'static str, help: &'static str, series: Series) -> Self {
        Self { name, help, kind: Kind::Counter, series }
    }

    const fn gauge(name: &'static str, help: &'static str, series: Series) -> Self {
        Self { name, help, kind: Kind::Gauge, series }
    }

    const fn histogram(name: &'static str, unit: Unit, help: &'static str, series: Series) -> Self {
        Self { name, help, kind: Kind::Histogram(unit), series }
    }
}

/// Returns 1 for `true`, as gauges show it.
fn flag(is_set: bool) -> f64 {
    f64::from(u8::from(is_set))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_family_has_a_name_of_its_own() {
        let names: HashSet<_> = all().map(|family| family.name).collect();
        assert_eq!(names.len(), all().count());
    }
}
