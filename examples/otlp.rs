//! Exports a span for each request through OTLP, with the caller's span as its parent.
//!
//! ```sh
//! OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317 cargo run --example otlp --features axum,opentelemetry
//! ```

use std::{
    io::{Write, stdout},
    net::SocketAddr,
};

use axum::{Router, body::Body, routing::get};
use http::{Request, StatusCode};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use monitor_kit::{BoxError, IdPolicy, Monitor, MonitorLayer, Networks};
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tracing_subscriber::layer::SubscriberExt;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    // The endpoint is read from the environment.
    let exporter = SpanExporter::builder().with_tonic().build()?;
    let provider = SdkTracerProvider::builder()
        .with_resource(Resource::builder().with_service_name("shop").build())
        .with_batch_exporter(exporter)
        .build();
    let spans = tracing_opentelemetry::layer().with_tracer(provider.tracer("shop"));
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(spans))?;

    let monitor = Monitor::builder("shop").build()?;
    let layer = MonitorLayer::new(&monitor).span(true).id_policy(IdPolicy::TrustedPeer(Networks::loopback()));
    let app = Router::new()
        .route("/items/{id}", get(|| async { "an item" }))
        .route("/broken", get(|| async { StatusCode::SERVICE_UNAVAILABLE }))
        .layer(layer);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, app).await });

    let client = Client::builder(TokioExecutor::new()).build_http();
    for path in ["/items/7", "/broken"] {
        let request = Request::get(format!("http://{addr}{path}")).header("traceparent", CALLER).body(Body::empty())?;
        let response = client.request(request).await?;
        writeln!(stdout(), "GET {path} answers {}", response.status())?;
        axum::body::to_bytes(Body::new(response.into_body()), 1024).await?;
    }
    // A request ends a moment after its last byte was sent.
    while monitor.traffic().is_some_and(|traffic| traffic.read().iter().any(|counts| counts.active() > 0)) {
        tokio::task::yield_now().await;
    }
    tokio::task::spawn_blocking(move || provider.shutdown()).await??;
    writeln!(stdout(), "the parent of both spans: {CALLER}")?;
    Ok(())
}

/// The trace context that a gateway would send.
const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
