//! After any history, the scraped metrics equal a model that stores every duration.

use std::{
    collections::BTreeMap,
    net::UdpSocket,
    thread,
    time::{Duration, Instant},
};

use metrics_exporter_dogstatsd::DogStatsDBuilder;
use metrics_exporter_prometheus::PrometheusBuilder;
use metrics_util::MetricKindMask;
use monitor_core::instrument;
use monitor_kit::{FinalStatus, KnownMethod, Monitor, Outcome, PrometheusEndpoint, clock, metrics::publish_to, names};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::support::builder;

/// Returns the page of a recorder.
type Scrape = Box<dyn Fn() -> String + Sync>;

#[derive(Clone, Copy, Debug)]
enum Recorder {
    /// With the monitor's own bounds.
    Ours,
    /// Drops series that did not change for a while (metrics#372).
    Idle,
    /// With other bounds, of which all but the last are also bounds of the monitor.
    OtherBounds,
}

#[derive(Clone, Debug)]
enum Step {
    /// A request ends.
    End { route: usize, outcome: Outcome, status: u16, nanos: u64 },
    /// A scrape. The first one installs the recorder.
    Scrape,
    /// A pause as long as the recorder's idle time-out.
    Wait,
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
        1 => Just(Step::Wait),
        1 => (1u16..200).prop_map(Step::Race),
    ]
}

fn end(monitor: &Monitor, route: &str, outcome: Outcome, status: u16, nanos: u64) {
    let recorder = instrument::recorder(monitor).expect("it is enabled");
    let series = recorder.series(KnownMethod::Get, route);
    recorder.start(series);
    recorder.end(series, FinalStatus::new(outcome, status), Duration::from_nanos(nanos));
}

impl Recorder {
    /// Returns the bounds whose counts are exact.
    fn bounds(self) -> &'static [f64] {
        match self {
            Self::Ours | Self::Idle => &names::DURATION_BOUNDS,
            Self::OtherBounds => &[0.025, 1.0],
        }
    }

    fn install(self, monitor: &Monitor) -> Scrape {
        let recorder = match self {
            Self::Ours => {
                let endpoint = PrometheusEndpoint::local(monitor).expect("a recorder");
                return Box::new(move || endpoint.render());
            }
            Self::Idle => {
                let idle = PrometheusBuilder::new().set_buckets(&names::DURATION_BOUNDS).expect("there are bounds");
                idle.idle_timeout(MetricKindMask::ALL, Some(IDLE))
            }
            Self::OtherBounds => PrometheusBuilder::new().set_buckets(&[0.025, 1.0, 12.0]).expect("there are bounds"),
        };
        let endpoint = PrometheusEndpoint::with_recorder(monitor, recorder.build_recorder());
        Box::new(move || endpoint.render())
    }
}

fn race(monitor: &Monitor, scrape: Option<&Scrape>, each: u16) {
    thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| (0..each).for_each(|turn| end(monitor, ROUTES[0], Outcome::Completed, 200, nanos(turn))));
        }
        (0..3).for_each(|_| drop(scrape.map(|scrape| scrape())));
    });
}

fn nanos(turn: u16) -> u64 {
    u64::from(turn) * 1_000_003
}

fn shown(page: &str, series: &str) -> f64 {
    let line = page.lines().find(|line| line.strip_prefix(series).is_some_and(|rest| rest.starts_with(' ')));
    line.and_then(|line| line.rsplit_once(' ')).and_then(|(_, value)| value.parse().ok()).unwrap_or(0.0)
}

fn equals(page: &str, model: &Model, bounds: &[f64]) -> Result<(), TestCaseError> {
    for ((route, status), ended) in model {
        let labels = format!(r#"http_request_method="GET",http_route="{route}",http_response_status_code="{status}""#);
        let count = ended.len() as f64;
        prop_assert_eq!(shown(page, &format!("http_server_requests_total{{{labels}}}")), count);
        let histogram = "http_server_request_duration_seconds";
        prop_assert_eq!(shown(page, &format!("{histogram}_count{{{labels}}}")), count);
        for bound in bounds {
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
    fn published_numbers_equal_the_model(
        recorder in select(vec![Recorder::Ours, Recorder::OtherBounds]),
        steps in vec(step(), 1..60),
    ) {
        check(recorder, steps)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn published_numbers_equal_the_model_whatever_the_recorder_drops(steps in vec(step(), 1..60)) {
        check(Recorder::Idle, steps)?;
    }
}

fn check(recorder: Recorder, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let monitor = builder().build().expect("the settings are good");
    let (mut scrape, mut model): (Option<Scrape>, Model) = (None, Model::new());
    for step in steps {
        match step {
            Step::End { route, outcome, status, nanos } => {
                end(&monitor, ROUTES[route], outcome, status, nanos);
                model.entry((ROUTES[route], status)).or_default().push(nanos);
            }
            Step::Scrape => {
                let scrape = scrape.get_or_insert_with(|| recorder.install(&monitor));
                equals(&scrape(), &model, recorder.bounds())?;
            }
            Step::Wait if matches!(recorder, Recorder::Idle) => thread::sleep(IDLE),
            Step::Wait => {}
            Step::Race(each) => {
                race(&monitor, scrape.as_ref(), each);
                model.entry((ROUTES[0], 200)).or_default().extend((0..each).chain(0..each).map(nanos));
            }
        }
    }
    let scrape = scrape.unwrap_or_else(|| recorder.install(&monitor));
    equals(&scrape(), &model, recorder.bounds())?;
    Ok(())
}

/// Idle time-out of the recorder.
const IDLE: Duration = Duration::from_millis(200);

/// DogStatsD receives deltas, so the first value must not be lost.
#[test]
fn dogstatsd_receives_every_request_from_the_first() {
    let agent = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    agent.set_read_timeout(Some(Duration::from_secs(5))).expect("a time-out");
    let addr = agent.local_addr().expect("an address").to_string();
    let dogstatsd = DogStatsDBuilder::default().with_remote_address(addr).expect("an address");
    let dogstatsd = dogstatsd.with_flush_interval(Duration::from_millis(50)).with_telemetry(false);
    let monitor = builder().build().expect("the settings are good");
    publish_to(&monitor, dogstatsd.build().expect("its thread starts"));
    let (mut requests, mut durations) = (0.0, 0);
    for round in 1..=2 {
        (0..3).for_each(|_| end(&monitor, "/a", Outcome::Completed, 200, 1_000_000));
        let begun: Instant = clock::now();
        while (requests, durations) != (f64::from(round) * 3.0, round as usize * 3) {
            assert!(begun.elapsed() < Duration::from_secs(20), "{requests} requests and {durations} durations arrived");
            let mut packet = [0; 8192];
            let Ok(length) = agent.recv(&mut packet) else { continue };
            for line in String::from_utf8_lossy(&packet[..length]).lines() {
                let (name, values) = line.split_once(':').expect("a name and its values");
                let values = values.split('|').next().unwrap_or_default().split(':').map(|value| value.parse::<f64>());
                let values: Vec<_> = values.map(|value| value.expect("a number")).collect();
                match name {
                    names::REQUESTS => requests += values.iter().sum::<f64>(),
                    names::DURATION => durations += values.len(),
                    _ => {}
                }
            }
        }
    }
}
