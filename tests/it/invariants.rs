//! The counters balance in every stack of layers: all started requests have ended or are in flight.

use std::{
    convert::Infallible,
    pin::pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Method, Request, Response, Version};
use http_body::{Body, Frame, SizeHint};
use monitor_kit::{
    CatchPanicLayer, DisableRoute, KnownMethod, Monitor, MonitorLayer, Outcome, RequestIdLayer, RouteSwitchLayer,
    TimingLayer,
};
use tower::{Layer, Service};

use crate::support::{
    Failure, Script, Step, assert_ended, builder, call, get, grpc_request, monitor, next_frame, poll_once, script,
};

const ROUTES: [(&str, &str); 4] = [("GET", "/off"), ("POST", "/off"), ("GET", "/on"), ("POST", "/on")];

#[test]
fn accounts_are_straight_in_every_stack() {
    fn run<L1, L2, S1, S2, B1, B2>(name: &str, monitors: &[&Monitor], outer: &L1, inner: &L2)
    where
        L2: Layer<tower::util::BoxCloneService<Request<()>, Response<Script>, Failure>, Service = S2>,
        S2: Service<Request<()>, Response = Response<B2>, Error = Failure> + Clone,
        L1: Layer<S2, Service = S1>,
        S1: Service<Request<()>, Response = Response<B1>, Error = Failure> + Clone,
        B1: Body<Data = Bytes> + Unpin,
        B1::Error: std::fmt::Debug,
    {
        for mode in ["served", "grpc", "refused", "refused grpc", "panic", "error", "unpolled", "head only", "HEAD"] {
            let asked = tower::util::BoxCloneService::new(tower::service_fn(move |_: Request<()>| async move {
                match mode {
                    "panic" => panic!("boom"),
                    "error" => Err(Failure::new("gone")),
                    _ => Ok(script([Step::Data("a"), Step::Data("b"), Step::Trailers])),
                }
            }));
            let mut stack = outer.layer(inner.layer(asked));
            let mut request = get(if mode.starts_with("refused") { "/off" } else { "/on" });
            if mode.ends_with("grpc") {
                *request.method_mut() = Method::POST;
                *request.version_mut() = Version::HTTP_2;
                request.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
            }
            if mode == "HEAD" {
                *request.method_mut() = Method::HEAD;
            }
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                assert!(stack.poll_ready(&mut Context::from_waker(std::task::Waker::noop())).is_ready());
                let mut future = pin!(stack.call(request));
                if mode == "unpolled" {
                    return;
                }
                let Poll::Ready(answer) = poll_once(future.as_mut()) else { panic!("it waits") };
                if let (Ok(mut response), false) = (answer, mode == "head only") {
                    while next_frame(response.body_mut()).is_some() {}
                }
            }));
            assert!(caught.is_ok() || mode == "panic", "{name} {mode}");
            for monitor in monitors {
                accounts_are_straight(monitor, &format!("{name} {mode}"));
            }
        }
        for monitor in monitors {
            for one in monitor.traffic().unwrap().read().iter().filter(|one| &*one.route == "/off") {
                assert_eq!(one.started, one.outcome(Outcome::Refused), "{name}: {one:#?}");
            }
        }
    }
    let make = || {
        let monitor = builder().routes(ROUTES).build().unwrap();
        monitor.disable_route(DisableRoute::new("/off", "ada")).unwrap();
        monitor
    };
    let plain = || builder().routes(ROUTES).build().unwrap();
    let (a, b, off) = (make(), plain(), make());
    run("same", &[&a], &MonitorLayer::new(&a), &MonitorLayer::new(&a));
    run("inner refuses", &[&a, &b], &MonitorLayer::new(&b), &MonitorLayer::new(&a).span(true));
    run("outer refuses", &[&a, &b], &MonitorLayer::new(&a), &MonitorLayer::new(&b));
    run("timing outside", &[&a, &off], &TimingLayer::new(&a), &RouteSwitchLayer::new(&off));
    run("switch outside", &[&off, &b], &RouteSwitchLayer::new(&off), &MonitorLayer::new(&b));
    run("catch outside", &[&a], &CatchPanicLayer::new(&a), &MonitorLayer::new(&a));
    run("catch inside", &[&a], &MonitorLayer::new(&a), &CatchPanicLayer::new(&a));
    run("id outside", &[&a], &RequestIdLayer::new(), &MonitorLayer::new(&a));
    for monitor in [&a, &b] {
        assert_eq!(of(monitor, KnownMethod::Get, "/off", Outcome::Completed), 0);
    }
}

#[test]
fn a_hint_that_panics_is_a_panic_of_the_request() {
    struct Liar;
    impl Body for Liar {
        type Data = Bytes;
        type Error = Infallible;
        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(None)
        }
        fn size_hint(&self) -> SizeHint {
            panic!("no hint")
        }
    }
    let monitor = monitor();
    let response = call(&MonitorLayer::new(&monitor), grpc_request("/shop.Stock/Count"), || Response::new(Liar));
    assert_eq!(response.headers()["grpc-status"], "13");
    drop(response);
    assert_ended(&monitor, Outcome::Panic, 200);
}

fn of(monitor: &Monitor, method: KnownMethod, route: &str, outcome: Outcome) -> u64 {
    let read = monitor.traffic().expect("it is enabled").read();
    read.iter().filter(|one| one.method == method && &*one.route == route).map(|one| one.outcome(outcome)).sum()
}

fn accounts_are_straight(monitor: &Monitor, what: &str) {
    for one in monitor.traffic().expect("it is enabled").read() {
        assert_eq!(one.started, one.ended(), "{what}: {one:#?}");
        assert!(one.settled, "{what}");
    }
}
