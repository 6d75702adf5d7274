//! The newest versions of comparable crates.

use std::sync::{Arc, OnceLock};

use axum_otel_metrics::HttpMetricsLayerBuilder;
use axum_prometheus::PrometheusMetricLayer;
use opentelemetry_sdk_of_peers::metrics::{ManualReader, SdkMeterProvider};
use sentry::{ClientInitGuard, ClientOptions, Envelope, Transport};
use sentry_tower::{NewSentryLayer, SentryHttpLayer};
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer,
    request_id::{MakeRequestUuid, PropagateRequestIdLayer, RequestId, SetRequestIdLayer},
    trace::{DefaultOnResponse, TraceLayer},
};
use tracing::{Level, Span, info_span};

use super::{Case, axum, tower};
use crate::drive::Request;

macro_rules! one_line {
    () => {
        TraceLayer::new_for_http()
            .make_span_with(span)
            .on_request(())
            .on_response(DefaultOnResponse::new().level(Level::INFO))
    };
}

macro_rules! everything {
    () => {
        ServiceBuilder::new()
            .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
            .layer(one_line!())
            .layer(PropagateRequestIdLayer::x_request_id())
            .layer(prometheus())
            .layer(CatchPanicLayer::new())
    };
}

/// The stack of crates that is closest to monitor-tower.
pub(super) fn compared() -> [Case; 2] {
    [tower("all of the peers", everything!()), axum("all of the peers", everything!())]
}

/// Returns the router inside the full stack.
pub(super) fn around(routes: axum::Router) -> axum::Router {
    routes.layer(everything!())
}

/// Each layer alone.
pub(super) fn alone() -> Vec<Case> {
    // Leaked, so that its client lives as long as the process.
    Box::leak(Box::new(sentry()));
    let reader = ManualReader::builder().build();
    let otel =
        HttpMetricsLayerBuilder::new().with_provider(SdkMeterProvider::builder().with_reader(reader).build()).build();
    let identified = ServiceBuilder::new()
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .layer(PropagateRequestIdLayer::x_request_id());
    let sentry_on_tower = ServiceBuilder::new()
        .layer(NewSentryLayer::<Request>::new_from_top())
        .layer(SentryHttpLayer::new().enable_transaction());
    let sentry_on_axum = ServiceBuilder::new()
        .layer(NewSentryLayer::<axum::extract::Request>::new_from_top())
        .layer(SentryHttpLayer::new().enable_transaction());
    vec![
        tower("tower-http: request ID", identified.clone()),
        axum("tower-http: request ID", identified),
        tower("tower-http: trace", one_line!()),
        axum("tower-http: trace", one_line!()),
        tower("tower-http: catch panic", CatchPanicLayer::new()),
        axum("tower-http: catch panic", CatchPanicLayer::new()),
        tower("axum-prometheus", prometheus()),
        axum("axum-prometheus", prometheus()),
        tower("axum-otel-metrics", otel.clone()),
        axum("axum-otel-metrics", otel),
        tower("sentry-tower", sentry_on_tower),
        axum("sentry-tower", sentry_on_axum),
    ]
}

/// The layer of axum-prometheus, whose recorder is global.
fn prometheus() -> PrometheusMetricLayer<'static> {
    static LAYER: OnceLock<PrometheusMetricLayer<'static>> = OnceLock::new();
    LAYER.get_or_init(|| PrometheusMetricLayer::pair().0).clone()
}

fn span<B>(request: &http::Request<B>) -> Span {
    let id = request.extensions().get::<RequestId>().and_then(|id| id.header_value().to_str().ok());
    info_span!("request", method = %request.method(), uri = %request.uri(), request_id = id)
}

/// A client that samples a tenth of the transactions and discards them.
pub(crate) fn sentry() -> ClientInitGuard {
    sentry::init(options())
}

/// The same client with a backtrace for each captured error. Panics have one by default.
pub(crate) fn sentry_with_backtraces() -> ClientInitGuard {
    sentry::init(options().attach_stacktrace(true))
}

fn options() -> ClientOptions {
    let mut options = ClientOptions::default().traces_sample_rate(0.1);
    options.dsn = "http://public@127.0.0.1/1".parse().ok();
    options.transport = Some(Arc::new(|_: &ClientOptions| Arc::new(Nowhere) as Arc<dyn Transport>));
    options
}

struct Nowhere;

impl Transport for Nowhere {
    fn send_envelope(&self, envelope: Envelope) {
        drop(envelope);
    }
}
