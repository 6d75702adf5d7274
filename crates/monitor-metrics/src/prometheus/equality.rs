//! The rendered page equals the page of a recorder that the same monitor is published to.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::pending,
    pin::pin,
    task::{Context, Waker},
    thread,
    time::Duration,
};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use monitor_core::{
    AlertCounts, ClientOutcome, DisableRoute, FinalStatus, HealthReading, HealthStatus, KnownMethod, Level, Monitor,
    Outcome, ProbeReading, instrument, names,
};
use proptest::{collection::vec, option, prelude::*, sample::select};

use super::PrometheusEndpoint;
use crate::{
    bridge::Bridge,
    family::{self, Family},
};

#[derive(Clone, Debug)]
enum Step {
    End {
        route: &'static str,
        outcome: Outcome,
        status: u16,
        nanos: u64,
    },
    Start {
        route: &'static str,
    },
    Connection {
        route: &'static str,
        lifetime: Option<u64>,
    },
    Disable {
        route: &'static str,
    },
    Outgoing {
        host_class: &'static str,
        outcome: ClientOutcome,
    },
    Job {
        name: &'static str,
        end: Option<Result<(), &'static str>>,
    },
    Message {
        text: &'static str,
    },
    ReadyError,
    Health {
        status: HealthStatus,
        millis: u64,
    },
    Alerts,
    /// The recorder gets the growth of histograms since the last publication.
    Publish,
    /// The same, while two threads end this many requests each.
    Race(u16),
}

fn step() -> impl Strategy<Value = Step> {
    let route = || select(vec!["/a", "/b/{id}", "/c \"quoted\" \\ \n line", "/declared"]);
    let nanos = || prop_oneof![0u64..20_000_000_000, select(names::DURATION_BOUNDS.to_vec()).prop_map(whole_nanos)];
    let end = (route(), select(Outcome::ALL), select(vec![200u16, 404, 500, 503]), nanos());
    let job = prop_oneof![Just(None), select(vec![Ok(()), Err("failed")]).prop_map(Some)];
    let statuses = [HealthStatus::Unknown, HealthStatus::Ok, HealthStatus::Warning, HealthStatus::Error];
    prop_oneof![
        8 => end.prop_map(|(route, outcome, status, nanos)| Step::End { route, outcome, status, nanos }),
        1 => route().prop_map(|route| Step::Start { route }),
        1 => (route(), option::of(nanos())).prop_map(|(route, lifetime)| Step::Connection { route, lifetime }),
        1 => route().prop_map(|route| Step::Disable { route }),
        1 => (select(vec!["bank", "post"]), select(ClientOutcome::ALL))
            .prop_map(|(host_class, outcome)| Step::Outgoing { host_class, outcome }),
        1 => (select(vec!["sync", "clean-up"]), job).prop_map(|(name, end)| Step::Job { name, end }),
        1 => select(vec!["kept", "dropped"]).prop_map(|text| Step::Message { text }),
        1 => Just(Step::ReadyError),
        1 => (select(statuses.to_vec()), 0u64..10_000).prop_map(|(status, millis)| Step::Health { status, millis }),
        1 => Just(Step::Alerts),
        2 => Just(Step::Publish),
        1 => (1u16..100).prop_map(Step::Race),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn both_pages_have_the_same_families_series_and_values(steps in vec(step(), 0..60)) {
        let builder = names::BOUNDS.into_iter().fold(PrometheusBuilder::new(), |builder, (name, bounds)| {
            builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), &bounds).expect("there are bounds")
        });
        let (direct, published) = both_pages(builder, steps);
        compare(&direct, &published)?;
    }

    #[test]
    fn a_recorder_with_other_bounds_has_the_buckets_whose_bounds_are_the_monitors(steps in vec(step(), 0..60)) {
        let builder = PrometheusBuilder::new().set_buckets(&[0.025, 1.0, 12.0]).expect("there are bounds");
        let (direct, published) = both_pages(builder, steps);
        compare(&direct.durations_in(["0.025", "1", "+Inf"]), &published.durations_in(["0.025", "1", "+Inf"]))?;
    }
}

#[test]
fn every_family_can_be_on_the_compared_pages() {
    let (outcome, status, nanos, route) = (Outcome::Panic, 500, 1, "/declared");
    let steps = vec![
        Step::End { route, outcome, status, nanos },
        Step::Connection { route, lifetime: Some(nanos) },
        Step::Outgoing { host_class: "bank", outcome: ClientOutcome::Error },
        Step::Job { name: "sync", end: Some(Ok(())) },
        Step::Message { text: "dropped" },
        Step::Health { status: HealthStatus::Ok, millis: 1 },
        Step::Alerts,
    ];
    let (direct, _) = both_pages(PrometheusBuilder::new(), steps);
    let described = |family: &&Family| direct.comments.contains(&format!("# HELP {} {}", family.name, family.help));
    let missing: Vec<_> = family::all().filter(|family| !described(family)).map(|family| family.name).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Returns the page that is rendered directly, and that of a recorder, after a monitor has made the steps.
fn both_pages(builder: PrometheusBuilder, steps: Vec<Step>) -> (Parsed, Parsed) {
    let monitor = monitor();
    let recorder = builder.add_global_label("zone", "a").build_recorder();
    let (handle, bridge) = (recorder.handle(), Bridge::to(recorder));
    for step in steps {
        match step {
            Step::Publish => bridge.publish(&monitor),
            Step::Race(each) => race(&monitor, &bridge, each),
            step => step.run(&monitor),
        }
    }
    assert!(monitor.flush(Duration::from_secs(20)), "the intake hangs");
    bridge.publish(&monitor);
    let direct = PrometheusEndpoint::local(&monitor).label("zone", "a").render();
    (Parsed::of(&direct), Parsed::of(&handle.render()))
}

fn race(monitor: &Monitor, bridge: &Bridge, each: u16) {
    let end = |nanos| Step::End { route: "/a", outcome: Outcome::Completed, status: 200, nanos }.run(monitor);
    thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| (0..each).for_each(|turn| end(u64::from(turn) * 1_000_003)));
        }
        (0..3).for_each(|_| bridge.publish(monitor));
    });
}

