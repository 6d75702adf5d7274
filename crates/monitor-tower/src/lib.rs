//! A tower layer that identifies, times, counts and logs every request, and captures its errors and panics.
//!
//! ```
//! use monitor_kit::{Monitor, MonitorLayer};
//! use tower::{ServiceBuilder, service_fn};
//!
//! # type Response = http::Response<http_body_util::Full<bytes::Bytes>>;
//! # async fn handle(_: http::Request<String>) -> Result<Response, std::convert::Infallible> {
//! #     Ok(Response::default())
//! # }
//! let monitor = Monitor::builder("shop").build()?;
//! let service = ServiceBuilder::new()
//!     .layer(MonitorLayer::new(&monitor))
//!     .service(service_fn(handle));
//! # Ok::<(), monitor_kit::BuildError>(())
//! ```
//!
//! # Position in the stack
//!
//! Put the layer outermost, except for CORS: it does not see what happens outside of it. A time-out belongs inside,
//! where it is an error of the service; outside of the layer it drops the request as a disconnected client does, and is
//! counted as `cancelled`. In axum, call [`Router::layer`] after the last route: it covers only routes that exist, and
//! they have their route templates by then. The counters belong to the monitor, so a router may clone the layer freely.
//!
//! A `CorsLayer` belongs outside: this layer creates the responses to panics, errors and disabled routes, and without
//! CORS headers a browser shows the page a network error instead. Preflight requests are then answered outside, and not
//! counted.
//!
//! ```
//! # type Response = http::Response<http_body_util::Full<bytes::Bytes>>;
//! # async fn handle(_: http::Request<String>) -> Result<Response, std::convert::Infallible> {
//! #     Ok(Response::default())
//! # }
//! use http::{HeaderName, HeaderValue};
//! use monitor_kit::{Monitor, MonitorLayer};
//! use tower::{ServiceBuilder, service_fn};
//! use tower_http::cors::CorsLayer;
//!
//! let monitor = Monitor::builder("shop").build()?;
//! let cors = CorsLayer::new()
//!     .allow_origin(HeaderValue::from_static("https://shop.example"))
//!     .expose_headers([HeaderName::from_static("x-request-id")]);
//! // Here the first layer is the outermost one; on axum's router it is the last.
//! let service = ServiceBuilder::new().layer(cors).layer(MonitorLayer::new(&monitor)).service(service_fn(handle));
//! # Ok::<(), monitor_kit::BuildError>(())
//! ```
//!
//! A refused request does not consume what `poll_ready` reserved in the service, such as a permit of a concurrency
//! limit. The service holds it until its next request or until it is dropped. axum and hyper drop the service after
//! each request.
//!
//! Two layers of one monitor around the same service capture an error once, but count each request twice; a debug build
//! logs a warning.
//!
//! [`RequestIdLayer`], [`TimingLayer`], [`CatchPanicLayer`] and [`RouteSwitchLayer`] work in any order.
//!
//! # Routes
//!
//! In axum the route of a request is the template that matched. Elsewhere it is the result of [`MonitorLayer::route`],
//! or a declared path. Files below `nest_service`, and fallbacks, have no template: name them with
//! [`MonitorLayer::mount`]. All remaining requests have the route `_unmatched`.
//!
//! Requests to `/health`, `/metrics` and gRPC's `/grpc.health.v1.Health` are untracked: they appear in no metric and no
//! issue, and in the log at DEBUG only. [`MonitorBuilder::untracked`](monitor_core::MonitorBuilder::untracked) adds
//! paths.
//!
//! # Outcomes
//!
//! A request ends when its body ends, not when its head is sent. It has exactly one outcome:
//!
//! | outcome | when |
//! | --- | --- |
//! | `completed` | the whole response was sent, whatever its status |
//! | `service_error` | the service returned an error instead of a response; the error is passed on |
//! | `panic` | the service panicked before the head; the response is a 500 |
//! | `panic_in_body` | the body panicked; the client sees an aborted response |
//! | `body_error` | the body returned an error, or ended short of its Content-Length |
//! | `cancelled` | the client left before the head; counted with status 499 |
//! | `body_aborted` | the body was dropped before its end |
//! | `refused` | the route is disabled, so the service was not called |
//! | `upgraded` | the connection switched to another protocol; [`UpgradedConnection`] tracks it from there |
//!
//! # The log line
//!
//! Each request logs one event of target `monitor::request` when it ends: `request_error` at ERROR for a failure or a
//! status from 500, `request_warning` at WARN for a status from 400 or a gRPC status other than OK, `request_refused`
//! at WARN for a disabled route, `slow_request` at WARN after one second, otherwise `request` at INFO. Untracked
//! requests are logged at DEBUG only. The fields are `request_id`, `client_request_id`, `trace_id`, `client_trace_id`,
//! `method`, `path` (the route, unless [raw paths] are enabled), `route`, `status_code`, `grpc_status`, `error_type`,
//! `duration_ms`, `outcome`, `user_agent`, `remote_addr` and `user_id`.
//!
//! # Responses of this layer
//!
//! | event | response |
//! | --- | --- |
//! | a request to a disabled route | a 503 as a problem, with `Retry-After`; see [`MonitorLayer::refusal_status`] |
//! | a panic | a 500 as `application/problem+json` (RFC 9457), or that of [`MonitorLayer::panic_response`] |
//! | a response of 500 or above without a body | the same status, with a problem as the body |
//! | a response of 500 or above with a body | the same response, unchanged |
//! | an error instead of a response | the error is passed on; a problem with [`MonitorLayer::respond_to_errors`] |
//!
//! These responses disclose no internals. A gRPC call gets a `grpc-status` in the head, and no body.
//!
//! # gRPC
//!
//! A POST of content type `application/grpc`, `application/grpc-web` or `application/grpc-web-text` is a call, over
//! every version of HTTP and on either side of tonic-web. Its status is read from the head, the trailers or the last
//! frame of gRPC-Web. A response that ends without a status counts as UNKNOWN, as it does to clients. So does one whose
//! gRPC-Web trailers are compressed (frame flag 0x81), because they are not decompressed; tonic-web sends none.
//! UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE and DATA_LOSS are failures, with the name of the
//! code as the error type. A method is a route if it is [declared](monitor_core::MonitorBuilder::grpc_methods); all
//! others share one series.
//!
//! The event of a failed call contains the message of its `Status`, masked. To record the underlying error with its
//! type and causes, capture it where it occurs, or set it as the source of the status, which clients do not see. tonic
//! drops the source of a status that ends a stream, so capture the error there.
//!
//! ```
//! # #[cfg(feature = "tonic")] {
//! use std::{io, sync::Arc};
//!
//! use monitor_kit::CaptureExt;
//! use tonic::Status;
//!
//! // With the location and the backtrace of this call. Needs no feature.
//! fn load(path: &str) -> Result<String, Status> {
//!     std::fs::read_to_string(path).capture().map_err(|_| Status::internal("the stock cannot be read"))
//! }
//!
//! // With the error's type, message and causes. Needs the feature `tonic`.
//! fn to_status(error: io::Error) -> Status {
//!     let mut status = Status::internal("the stock cannot be read");
//!     status.set_source(Arc::new(error));
//!     status
//! }
//! # }
//! ```
//!
//! `Status::from_error` sets the source as well, but shows the error's message to the client.
//!
//! # Trust in clients
//!
//! By default no client is trusted: each request gets a new request ID and a new trace (W3C Trace Context), and the
//! client address is that of the connection. [`IdPolicy`] and [`TrustedProxies`] define exceptions. The outermost layer
//! of this crate decides. [`PropagateLayer`] adds request ID and trace to outgoing requests.
//!
//! # Features
//!
//! - `axum`: routes from axum's `MatchedPath`, untracked paths from `OriginalUri`, addresses from `ConnectInfo`, and an
//!   extractor for the scope.
//! - `tower`: [`MonitorLayer::respond_to_errors`] recognizes the errors of tower's time-out and load-shed layers.
//! - `opentelemetry`: the span of [`MonitorLayer::span`] is a child of the caller's span, and requests sent through
//!   [`PropagateLayer`] are children of the current span.
//! - `tonic`: the event of a failed gRPC call is the source of its `tonic::Status`, if it has one.
//! - `tokio`: [`UpgradedConnection`] implements tokio's `AsyncRead` and `AsyncWrite`.
//!
//! [`Router::layer`]: https://docs.rs/axum/latest/axum/struct.Router.html#method.layer
//! [raw paths]: monitor_core::MonitorBuilder::show_raw_paths

#![cfg_attr(docsrs, feature(doc_cfg))]

// The floors, from the ground up: each module uses only those above it in this list. `cargo xtask lint` checks this.

// The contents of responses, written and read.
mod response;

// The data of a request, and the parts of it that are trusted.
mod request;

// The settings of a layer.
mod settings;

// The processing of a request: service, guard, future, body, and its end in span, log and metrics.
mod watch;

// The public layers, services and extractors.
mod layers;

#[cfg(feature = "axum")]
pub use self::layers::extract::CurrentScope;
pub use self::{
    layers::{
        error_response::{Respond, RespondFuture, RespondLayer},
        layer::MonitorLayer,
        propagate::{Propagate, PropagateFuture, PropagateLayer},
        single_layers::{CatchPanicLayer, RequestIdLayer, RouteSwitchLayer, TimingLayer},
    },
    request::{
        forwarded::{ForwardedHeader, TrustedProxies},
        head::RequestHead,
        id_policy::IdPolicy,
        networks::{NetworkError, Networks},
    },
    response::{attached_error::AttachedError, problem::problem, text_body::TextBody},
    settings::PanicContext,
    watch::{body::ResponseBody, future::ResponseFuture, service::MonitorService, upgraded::UpgradedConnection},
};
