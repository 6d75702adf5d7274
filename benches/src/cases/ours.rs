//! The layers of monitor-tower.

use std::{convert::Infallible, sync::OnceLock};

use bytes::Bytes;
use http::StatusCode;
use http_body_util::Full;
use monitor_kit::{
    AttachedError, CatchPanicLayer, DisableRoute, Monitor, MonitorBuilder, MonitorLayer, RequestIdLayer, TimingLayer,
    alert::{Alerts, Webhook},
};
use tower::{Layer, service_fn};

use super::{Case, axum, tower};
use crate::drive::{Request, drive};

/// The full stack.
pub(super) fn compared() -> [Case; 2] {
    [tower("all of ours", routed()), axum("all of ours", MonitorLayer::new(monitor()))]
}

/// The full stack with alerts, and paths other than success: a disabled route and a failing service.
pub(super) fn aside() -> [Case; 3] {
    [alerting(), refused(), failing()]
}

/// Each layer alone.
pub(super) fn alone() -> Vec<Case> {
    let (off, monitor) = (MonitorLayer::new(&Monitor::disabled()), monitor());
    vec![
        tower("ours: disabled", off.clone()),
        axum("ours: disabled", off),
        tower("ours: request ID", RequestIdLayer::new()),
        axum("ours: request ID", RequestIdLayer::new()),
        tower("ours: timing", TimingLayer::new(monitor)),
        axum("ours: timing", TimingLayer::new(monitor)),
        tower("ours: catch panic", CatchPanicLayer::new(monitor)),
        axum("ours: catch panic", CatchPanicLayer::new(monitor)),
    ]
}

/// A layer for a single service. A router would provide the route template.
fn routed() -> MonitorLayer {
    MonitorLayer::new(monitor()).route(|_| Some("/items/{id}"))
}

/// The full stack of a monitor with alerts. No request fails, so none is sent.
fn alerting() -> Case {
    let webhook = Webhook::new("http://127.0.0.1:9/alerts").expect("the URL is valid");
    let monitor = builder().extend(Alerts::to(webhook)).build().expect("the settings are good");
    tower("all of ours, with alerts", MonitorLayer::new(&monitor).route(|_| Some("/items/{id}")))
}

/// A disabled route, so that the service is not called. It has a monitor of its own, because a disabled route adds a
/// lookup to all other routes.
fn refused() -> Case {
    let monitor = built();
    monitor.disable_route(DisableRoute::new(OFF, "a bench")).expect("the route is declared");
    tower("ours: disabled route", MonitorLayer::new(&monitor).route(|_| Some(OFF)))
}

/// A service with a captured error. Most events are throttled and only counted.
fn failing() -> Case {
    let mut service = routed().layer(service_fn(async |_: Request| {
        let mut response = http::Response::new(Full::new(Bytes::from_static(b"sorry")));
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        let error = std::io::Error::other("no stock");
        response.extensions_mut().insert(AttachedError::new(&error));
        Ok::<_, Infallible>(response)
    }));
    Case { name: String::from("tower/ours: error"), run: Box::new(move |request| drive(&mut service, request)) }
}

/// A monitor with the default settings, publishing to a Prometheus recorder.
pub(crate) fn monitor() -> &'static Monitor {
    static MONITOR: OnceLock<Monitor> = OnceLock::new();
    MONITOR.get_or_init(built)
}

/// Builds another such monitor.
pub(crate) fn built() -> Monitor {
    builder().build().expect("the settings are good")
}

fn builder() -> MonitorBuilder {
    Monitor::builder("shop").release("1.4.2").environment("production").routes([("GET", OFF)]).log(None)
}

const OFF: &str = "/off";
