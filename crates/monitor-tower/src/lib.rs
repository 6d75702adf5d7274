//! One tower layer that identifies, times, counts and catches what goes wrong in every request.
//!
//! ```
//! use monitor_kit::{Monitor, MonitorLayer};
//! use tower::{ServiceBuilder, service_fn};
//!
//! # async fn handle(_: http::Request<String>) -> Result<http::Response<http_body_util::Full<bytes::Bytes>>, std::convert::Infallible> {
//! #     Ok(http::Response::default())
//! # }
//! let monitor = Monitor::builder("shop").build()?;
//! let service = ServiceBuilder::new()
//!     .layer(MonitorLayer::new(&monitor))
//!     .service(service_fn(handle));
//! # Ok::<(), monitor_kit::BuildError>(())
//! ```
//!
//! # Where to put it
//!
//! Outermost, but for CORS: what is outside of it is not seen. A time-out belongs inside, where it is an error of the service; outside
//! it leaves as a client does, and is counted as `cancelled`. In axum, call [`Router::layer`] after every route, for it covers only
//! the routes there are, and each of them has its route template by then. The counters belong to the monitor, so it
//! does not matter how many copies of the layer a router makes.
//!
//! A `CorsLayer` belongs outside of it: the answers to a panic, to an error and to a disabled route are made by this layer,
//! and without their CORS headers a browser shows its page a network error instead. Preflights are then answered
//! outside, and not counted.
//!
//! ```
//! # async fn handle(_: http::Request<String>) -> Result<http::Response<http_body_util::Full<bytes::Bytes>>, std::convert::Infallible> {
//! #     Ok(http::Response::default())
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
//! A refused request leaves whatever `poll_ready` reserved further in, such as a permit of a limit, with that service until
//! its next request or its end. axum and hyper drop a service after each request.
//!
//! Stacked twice around one service, an error is captured once, but the request is counted twice; a debug build warns.
//!
//! [`RequestIdLayer`], [`TimingLayer`], [`CatchPanicLayer`] and [`RouteSwitchLayer`] work in any order.
//!
//! # Which route
//!
//! In axum a request's route is the template that matched; elsewhere it is what [`MonitorLayer::route`] finds, or a path that
//! was declared. Static files below `nest_service`, and a fallback, have no template: name them with
//! [`MonitorLayer::mount`]. All that is left is the one route `_unmatched`.
//!
//! Requests to `/health`, `/metrics` and gRPC's `/grpc.health.v1.Health` are untracked: they are in no metric and no issue,
//! and in the log at DEBUG only. [`MonitorBuilder::untracked`](monitor_core::MonitorBuilder::untracked) adds paths.
//!
//! # When a request ends
//!
//! A request ends when its body ends, not when its head is sent. Each one has exactly one outcome:
//!
//! | outcome | when |
//! | --- | --- |
//! | `completed` | the whole response went out, whatever its status |
//! | `service_error` | the service returned an error instead of a response; it is passed on |
//! | `panic` | the service panicked before the head; it is answered with a 500 |
//! | `panic_in_body` | the body panicked; the client sees an aborted response |
//! | `body_error` | the body returned an error, or ended short of the Content-Length |
//! | `cancelled` | the client left before the head; counted with status 499 |
//! | `body_aborted` | the body was dropped before its end |
//! | `refused` | the route is disabled, so the service was not asked |
//! | `upgraded` | the connection was handed over to another protocol; [`UpgradedConnection`] goes on from there |
//!
//! # The log line
//!
//! When a request ends, one event of target `monitor::request` says so: `request_error` at ERROR for what failed or has
//! a status from 500, `request_warning` at WARN from 400 and for a gRPC status other than OK, `request_refused` at WARN for a
//! disabled route, `slow_request` at WARN past one second, else `request` at INFO. Untracked requests are logged at DEBUG
//! only. Its fields are `request_id`, `client_request_id`, `trace_id`, `client_trace_id`, `method`, `path` (the route, unless
//! [raw paths] are asked for), `route`, `status_code`, `grpc_status`, `error_type`, `duration_ms`, `outcome`, `user_agent`,
//! `remote_addr` and `user_id`.
//!
//! # What is answered
//!
//! | what happened | answer |
//! | --- | --- |
//! | a request to a disabled route | a 503 as a problem, with `Retry-After`; see [`MonitorLayer::refusal_status`] |
//! | a panic | a 500 as `application/problem+json` (RFC 9457), or what [`MonitorLayer::panic_response`] makes |
//! | a response of 500 or above without a body | its status, and a problem as its body |
//! | a response of 500 or above with a body | that response, untouched |
//! | an error instead of a response | the error goes on; after [`MonitorLayer::respond_to_errors`] it is a problem |
//!
//! No answer of ours says anything of the inside. A gRPC call is answered with a `grpc-status` in the head and no body.
//!
//! # gRPC
//!
//! A POST of content type `application/grpc`, `application/grpc-web` or `application/grpc-web-text` is a call, over every
//! version of HTTP and on either side of tonic-web. Its status is read from the head, the trailers or gRPC-Web's last frame;
//! where a response ends without any it is UNKNOWN, as it is to clients. UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED,
//! INTERNAL, UNAVAILABLE and DATA_LOSS are failures, with the code's name as error type. Methods are routes where they are
//! [declared](monitor_core::MonitorBuilder::grpc_methods); all others are one series.
//!
//! The event of a failed call has the message of its `Status`, masked. To have the error behind it instead, with its type
//! and causes, capture it where it happens, or leave it in the status as its source, which clients do not see. tonic drops
//! the source of a status that ends a stream; there, capture it.
//!
//! ```
//! # #[cfg(feature = "tonic")] {
//! use std::{io, sync::Arc};
//!
//! use monitor_kit::CaptureExt;
//! use tonic::Status;
//!
//! // With the place and the backtrace of this call. Needs no feature.
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
//! `Status::from_error` sets the source, too, and shows the error's message to the client.
//!
//! # Whose word is taken
//!
//! By default nobody's: each request gets an identifier and a trace (W3C Trace Context) of its own, and comes from whoever
//! holds the connection. [`IdPolicy`] and [`TrustedProxies`] say of whom more is believed. The outermost layer of ours
//! decides. [`PropagateLayer`] puts identifier and trace on the requests a client sends.
//!
//! # Features
//!
//! - `axum`: routes from axum's `MatchedPath`, untracked paths by `OriginalUri`, addresses from `ConnectInfo`, and an
//!   extractor for the scope.
//! - `tower`: [`MonitorLayer::respond_to_errors`] knows the errors of tower's time-out and load-shed.
//! - `prometheus`: `PrometheusEndpoint`, a service for `/metrics`.
//! - `opentelemetry`: the span of [`MonitorLayer::span`] has the caller's as its parent, and requests that go out through
//!   [`PropagateLayer`] have the current span as theirs.
//! - `tonic`: the event of a gRPC call that failed is the source of its `tonic::Status`, if it has one.
//! - `tokio`: [`UpgradedConnection`] reads and writes as tokio's connections do.
//!
//! [`Router::layer`]: https://docs.rs/axum/latest/axum/struct.Router.html#method.layer
//! [raw paths]: monitor_core::MonitorBuilder::raw_paths

#![cfg_attr(docsrs, feature(doc_cfg))]

// The floors, from the ground up: a module uses only those above it in this list. `cargo xtask lint` checks it.

// What responses are made of and what is read off them.
mod response;

// What a request says of itself, and what of it is trusted.
mod request;

// What a layer does, decided once.
mod settings;

// The way of a request: service, guard, future, body, and its end in span, log and metrics.
mod watch;

// What a user stacks, mounts or extracts.
mod layers;

#[cfg(feature = "axum")]
pub use self::layers::extract::CurrentScope;
#[cfg(feature = "prometheus")]
pub use self::layers::prometheus::{InstallError, PrometheusEndpoint};
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
