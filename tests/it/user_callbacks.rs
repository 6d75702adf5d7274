//! Callbacks of the program during a request: whatever they do, no request is lost.

use std::{convert::Infallible, future::ready as ready_now};

use http::{Request, Response};
use monitor_kit::{IdPolicy, MonitorLayer, Networks, Outcome, PropagateLayer};
use tower::ServiceExt;

use crate::support::{Text, assert_ended, call, flush, get, monitor, ready, status, watched};

#[test]
fn a_host_class_that_panics_loses_no_outgoing_request() {
    let monitor = monitor();
    let layer = PropagateLayer::new(&monitor).host_class(|_| panic!("no class"));
    let asked = tower::service_fn(|_: Request<()>| ready_now(Ok::<_, Infallible>(ok())));
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| ready(layer.layer(asked).oneshot(get("/")))));
    assert!(result.is_ok(), "it panics out of our code");
    assert_eq!(monitor.outgoing().unwrap().read().len(), 1);
}

#[test]
fn routes_and_peers_that_panic_are_captured_and_lose_nothing() {
    let (monitor, memory) = watched();
    let layer = MonitorLayer::new(&monitor).route(|_| panic!("no route")).peer(|_| panic!("no peer"));
    let layer = layer.id_policy(IdPolicy::TrustedPeer(Networks::parse(["0.0.0.0/0"]).unwrap()));
    drop(crate::support::text(call(&layer, get("/"), || status(200, "said"))));
    assert_ended(&monitor, Outcome::Completed, 200);
    flush(&monitor);
    assert_eq!(memory.events().len(), 2);
}

#[test]
fn an_untracked_request_is_never_an_issue_though_the_route_function_panics() {
    let (monitor, _) = watched();
    let layer = MonitorLayer::new(&monitor).route(|_| panic!("no route"));
    assert_eq!(call(&layer, get("/health"), ok).status(), 200);
    flush(&monitor);
    assert!(monitor.issues().is_empty(), "{:?}", monitor.issues());
}

fn ok() -> Response<Text> {
    status(200, "")
}
