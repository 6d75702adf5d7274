//! The measured cases: an empty service, bare and inside each layer, on tower and on axum.

mod ours;
#[cfg(feature = "peers")]
mod peers;

pub(crate) use self::ours::{built, monitor};
#[cfg(feature = "peers")]
pub(crate) use self::peers::{sentry, sentry_with_backtraces};

use std::convert::Infallible;

use axum::{Router, response::IntoResponse, routing::get};
use http::StatusCode;
use http_body::Body;
use monitor_kit::MonitorLayer;
use tower::{Layer, Service, layer::util::Identity};

use crate::{
    drive::{Plain, Request, drive},
    event,
    subscriber::Log,
};

/// A service under test.
#[expect(clippy::exhaustive_structs, reason = "built by the benches only")]
#[expect(missing_debug_implementations, reason = "it is a function")]
pub struct Case {
    /// The environment, a slash, and the name of the case.
    pub name: String,
    /// Sends one request and returns the status of the response.
    pub run: Box<dyn FnMut(Request) -> StatusCode>,
}

/// Returns the cases of a logging setup.
pub fn all(log: Log) -> Vec<Case> {
    let mut cases = compared(log);
    cases.push(Case { name: String::from("event/bare"), run: Box::new(|_| StatusCode::OK) });
    cases.extend(event::case(log));
    if log != Log::Peers {
        cases.extend(ours::aside());
    }
    if log == Log::None {
        cases.extend(ours::alone());
        #[cfg(feature = "peers")]
        cases.extend(peers::alone());
    }
    cases
}

/// Returns the cases that are compared: bare, the full stack of monitor-tower, and the full stack of the peers.
pub fn compared(log: Log) -> Vec<Case> {
    let mut cases = vec![tower("bare", Identity::new()), axum("bare", Identity::new())];
    if log != Log::Peers {
        cases.extend(ours::compared());
    }
    #[cfg(feature = "peers")]
    if log != Log::Ours {
        cases.extend(peers::compared());
    }
    cases
}

/// A layer around an empty service.
fn tower<L, S, B>(name: &str, layer: L) -> Case
where
    L: Layer<Plain, Service = S>,
    S: Service<Request, Response = http::Response<B>> + 'static,
    B: Body,
{
    let mut service = layer.layer(Plain);
    Case { name: format!("tower/{name}"), run: Box::new(move |request| drive(&mut service, request)) }
}

/// Returns the router inside the full stack of a logging setup: monitor-tower's, the peers', or none.
pub(crate) fn app(log: Log) -> Router {
    match log {
        Log::Ours => routes().layer(MonitorLayer::new(monitor())),
        #[cfg(feature = "peers")]
        Log::Peers => peers::around(routes()),
        _ => routes(),
    }
}

fn routes() -> Router {
    Router::new().route("/items/{id}", get(async || "hello"))
}

/// A layer around a router with one route.
fn axum<L>(name: &str, layer: L) -> Case
where
    L: Layer<axum::routing::Route> + Clone + Send + Sync + 'static,
    L::Service: Service<axum::extract::Request> + Clone + Send + Sync + 'static,
    <L::Service as Service<axum::extract::Request>>::Response: IntoResponse + 'static,
    <L::Service as Service<axum::extract::Request>>::Error: Into<Infallible> + 'static,
    <L::Service as Service<axum::extract::Request>>::Future: Send + 'static,
{
    // With its state a router applies its layers once; without it, for every request.
    let mut service = routes().layer(layer).with_state(());
    Case { name: format!("axum/{name}"), run: Box::new(move |request| drive(&mut service, request)) }
}
