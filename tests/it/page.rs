//! After any history, the page of `/metrics` equals a model that stores every duration.

use std::{collections::BTreeMap, thread, time::Duration};

use monitor_core::instrument;
use monitor_kit::{FinalStatus, KnownMethod, Monitor, Outcome, PrometheusEndpoint, names};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::support::builder;

#[derive(Clone, Debug)]
enum Step {
    /// A request ends.
    End { route: usize, outcome: Outcome, status: u16, nanos: u64 },
    /// A scrape.
    Scrape,
    /// Two threads end this many requests each while a third scrapes.
    Race(u16),
}

/// The durations of all ended requests by route and status, in nanoseconds.
type Model = BTreeMap<(&'static str, u16), Vec<u64>>;

const ROUTES: [&str; 3] = ["/a", "/b/{id}", "/c"];

fn step() -> impl Strategy<Value = Step> {
    let outcomes =
        [Outcome::Completed, Outcome::Cancelled, Outcome::ServiceError, Outcome::Panic, Outcome::BodyAborted];
    // On the bounds, next to them, and anywhere.
    let bounds = names::DURATION_BOUNDS.map(|bound| (bound * 1e9) as u64);
    let nanos = prop_oneof![
        select(bounds.to_vec()),
        select(bounds.to_vec()).prop_map(|bound| bound + 1),
        0u64..20_000_000_000,
        Just(0),
    ];
    let end = (0..ROUTES.len(), select(outcomes.to_vec()), select(vec![200u16, 404, 500]), nanos);
    prop_oneof![
        12 => end.prop_map(|(route, outcome, status, nanos)| Step::End { route, outcome, status, nanos }),
        3 => Just(Step::Scrape),
        1 => (1u16..200).prop_map(Step::Race),
    ]
}

fn end(monitor: &Monitor, route: &str, outcome: Outcome, status: u16, nanos: u64) {
    let recorder = instrument::recorder(monitor).expect("it is enabled");
    let series = recorder.series(KnownMethod::Get, route);
    recorder.start(series);
    recorder.end(series, FinalStatus::new(outcome, status), Duration::from_nanos(nanos));
}

fn race(monitor: &Monitor, endpoint: &PrometheusEndpoint, each: u16) {
    thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| (0..each).for_each(|turn| end(monitor, ROUTES[0], Outcome::Completed, 200, nanos(turn))));
        }
        (0..3).for_each(|_| drop(endpoint.render()));
    });
}

fn nanos(turn: u16) -> u64 {
    u64::from(turn) * 1_000_003
}

fn shown(page: &str, series: &str) -> f64 {
    let line = page.lines().find(|line| line.strip_prefix(series).is_some_and(|rest| rest.starts_with(' ')));
    line.and_then(|line| line.rsplit_once(' ')).and_then(|(_, value)| value.parse().ok()).unwrap_or(0.0)
}

fn equals(page: &str, model: &Model) -> Result<(), TestCaseError> {
    for ((route, status), ended) in model {
        let labels = format!(r#"http_request_method="GET",http_route="{route}",http_response_status_code="{status}""#);
        let count = ended.len() as f64;
        prop_assert_eq!(shown(page, &format!("http_server_requests_total{{{labels}}}")), count);
        let histogram = "http_server_request_duration_seconds";
        prop_assert_eq!(shown(page, &format!("{histogram}_count{{{labels}}}")), count);
        for bound in names::DURATION_BOUNDS {
            let below = ended.iter().filter(|nanos| **nanos <= (bound * 1e9).round() as u64).count() as f64;
            let bucket = format!(r#"{histogram}_bucket{{{labels},le="{bound}"}}"#);
            prop_assert_eq!(shown(page, &bucket), below, "{}", bucket);
        }
        let sum = ended.iter().sum::<u64>() as f64 / 1e9;
        let shown_sum = shown(page, &format!("{histogram}_sum{{{labels}}}"));
        prop_assert!((shown_sum - sum).abs() <= sum * 1e-9, "{} instead of {}", shown_sum, sum);
    }
    Ok(())
}

proptest! {
    #[test]
    fn the_page_equals_the_model(steps in vec(step(), 1..60)) {
        let monitor = builder().build().expect("the settings are good");
        let (endpoint, mut model) = (PrometheusEndpoint::local(&monitor), Model::new());
        for step in steps {
            match step {
                Step::End { route, outcome, status, nanos } => {
                    end(&monitor, ROUTES[route], outcome, status, nanos);
                    model.entry((ROUTES[route], status)).or_default().push(nanos);
                }
                Step::Scrape => equals(&endpoint.render(), &model)?,
                Step::Race(each) => {
                    race(&monitor, &endpoint, each);
                    model.entry((ROUTES[0], 200)).or_default().extend((0..each).chain(0..each).map(nanos));
                }
            }
        }
        equals(&endpoint.render(), &model)?;
    }
}
