//! The layers of monitor-tower.

use std::sync::OnceLock;

use monitor_kit::{CatchPanicLayer, Monitor, MonitorLayer, RequestIdLayer, TimingLayer};

use super::{Case, axum, tower};
use crate::subscriber::Log;

pub(super) fn all(log: Log) -> Vec<Case> {
    let monitor = monitor();
    let everything = MonitorLayer::new(monitor);
    // A router says which route it is; around a single service somebody else has to.
    let routed = everything.clone().route(|_| Some("/items/{id}"));
    let mut cases = vec![tower("all of ours", routed.clone()), axum("all of ours", everything)];
    if log == Log::None {
        let off = MonitorLayer::new(&Monitor::disabled());
        cases.extend([
            tower("ours: disabled", off.clone()),
            axum("ours: disabled", off),
            tower("ours: request ID", RequestIdLayer::new()),
            axum("ours: request ID", RequestIdLayer::new()),
            tower("ours: timing", TimingLayer::new(monitor)),
            axum("ours: timing", TimingLayer::new(monitor)),
            tower("ours: catch panic", CatchPanicLayer::new(monitor)),
            axum("ours: catch panic", CatchPanicLayer::new(monitor)),
        ]);
    }
    cases
}

/// A monitor with all that is on by default, whose traffic goes to a recorder of the Prometheus exporter.
pub(crate) fn monitor() -> &'static Monitor {
    static MONITOR: OnceLock<Monitor> = OnceLock::new();
    MONITOR.get_or_init(|| {
        let builder = Monitor::builder("shop").release("1.4.2").environment("production");
        builder.log(None).build().expect("the settings are good")
    })
}
