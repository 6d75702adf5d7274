//! What the lines of a route's requests have in common when they end alike, made once for each thread.

use std::cell::RefCell;

use monitor_core::{Ending, Method, Scope};

/// The texts of one callsite.
#[derive(Default)]
pub(super) struct Alike(RefCell<Vec<Option<Made>>>);

struct Made {
    method: Method,
    route: Box<str>,
    ending: Ending,
    /// The path stands there, too: it is the route.
    has_path: bool,
    text: Box<[u8]>,
}

impl Alike {
    /// Writes what is known already of requests that ended so, and what `make` writes where nothing is.
    pub(super) fn write(&self, line: &mut Vec<u8>, scope: &Scope, ending: Ending, make: impl FnOnce(&mut Vec<u8>)) {
        let (method, route, has_path) = (scope.method(), scope.route(), !scope.monitor().shows_raw_paths());
        // Nothing of the program's runs in here, so nobody has it borrowed.
        let mut all = self.0.borrow_mut();
        if all.is_empty() {
            all.resize_with(PLACES, || None);
        }
        // A route stays where it is, mostly; and where another one has its place, that is seen.
        let place = (route.as_ptr().addr() / 8).wrapping_add(ending.status.into()) % PLACES;
        match &all[place] {
            Some(made) if made.is(method, route, ending, has_path) => line.extend_from_slice(&made.text),
            _ => {
                let begin = line.len();
                make(line);
                all[place] = (route.len() <= LONGEST).then(|| Made {
                    method,
                    route: route.into(),
                    ending,
                    has_path,
                    text: Box::from(&line[begin..]),
                });
            }
        }
    }
}

impl Made {
    fn is(&self, method: Method, route: &str, ending: Ending, has_path: bool) -> bool {
        self.method == method && self.ending == ending && self.has_path == has_path && *self.route == *route
    }
}

const PLACES: usize = 64;
/// A longer route is not worth its memory.
const LONGEST: usize = 1024;
