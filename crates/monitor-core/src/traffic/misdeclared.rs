//! Routes declared in another form than the router's, so that the declared series is never used.

use std::{collections::HashSet, sync::Arc};

use super::{RouteCounts, Traffic};
use crate::model::method::Method;

/// Finds such routes when series are added.
#[derive(Debug, Default)]
pub(crate) struct Misdeclared {
    series: usize,
    found: HashSet<(Method, Arc<str>)>,
}

impl Misdeclared {
    /// Returns a warning for each route not found before.
    pub(crate) fn look(&mut self, traffic: &Traffic) -> Vec<String> {
        let series = traffic.table.len();
        if self.series == series {
            return Vec::new();
        }
        let routes = traffic.read();
        // A series is made a moment before its first request is counted.
        if routes.iter().all(|route| route.declared || route.started > 0) {
            self.series = series;
        }
        let new =
            pairs(&routes).filter(|(_, requested)| self.found.insert((requested.method, requested.route.clone())));
        new.map(|(declared, requested)| sentence(declared, requested)).collect()
    }
}

/// Pairs a declared route that was never requested with one that was, is not declared, and differs in nothing but how
/// parameters are written.
fn pairs(routes: &[RouteCounts]) -> impl Iterator<Item = (&RouteCounts, &RouteCounts)> {
    let requested = routes.iter().filter(|route| !route.declared && route.started > 0);
    requested.filter_map(|requested| {
        let mut unused = routes.iter().filter(|route| route.declared && route.started == 0);
        let declared =
            unused.find(|route| route.method == requested.method && are_alike(&route.route, &requested.route));
        declared.map(|declared| (declared, requested))
    })
}

fn are_alike(one: &str, other: &str) -> bool {
    let is_parameter = |part: &str| part.starts_with([':', '*', '{', '<']);
    let (one, other): (Vec<_>, Vec<_>) = (one.split('/').collect(), other.split('/').collect());
    let mut parts = one.iter().zip(&other);
    one.len() == other.len() && parts.all(|(one, other)| one == other || (is_parameter(one) && is_parameter(other)))
}

fn sentence(declared: &RouteCounts, requested: &RouteCounts) -> String {
    let method = declared.method.as_str();
    format!(
        "the route `{method} {}` is declared and was never requested, but `{method} {}` was, which is not declared: declare \
         it as the router names it",
        declared.route, requested.route
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::Monitor;

    #[test]
    fn a_route_whose_parameter_has_another_name_is_found_once_when_the_other_is_requested() {
        let routes =
            [("GET", "/items/{item}"), ("POST", "/items"), ("GET", "/files/{*file}"), ("GET", "/items/latest")];
        let monitor = Monitor::builder("shop").log(None).routes(routes).build().expect("the settings are good");
        let traffic = monitor.traffic().expect("it is enabled");
        let mut misdeclared = Misdeclared::default();
        assert_eq!(misdeclared.look(traffic), Vec::<String>::new());
        for (method, route) in [(Method::Get, "/items/{id}"), (Method::Post, "/items"), (Method::Get, "/users/{id}")] {
            traffic.start(traffic.series(method, route));
        }
        assert_eq!(
            misdeclared.look(traffic),
            [
                "the route `GET /items/{item}` is declared and was never requested, but `GET /items/{id}` was, which is not \
              declared: declare it as the router names it"
            ]
        );
        traffic.start(traffic.series(Method::Get, "/files/{*path}"));
        let found = misdeclared.look(traffic);
        assert!(matches!(&found[..], [sentence] if sentence.contains("`GET /files/{*path}`")), "{found:?}");
    }
}
