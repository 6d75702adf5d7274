//! Histograms of requests and upgraded connections, by method and route.

use metrics::Unit;
use monitor_core::{
    names,
    traffic::{BUCKETS, BucketCount, RouteCounts, StatusCounts},
};

use super::{
    Emit, Family, Histogram,
    Series::OfRoute,
    Value,
    route::{labels, with},
};
use crate::{
    scale::{self, Scale},
    snapshot::Route,
};

pub(super) static FAMILIES: &[Family] = &[
    Family::histogram(
        names::DURATION,
        Unit::Seconds,
        "Seconds from the request to the end of its response body.",
        OfRoute(durations),
    ),
    Family::histogram(
        names::TIME_TO_FIRST_BYTE,
        Unit::Seconds,
        "Seconds from the request to the head of its response.",
        OfRoute(first_bytes),
    ),
    Family::histogram(
        names::RESPONSE_BODY_SIZE,
        Unit::Bytes,
        "Sizes of response bodies, in bytes.",
        OfRoute(body_sizes),
    ),
    Family::histogram(
        names::UPGRADED_DURATION,
        Unit::Seconds,
        "Seconds an upgraded connection was open.",
        OfRoute(lifetimes),
    ),
];

fn durations(Route { counts, .. }: &Route, emit: &mut Emit<'_>) {
    for status in &counts.statuses {
        let (scale, buckets, settled) = (&scale::DURATION, &status.buckets, counts.settled);
        emit(
            with(labels(counts), names::STATUS, status.status.to_string()),
            Value::Histogram(Histogram { scale, buckets, settled }),
        );
    }
}

fn first_bytes(route: &Route, emit: &mut Emit<'_>) {
    measured(&route.counts, &scale::DURATION, |status| status.first_bytes.as_ref(), emit);
}

fn body_sizes(route: &Route, emit: &mut Emit<'_>) {
    measured(&route.counts, &scale::SIZE, |status| status.sizes.as_ref(), emit);
}

/// Emits the histogram of each status that has one. A histogram that was not read consistently is absent.
fn measured(
    counts: &RouteCounts,
    scale: &'static Scale,
    of: fn(&StatusCounts) -> Option<&[BucketCount; BUCKETS]>,
    emit: &mut Emit<'_>,
) {
    for status in &counts.statuses {
        if let Some(buckets) = of(status) {
            emit(
                with(labels(counts), names::STATUS, status.status.to_string()),
                Value::Histogram(Histogram { scale, buckets, settled: true }),
            );
        }
    }
}

fn lifetimes(Route { counts, .. }: &Route, emit: &mut Emit<'_>) {
    if let Some(connections) = &counts.connections {
        let buckets = &connections.lifetimes;
        emit(labels(counts), Value::Histogram(Histogram { scale: &scale::CONNECTION, buckets, settled: true }));
    }
}
