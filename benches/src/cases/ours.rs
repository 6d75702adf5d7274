//! The layers of monitor-tower.

use std::{convert::Infallible, sync::OnceLock};

use bytes::Bytes;
use http::StatusCode;
use http_body_util::Full;
use monitor_kit::{AttachedError, CatchPanicLayer, DisableRoute, Monitor, MonitorLayer, RequestIdLayer, TimingLayer};
use tower::{Layer, service_fn};

use super::{Case, axum, tower};
use crate::drive::{Request, drive};

/// Everything on.
pub(super) fn compared() -> [Case; 2] {
    [tower("all of ours", routed()), axum("all of ours", MonitorLayer::new(monitor()))]
}

/// Ways off the straight one.
pub(super) fn aside() -> [Case; 2] {
    [refused(), failing()]
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

/// A router says which route it is; around a single service somebody else has to.
fn routed() -> MonitorLayer {
    MonitorLayer::new(monitor()).route(|_| Some("/items/{id}"))
}

/// A route that is switched off: nobody asks the service. Of a monitor of its own, for the others are not to look whether
/// their route is.
fn refused() -> Case {
    let monitor = built();
    monitor.disable_route(DisableRoute::new(OFF, "a bench")).expect("the route is declared");
    tower("ours: disabled route", MonitorLayer::new(&monitor).route(|_| Some(OFF)))
}

/// A service whose error is captured, once in a while whole and else only counted.
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

/// A monitor with all that is on by default, whose traffic goes to a recorder of the Prometheus exporter.
pub(crate) fn monitor() -> &'static Monitor {
    static MONITOR: OnceLock<Monitor> = OnceLock::new();
    MONITOR.get_or_init(built)
}

/// Builds another such monitor.
pub(crate) fn built() -> Monitor {
    let builder = Monitor::builder("shop").release("1.4.2").environment("production").routes([("GET", OFF)]);
    builder.log(None).build().expect("the settings are good")
}

const OFF: &str = "/off";
