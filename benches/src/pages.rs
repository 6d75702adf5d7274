//! Facts about pages of metrics with many routes, measured once.

use std::{
    pin::Pin,
    task::{Context, Waker},
    time::Duration,
};

use http_body::Body;
use monitor_core::instrument;
use monitor_kit::{FinalStatus, KnownMethod, Limits, Monitor, Outcome, PrometheusEndpoint, clock, metrics::publish_to};
use tower::Service;

use crate::facts::{exporter, milliseconds, say};

/// Measures all facts.
pub(crate) fn run() {
    render(1_000);
    render(10_000);
}

/// Measures the time to render `/metrics` with this many series, and to publish and render the same page through the
/// exporter.
fn render(series: usize) {
    let monitor =
        Monitor::builder("shop").log(None).limits(Limits::new().series(series)).build().expect("the settings are good");
    let recorder = instrument::recorder(&monitor).expect("the monitor is not disabled");
    for number in 0..series {
        let series = recorder.series(KnownMethod::Get, &format!("/items/{number}"));
        recorder.start(series);
        recorder.end(series, FinalStatus::new(Outcome::Completed, 200), Duration::from_millis(3));
    }
    let endpoint = PrometheusEndpoint::local(&monitor);
    drop(endpoint.render());
    let ours = fastest_of_three(|| drop(endpoint.render()));
    say(&format!("/metrics with {series} routes: ms"), ours);
    let (call, poll) = longest_steps(&endpoint);
    say(&format!("/metrics with {series} routes, the call: ms"), call);
    say(&format!("/metrics with {series} routes, the longest poll of the body: ms"), poll);
    let exporter = exporter().build_recorder();
    let handle = exporter.handle();
    publish_to(&monitor, exporter);
    let through_the_exporter = || {
        // Publishes at once.
        monitor.shutdown(Duration::from_secs(20));
        drop(handle.render());
    };
    through_the_exporter();
    let theirs = fastest_of_three(through_the_exporter);
    say(&format!("/metrics with {series} routes: ours beside the exporter's"), ours / theirs);
}

/// Returns how many milliseconds the call of the endpoint takes, and the longest poll of its response body: for so long
/// it holds up the other tasks of a runtime's thread. Each is the fastest of several responses, because other programs
/// interrupt some polls of any response.
fn longest_steps(endpoint: &PrometheusEndpoint) -> (f64, f64) {
    let responses: Vec<_> = (0..RESPONSES).map(|_| steps_of_response(endpoint.clone())).collect();
    let fastest =
        |step: usize| responses.iter().filter_map(|steps| steps.get(step)).copied().fold(f64::INFINITY, f64::min);
    let polls = responses.iter().map(Vec::len).min().unwrap_or_default();
    (fastest(0), (1..polls).map(fastest).fold(0.0, f64::max))
}

/// Returns the times of the call and of each poll in milliseconds.
fn steps_of_response(mut endpoint: PrometheusEndpoint) -> Vec<f64> {
    let begun = clock::now();
    let response = endpoint.call(http::Request::new(())).into_inner();
    let mut steps = vec![begun.elapsed().as_secs_f64() * 1e3];
    let mut body = response.unwrap_or_else(|error| match error {}).into_body();
    while !body.is_end_stream() {
        let mut context = Context::from_waker(Waker::noop());
        steps.push(milliseconds(|| drop(Pin::new(&mut body).poll_frame(&mut context))));
    }
    steps
}

fn fastest_of_three(f: impl Fn()) -> f64 {
    (0..3).map(|_| milliseconds(&f)).fold(f64::INFINITY, f64::min)
}

const RESPONSES: usize = 5;
