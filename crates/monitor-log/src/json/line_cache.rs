//! A cache of the part of a request's line that depends only on method, route and status.
//!
//! Requests of one route that end with the same status share most of their line. Each thread renders that part once per
//! callsite and copies it afterwards.

use std::cell::RefCell;

use monitor_core::{FinalStatus, KnownMethod, Scope, instrument::RedactedRequest};

/// The cached texts of one callsite.
#[derive(Default)]
pub(super) struct LineCache(RefCell<Vec<Option<Made>>>);

struct Made {
    key: Key,
    route: Box<str>,
    text: Box<[u8]>,
}

/// The parts of the line that are cached, except for the route.
#[derive(Clone, Copy, Eq, PartialEq)]
struct Key {
    method: KnownMethod,
    ending: FinalStatus,
    /// Whether the text includes the path, which then equals the route.
    has_path: bool,
}

impl LineCache {
    /// Writes the cached text for this scope and status. On a miss `make` writes it, and it is cached.
    pub(super) fn write(
        &self,
        line: &mut Vec<u8>,
        scope: &Scope,
        ending: FinalStatus,
        make: impl FnOnce(&mut Vec<u8>),
    ) {
        let route = scope.route();
        let has_path = !RedactedRequest::of(scope).shows_raw_path();
        let key = Key { method: scope.method(), ending, has_path };
        // Cannot be borrowed already: no code of the program runs in here.
        let mut all = self.0.borrow_mut();
        if all.is_empty() {
            all.resize_with(PLACES, || None);
        }
        // The address of the route serves as its hash, since it rarely changes. A collision is detected by comparing
        // the entry.
        let place = (route.as_ptr().addr() / 8).wrapping_add(ending.status.into()) % PLACES;
        match &all[place] {
            Some(made) if made.key == key && *made.route == *route => line.extend_from_slice(&made.text),
            _ => {
                let begin = line.len();
                make(line);
                let made = || Made { key, route: route.into(), text: Box::from(&line[begin..]) };
                all[place] = (route.len() <= MAX_ROUTE_BYTES).then(made);
            }
        }
    }
}

const PLACES: usize = 64;
/// Longer routes are not cached, to bound the memory of a thread.
const MAX_ROUTE_BYTES: usize = 1024;

#[cfg(test)]
mod tests {
    use monitor_core::{Monitor, Outcome, RequestId, instrument::RequestFacts};

    use super::*;

    fn scope(monitor: &Monitor, method: KnownMethod, route: &str) -> Scope {
        RequestFacts::new(RequestId::new(), method, route).into_scope(monitor)
    }

    #[test]
    fn entries_with_the_same_place_are_not_confused() {
        let builder = || Monitor::builder("shop").log(None);
        let monitors = [builder().build().unwrap(), builder().show_raw_paths(true).build().unwrap()];
        let cache = LineCache::default();
        let mut scopes = Vec::new();
        // The scopes stay alive, so that each route has a new address.
        for _ in 0..8 * PLACES {
            for monitor in &monitors {
                for (method, route, status) in [
                    (KnownMethod::Get, "/a", 200),
                    (KnownMethod::Put, "/a", 200),
                    (KnownMethod::Get, "/b", 200),
                    (KnownMethod::Get, "/a", 200 + PLACES as u16),
                ] {
                    let scope = scope(monitor, method, route);
                    let expected = format!("{method:?} {route} {status} {}", monitor.shows_raw_paths());
                    let mut line = Vec::new();
                    let write = |line: &mut Vec<u8>| line.extend_from_slice(expected.as_bytes());
                    cache.write(&mut line, &scope, FinalStatus::new(Outcome::Completed, status), write);
                    assert_eq!(String::from_utf8(line).unwrap(), expected);
                    scopes.push(scope);
                }
            }
        }
    }
}
