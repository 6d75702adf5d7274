//! Requests in flight, of the routes that have the most.

use std::sync::Arc;

use super::series::RouteSeries;
use crate::model::method::KnownMethod;

/// The number of requests in flight of one method and route.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct InFlight {
    /// The method.
    pub method: KnownMethod,
    /// The route's template.
    pub route: Arc<str>,
    /// Number of requests.
    pub count: u64,
}

impl InFlight {
    /// Creates the number of requests in flight of `method` and `route`.
    // No example: stores call it when they read a heartbeat.
    #[must_use]
    pub fn new(method: KnownMethod, route: impl Into<Arc<str>>, count: u64) -> Self {
        Self { method, route: route.into(), count }
    }
}

/// Returns the `limit` series with the most requests in flight, the busiest first, and the number of requests in flight
/// of all other series. Allocates for `limit` series only, however many there are.
pub(super) fn busiest<'a>(all: impl Iterator<Item = &'a RouteSeries>, limit: usize) -> (Vec<InFlight>, u64) {
    let (mut busiest, mut others) = (Vec::<InFlight>::with_capacity(limit + 1), 0);
    for series in all {
        let count = series.active();
        if count == 0 {
            continue;
        }
        let at = busiest.partition_point(|busier| busier.count >= count);
        busiest.insert(at, InFlight::new(series.method, Arc::clone(&series.route), count));
        if busiest.len() > limit {
            others += busiest.pop().map_or(0, |least| least.count);
        }
    }
    (busiest, others)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        model::outcome::{FinalStatus, Outcome},
        traffic::series::Origin,
    };

    /// Returns a series with `started` requests, of which `ended` have ended.
    fn series(route: &str, started: u64, ended: u64) -> RouteSeries {
        let series = RouteSeries::new(KnownMethod::Get, Arc::from(route), Origin::Requested);
        (0..started).for_each(|_| series.start());
        (0..ended).for_each(|_| series.end(FinalStatus::new(Outcome::Completed, 200), Duration::from_millis(1)));
        series
    }

    #[test]
    fn the_busiest_routes_come_first_and_the_others_are_summed() {
        let all = [series("/a", 1, 0), series("/b", 9, 4), series("/c", 3, 3), series("/d", 2, 0), series("/e", 3, 0)];
        let of = |route: &str, count| InFlight::new(KnownMethod::Get, route, count);
        assert_eq!(busiest(all.iter(), 2), (vec![of("/b", 5), of("/e", 3)], 3));
        assert_eq!(busiest(all.iter(), 9).1, 0);
        assert_eq!(busiest(all[2..3].iter(), 9), (vec![], 0), "an idle route is left out");
    }
}
