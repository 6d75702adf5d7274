//! Table of series by method and route. It is open-addressed and only grows, so a lookup takes no lock.

use std::sync::{Arc, OnceLock};

use super::series::{Origin, RouteSeries};
use crate::{
    base::sync::atomic::{AtomicUsize, Ordering},
    model::method::KnownMethod,
};

#[derive(Debug)]
pub(super) struct Table {
    /// The number of slots is a power of two, and at least twice the limit.
    slots: Box<[OnceLock<Box<RouteSeries>>]>,
    limit: usize,
    len: AtomicUsize,
}

/// Index of a series in the table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Place(u32);

impl Table {
    pub(super) fn new(limit: usize) -> Self {
        let slots = limit.saturating_mul(2).next_power_of_two();
        Self { slots: (0..slots).map(|_| OnceLock::new()).collect(), limit, len: AtomicUsize::new(0) }
    }

    pub(super) fn at(&self, Place(place): Place) -> Option<&RouteSeries> {
        self.slots.get(place as usize).and_then(OnceLock::get).map(|series| &**series)
    }

    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &RouteSeries> {
        self.iter_from(0).map(|(_, series)| series)
    }

    /// Returns the series in the slots from `first` on, with the index of their slot.
    pub(super) fn iter_from(&self, first: usize) -> impl Iterator<Item = (usize, &RouteSeries)> {
        let slots = self.slots.iter().enumerate().skip(first);
        slots.filter_map(|(at, slot)| Some((at, &**slot.get()?)))
    }

    /// Returns a series, if it exists.
    pub(super) fn find(&self, method: KnownMethod, route: &str) -> Option<&RouteSeries> {
        let mask = self.slots.len() - 1;
        let first = hash(method, route);
        (0..self.slots.len())
            .map_while(|step| self.slots[first.wrapping_add(step) & mask].get())
            .find(|series| series.method == method && *series.route == *route)
            .map(|series| &**series)
    }

    /// Returns the place of a series, and creates the series if it does not exist. Returns `None` past the limit.
    pub(super) fn find_or_insert(&self, method: KnownMethod, route: &str, origin: Origin) -> Option<Place> {
        let mask = self.slots.len() - 1;
        let first = hash(method, route);
        for step in 0..self.slots.len() {
            let at = first.wrapping_add(step) & mask;
            let found = match self.slots[at].get() {
                Some(found) => found,
                None if self.reserve() => self.fill(at, method, route, origin),
                None => return None,
            };
            if found.method == method && *found.route == *route {
                return u32::try_from(at).ok().map(Place);
            }
        }
        None
    }

    /// Takes one of the free places for a new series. Returns `false` if there is none.
    fn reserve(&self) -> bool {
        let take = |len| (len < self.limit).then_some(len + 1);
        self.len.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    /// Returns the series at `at`, which may be one that another thread has put there meanwhile.
    fn fill(&self, at: usize, method: KnownMethod, route: &str, origin: Origin) -> &RouteSeries {
        let mut ours = false;
        let series = self.slots[at].get_or_init(|| {
            ours = true;
            Box::new(RouteSeries::new(method, Arc::from(route), origin))
        });
        if !ours {
            // Another thread filled the slot first: give the reserved place back.
            self.len.fetch_sub(1, Ordering::Relaxed);
        }
        series
    }
}

/// Hashes eight bytes at a time. Routes are templates of the program, so a client cannot choose them to collide.
fn hash(method: KnownMethod, route: &str) -> usize {
    let mut hash = method as u64;
    let mut chunks = route.as_bytes().chunks_exact(8);
    for chunk in &mut chunks {
        hash = mix(hash, chunk);
    }
    let hash = mix(hash, chunks.remainder());
    usize::try_from(hash >> 32).unwrap_or(0)
}

fn mix(hash: u64, bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    (hash ^ u64::from_le_bytes(word)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_table_filled_to_its_limit_finds_every_series_again() {
        for limit in 1..100 {
            let table = Table::new(limit);
            let routes: Vec<_> = (0..limit).map(|number| format!("/items/{number}")).collect();
            let find = || {
                routes
                    .iter()
                    .filter_map(|route| Some(table.find_or_insert(KnownMethod::Get, route, Origin::Requested)?.0))
            };
            let places: Vec<_> = find().collect();
            assert_eq!(places.iter().collect::<HashSet<_>>().len(), limit, "each has a place of its own");
            assert_eq!(find().collect::<Vec<_>>(), places);
            assert_eq!(
                (table.iter().count(), table.find_or_insert(KnownMethod::Get, "/new", Origin::Requested)),
                (limit, None)
            );
        }
    }

    #[test]
    fn routes_and_methods_are_spread_over_the_table() {
        let spread =
            |hashes: &mut dyn Iterator<Item = usize>| hashes.map(|hash| hash % 2048).collect::<HashSet<_>>().len();
        let routes = (0..1000).map(|number| format!("/api/v1/customers/{number}/orders"));
        let routes = spread(&mut routes.map(|route| hash(KnownMethod::Get, &route)));
        assert!(routes > 600, "{routes} places for 1000 routes");
        let methods = [
            KnownMethod::Get,
            KnownMethod::Head,
            KnownMethod::Post,
            KnownMethod::Put,
            KnownMethod::Patch,
            KnownMethod::Delete,
        ];
        assert_eq!(spread(&mut methods.into_iter().map(|method| hash(method, "/"))), methods.len());
    }
}