fn monitor() -> Monitor {
    let builder = Monitor::builder("shop").log(None).release("1.4.2").revision("feed").routes([("GET", "/declared")]);
    let builder = builder.time_to_first_byte(true).response_body_size(true);
    let builder = builder.before_report(|event| (event.failure.message == "kept").then_some(event));
    builder.build().expect("the settings are good")
}

impl Step {
    fn run(self, monitor: &Monitor) {
        let recorder = instrument::recorder(monitor).expect("it is enabled");
        let series = |route| recorder.series(KnownMethod::Get, route);
        match self {
            Self::End { route, outcome, status, nanos } => {
                let duration = Duration::from_nanos(nanos);
                recorder.start(series(route));
                recorder.measure(series(route), status, duration / 2, nanos);
                recorder.end(series(route), FinalStatus::new(outcome, status), duration);
            }
            Self::Start { route } => recorder.start(series(route)),
            Self::Connection { route, lifetime } => {
                recorder.open(series(route));
                if let Some(nanos) = lifetime {
                    recorder.close(series(route), Duration::from_nanos(nanos));
                }
            }
            // Fails for a route without a series.
            Self::Disable { route } => drop(monitor.disable_route(DisableRoute::new(route, "ops"))),
            Self::Outgoing { host_class, outcome } => instrument::count_outgoing(monitor, host_class, outcome),
            Self::Job { name, end } => run_job(monitor, name, end),
            Self::Message { text } => monitor.capture_message(text, Level::Error),
            Self::ReadyError => recorder.ready_error(),
            Self::Health { status, millis } => monitor.show_health(move || {
                let probe = ProbeReading { probe: String::from("db"), status, last_run: Duration::from_millis(millis) };
                let is_ready = status == HealthStatus::Ok;
                Some(HealthReading { is_ready, is_draining: !is_ready, probes: vec![probe] })
            }),
            Self::Alerts => monitor.show_alerts(|| {
                let (notifier, given_up) = (String::from("slack"), vec![(String::from("rejected"), 2)]);
                vec![AlertCounts { notifier, fired: 7, delivered: 4, waiting: 1, given_up, unsaved: 3 }]
            }),
            Self::Publish | Self::Race(_) => {}
        }
    }
}

/// Runs a job to its `end`, or drops it before.
fn run_job(monitor: &Monitor, name: &str, end: Option<Result<(), &'static str>>) {
    let context = &mut Context::from_waker(Waker::noop());
    let job = async {
        match end {
            Some(end) => end.map_err(std::io::Error::other),
            None => pending().await,
        }
    };
    let _ = pin!(monitor.job(name, job)).as_mut().poll(context);
}

fn whole_nanos(seconds: f64) -> u64 {
    (seconds * 1e9).round() as u64
}

/// A page without its order.
#[derive(Debug)]
struct Parsed {
    comments: BTreeSet<String>,
    /// Values by series: name and labels as they are spelled.
    values: BTreeMap<String, f64>,
}

impl Parsed {
    fn of(page: &str) -> Self {
        let lines = || page.lines().filter(|line| !line.is_empty());
        let comments: Vec<_> = lines().filter(|line| line.starts_with('#')).map(str::to_owned).collect();
        let values: Vec<_> = lines().filter(|line| !line.starts_with('#')).map(value).collect();
        let count = (comments.len(), values.len());
        let parsed = Self { comments: comments.into_iter().collect(), values: values.into_iter().collect() };
        assert_eq!((parsed.comments.len(), parsed.values.len()), count, "a line is on the page twice:\n{page}");
        parsed
    }

    /// Retains the durations of requests, and of their buckets those with these bounds.
    fn durations_in(mut self, bounds: [&str; 3]) -> Self {
        self.comments.clear();
        self.values.retain(|series, _| {
            let bound = series.split_once(",le=\"").map(|(_, bound)| bound.trim_end_matches("\"}"));
            series.starts_with(names::DURATION) && bound.is_none_or(|bound| bounds.contains(&bound))
        });
        self
    }
}

fn value(line: &str) -> (String, f64) {
    let (series, value) = line.rsplit_once(' ').expect("a series and its value");
    (series.to_owned(), value.parse().expect("a number"))
}

/// Sums may differ by rounding: a recorder adds up the means of buckets. All other values must be equal.
fn compare(direct: &Parsed, published: &Parsed) -> Result<(), TestCaseError> {
    prop_assert_eq!(&direct.comments, &published.comments);
    prop_assert!(direct.values.keys().eq(published.values.keys()), "{direct:#?}\n{published:#?}");
    for ((series, value), other) in direct.values.iter().zip(published.values.values()) {
        let tolerance = if series.contains("_sum{") { value * 1e-9 } else { 0.0 };
        prop_assert!((value - other).abs() <= tolerance, "{series}: {value} instead of {other}");
    }
    Ok(())
}
