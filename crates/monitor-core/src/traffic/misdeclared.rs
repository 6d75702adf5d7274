//! Detection of routes that were declared in another form than the router's.
//!
//! The series of such a declared route stays at 0, and its requests are counted in an undeclared series.

use std::{collections::HashSet, sync::Arc};

use super::{RouteCounts, Traffic};
use crate::model::names;

/// Finds such routes when the number of series has changed.
#[derive(Debug, Default)]
pub(crate) struct Misdeclared {
    series: usize,
    warned: HashSet<Arc<str>>,
}

impl Misdeclared {
    /// Returns a warning for each template that was requested but not declared, as long as some declared routes have
    /// not been requested. Each template is reported once, and at most [`MAX_WARNINGS`] templates in all.
    pub(crate) fn look(&mut self, traffic: &Traffic) -> Vec<String> {
        let series = traffic.recorder.len();
        if self.series == series || self.warned.len() == MAX_WARNINGS {
            return Vec::new();
        }
        let routes = traffic.read();
        // A series exists a moment before its first request is counted. If one was read in between, the next call looks
        // again.
        if routes.iter().all(|route| route.declared || route.started > 0) {
            self.series = series;
        }
        let unused: Vec<_> = routes.iter().filter(|route| route.declared && route.started == 0).collect();
        let undeclared = undeclared(&routes).filter(|_| !unused.is_empty());
        let mut is_new = |route: &&Arc<str>| self.warned.len() < MAX_WARNINGS && self.warned.insert(Arc::clone(route));
        undeclared.filter(&mut is_new).map(|route| sentence(route, &unused)).collect()
    }
}

/// Returns the templates that were requested but not declared for any method. Methods are ignored, because a client can
/// send any of them; templates come from the router.
fn undeclared(routes: &[RouteCounts]) -> impl Iterator<Item = &Arc<str>> {
    let declared: HashSet<_> = routes.iter().filter(|route| route.declared).map(|route| &*route.route).collect();
    let requested = routes.iter().filter(|route| route.started > 0).map(|route| &route.route);
    requested
        .filter(move |route| !declared.contains(&***route) && ![names::UNMATCHED, names::OVERFLOW].contains(&&***route))
}

/// Names the unused routes that differ from `requested` in the notation of parameters only, or all unused routes if
/// there are none.
fn sentence(requested: &str, unused: &[&RouteCounts]) -> String {
    let mut names: Vec<_> = unused.iter().filter(|route| are_alike(&route.route, requested)).map(name).collect();
    if names.is_empty() {
        names = unused.iter().map(name).collect();
    }
    let more = names.len().saturating_sub(MAX_NAMES);
    names.truncate(MAX_NAMES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!(
        "the route `{requested}` was requested and is not declared, while these were declared and not requested so \
         far: {}{more}; declare routes as the router names them",
        names.join(", ")
    )
}

fn name(route: &&RouteCounts) -> String {
    format!("`{} {}`", route.method.as_str(), route.route)
}

fn are_alike(one: &str, other: &str) -> bool {
    let is_parameter = |part: &str| part.starts_with([':', '*', '{', '<']);
    let (one, other): (Vec<_>, Vec<_>) = (one.split('/').collect(), other.split('/').collect());
    let mut parts = one.iter().zip(&other);
    one.len() == other.len() && parts.all(|(one, other)| one == other || (is_parameter(one) && is_parameter(other)))
}

const MAX_WARNINGS: usize = 10;
const MAX_NAMES: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::method::KnownMethod, monitor::Monitor};

    fn shop(routes: &[(&str, &str)]) -> Monitor {
        Monitor::builder("shop").log(None).routes(routes.iter().copied()).build().expect("the settings are good")
    }

    fn request(monitor: &Monitor, method: KnownMethod, route: &str) {
        let recorder = monitor.traffic().expect("it is enabled").recorder();
        recorder.start(recorder.series(method, route));
    }

    #[track_caller]
    fn warnings(misdeclared: &mut Misdeclared, monitor: &Monitor, expected: &[&str]) {
        let found = misdeclared.look(monitor.traffic().expect("it is enabled"));
        assert_eq!(found.len(), expected.len(), "{found:?}");
        assert!(found.iter().zip(expected).all(|(found, part)| found.contains(part)), "{found:?}");
    }

    #[test]
    fn an_undeclared_route_that_was_requested_and_declared_ones_that_were_not_are_found_once() {
        let monitor = shop(&[("GET", "/item"), ("POST", "/items/new"), ("GET", "/about")]);
        let mut misdeclared = Misdeclared::default();
        warnings(&mut misdeclared, &monitor, &[]);
        for (method, route) in
            [(KnownMethod::Get, "/about"), (KnownMethod::Get, "/items"), (KnownMethod::Other, "/items")]
        {
            request(&monitor, method, route);
        }
        assert_eq!(
            misdeclared.look(monitor.traffic().expect("it is enabled")),
            ["the route `/items` was requested and is not declared, while these were declared and not requested so \
                 far: `GET /item`, `POST /items/new`; declare routes as the router names them"]
        );
        request(&monitor, KnownMethod::Put, "/items");
        warnings(&mut misdeclared, &monitor, &[]);
    }

    #[test]
    fn of_routes_that_differ_in_their_parameters_only_the_declared_one_is_named() {
        let monitor = shop(&[("GET", "/items/{item}"), ("GET", "/files/{*file}"), ("GET", "/about")]);
        let mut misdeclared = Misdeclared::default();
        request(&monitor, KnownMethod::Get, "/items/{id}");
        warnings(&mut misdeclared, &monitor, &["so far: `GET /items/{item}`; declare"]);
        request(&monitor, KnownMethod::Get, "/files/{*path}");
        warnings(&mut misdeclared, &monitor, &["so far: `GET /files/{*file}`; declare"]);
    }

    #[test]
    fn methods_that_clients_choose_and_paths_without_a_route_are_no_undeclared_routes() {
        let monitor = shop(&[("GET", "/items"), ("GET", "/about")]);
        for method in [KnownMethod::Head, KnownMethod::Options, KnownMethod::Post] {
            request(&monitor, method, "/items");
        }
        request(&monitor, KnownMethod::Get, names::UNMATCHED);
        warnings(&mut Misdeclared::default(), &monitor, &[]);
    }

    #[test]
    fn without_declared_routes_or_with_all_of_them_requested_no_warning_is_logged() {
        for routes in [&[][..], &[("GET", "/about")]] {
            let monitor = shop(routes);
            request(&monitor, KnownMethod::Get, "/about");
            request(&monitor, KnownMethod::Get, "/items");
            warnings(&mut Misdeclared::default(), &monitor, &[]);
        }
    }

    #[test]
    fn warnings_and_the_names_in_each_are_bounded() {
        let declared: Vec<_> = (0..8).map(|number| format!("/declared/{number}")).collect();
        let monitor = shop(&declared.iter().map(|route| ("GET", route.as_str())).collect::<Vec<_>>());
        let mut misdeclared = Misdeclared::default();
        (0..2 * MAX_WARNINGS).for_each(|number| request(&monitor, KnownMethod::Get, &format!("/requested/{number}")));
        warnings(&mut misdeclared, &monitor, &["`GET /declared/4` and 3 more; declare"; MAX_WARNINGS]);
        request(&monitor, KnownMethod::Get, "/another");
        warnings(&mut misdeclared, &monitor, &[]);
    }
}
