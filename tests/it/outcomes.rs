//! Every request that starts ends exactly once, however it ends.

use std::{
    convert::Infallible,
    future::{self, Pending, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    task::{Context, Poll},
    thread,
};

use http::{Method, Request, Response};
use http_body::Body;
use http_body_util::Full;
use monitor_kit::{BoxError, ErrorType, EventKind, Monitor, MonitorLayer, Outcome};
use tower::{Layer, Service, ServiceExt};

use crate::support::{
    Failure, Script, Step, Text, assert_ended, assert_nothing_captured, assert_nothing_counted, call, flush, get,
    monitor, next_frame, only_event, poll_once, ready, script, serve, service, status, text, visit, watched,
};

#[test]
fn a_response_read_to_its_end_is_completed() {
    let monitor = monitor();
    let mut body = serve(&monitor, script([Step::Data("a"), Step::Data("b")])).into_body();
    assert!(next_frame(&mut body).is_some_and(|frame| frame.is_ok()));
    assert_eq!(monitor.traffic().unwrap().read()[0].active(), 1, "it ends with its body, not with its head");
    assert!(next_frame(&mut body).is_some_and(|frame| frame.is_ok()));
    assert!(next_frame(&mut body).is_none());
    assert_ended(&monitor, Outcome::Completed, 200);
}

/// tower-http#550, axum#2452: the end of the stream goes unnoticed.
#[test]
fn a_body_that_says_so_after_its_last_frame_has_ended() {
    let monitor = monitor();
    let mut body = serve(&monitor, status(200, "whole")).into_body();
    assert!(next_frame(&mut body).is_some());
    assert_ended(&monitor, Outcome::Completed, 200);
}

/// hyper does not poll an empty body, so tower-http 0.7.1 never sees its end.
#[test]
fn an_empty_body_that_is_never_polled_is_completed() {
    let monitor = monitor();
    drop(serve(&monitor, status(404, "")));
    assert_ended(&monitor, Outcome::Completed, 404);
}

/// axum-prometheus 0.10.1 and actix-web-prom 0.10 do not count it.
#[test]
fn an_error_of_the_service_is_passed_on_unchanged() {
    let monitor = monitor();
    let failing = service(|_| Err::<Response<Text>, BoxError>(Failure::new("no stock").into()));
    let error = ready(MonitorLayer::new(&monitor).layer(failing).oneshot(get("/"))).unwrap_err();
    assert_eq!(error.downcast_ref::<Failure>().unwrap().text, "no stock");
    assert_ended(&monitor, Outcome::ServiceError, 500);
}

/// prometheus-flask-exporter#9, then #113: at first not counted at all, then counted twice.
#[test]
fn a_panic_in_call_is_answered() {
    let monitor = monitor();
    let response = call::<Text>(&MonitorLayer::new(&monitor), get("/"), || panic!("in call"));
    assert_eq!(response.status(), 500);
    assert_ended(&monitor, Outcome::Panic, 500);
}

#[test]
fn a_panic_in_the_future_is_answered() {
    let monitor = monitor();
    let response = ready(panicking_late(&monitor).oneshot(get("/"))).unwrap();
    assert_eq!(response.status(), 500);
    assert_ended(&monitor, Outcome::Panic, 500);
}

/// tower-http 0.7.1 lets it unwind through the server.
#[test]
fn a_panic_in_the_body_is_an_error_and_never_a_well_formed_end() {
    let monitor = monitor();
    let mut body = serve(&monitor, script([Step::Data("a"), Step::Panic("in the body")])).into_body();
    assert!(next_frame(&mut body).is_some_and(|frame| frame.is_ok()));
    let error = next_frame(&mut body).unwrap().unwrap_err();
    assert_eq!(error.to_string(), "the response body panicked");
    assert!(next_frame(&mut body).is_none());
    assert_ended(&monitor, Outcome::PanicInBody, 200);
}

/// tower-http#214: a panic in a `Drop` is not caught either.
#[test]
fn a_panic_while_a_finished_future_is_dropped_is_answered() {
    let (monitor, memory) = watched();
    let watched = MonitorLayer::new(&monitor).layer(tower::service_fn(|_| DropPanics { pending: false }));
    let response = ready(watched.oneshot(get("/"))).unwrap();
    assert_eq!(response.status(), 500);
    assert_ended(&monitor, Outcome::Panic, 500);
    assert_eq!(only_event(&monitor, &memory).failure.message, "in the drop");
}

#[test]
fn a_panic_while_an_abandoned_future_is_dropped_goes_no_further() {
    let (monitor, memory) = watched();
    let mut watched = MonitorLayer::new(&monitor).layer(tower::service_fn(|_| DropPanics { pending: true }));
    drop(watched.call(get("/")));
    assert_ended(&monitor, Outcome::Panic, 500);
    assert_eq!(only_event(&monitor, &memory).failure.message, "in the drop");
}

/// tower-http#396, dropshot#965: such a request is lost. The status is nginx's 499.
#[test]
fn a_client_that_leaves_before_the_head_cancels() {
    let (monitor, memory) = watched();
    let mut watched = MonitorLayer::new(&monitor).layer(never());
    {
        let mut future = pin!(watched.call(get("/")));
        assert!(poll_once(future.as_mut()).is_pending());
        assert_eq!(monitor.traffic().unwrap().read()[0].active(), 1);
    }
    assert_ended(&monitor, Outcome::Cancelled, 499);
    assert_nothing_captured(&monitor, &memory);
}

#[test]
fn a_future_that_is_never_polled_is_cancelled() {
    let monitor = monitor();
    drop(MonitorLayer::new(&monitor).layer(never()).call(get("/")));
    assert_ended(&monitor, Outcome::Cancelled, 499);
}

#[test]
fn a_body_dropped_midway_is_aborted() {
    let monitor = monitor();
    let mut body = serve(&monitor, script([Step::Data("a"), Step::Data("b")])).into_body();
    next_frame(&mut body);
    drop(body);
    assert_ended(&monitor, Outcome::BodyAborted, 200);
}

#[test]
fn a_body_that_is_never_polled_is_aborted() {
    let monitor = monitor();
    drop(serve(&monitor, script([Step::Data("a")])));
    assert_ended(&monitor, Outcome::BodyAborted, 200);
}

/// linkerd2#1003: hyper drops a body once its Content-Length is reached.
#[test]
fn a_body_dropped_when_its_length_is_met_is_completed() {
    let monitor = monitor();
    let mut body = serve(&monitor, Response::new(Script::with_exact([Step::Data("four")], 4))).into_body();
    next_frame(&mut body);
    assert!(!body.is_end_stream(), "the body does not know that it has ended");
    drop(body);
    assert_ended(&monitor, Outcome::Completed, 200);
}

#[test]
fn a_body_dropped_one_byte_before_its_length_is_aborted() {
    let monitor = monitor();
    let mut body = serve(&monitor, Response::new(Script::with_exact([Step::Data("four")], 5))).into_body();
    next_frame(&mut body);
    drop(body);
    assert_ended(&monitor, Outcome::BodyAborted, 200);
}

/// tower-http 0.7.1 calls neither `on_failure` nor `on_eos`.
#[test]
fn an_error_of_the_body_is_passed_on_and_counted() {
    let monitor = monitor();
    let mut body = serve(&monitor, script([Step::Error("disk gone")])).into_body();
    assert_eq!(next_frame(&mut body).unwrap().unwrap_err().to_string(), "disk gone");
    drop(body);
    assert_ended(&monitor, Outcome::BodyError, 200);
    assert_eq!(monitor.traffic().unwrap().read()[0].failures(), [(ErrorType::BodyError, 1)]);
    flush(&monitor);
    let issues = monitor.issues();
    assert_eq!((issues.len(), issues[0].kind, &*issues[0].message), (1, EventKind::BodyError, "disk gone"));
}

/// tensorzero#4288: taken for a client that left.
#[test]
fn the_body_of_an_answer_to_head_need_not_be_polled() {
    let monitor = monitor();
    let request = Request::head("/").body(()).unwrap();
    drop(call(&MonitorLayer::new(&monitor), request, || status(200, "left out by the server")));
    assert_ended(&monitor, Outcome::Completed, 200);
}

#[test]
fn the_body_of_a_204_need_not_be_polled() {
    let monitor = monitor();
    drop(serve(&monitor, status(204, "left out by the server")));
    assert_ended(&monitor, Outcome::Completed, 204);
}

#[test]
fn the_body_of_a_304_need_not_be_polled() {
    let monitor = monitor();
    drop(serve(&monitor, status(304, "left out by the server")));
    assert_ended(&monitor, Outcome::Completed, 304);
}

#[test]
fn switching_protocols_is_an_upgrade() {
    let monitor = monitor();
    drop(serve(&monitor, status(101, "")));
    assert_ended(&monitor, Outcome::Upgraded, 101);
}

#[test]
fn an_accepted_connect_is_an_upgrade() {
    let monitor = monitor();
    let request = Request::builder().method(Method::CONNECT).uri("example.org:443").body(()).unwrap();
    drop(call(&MonitorLayer::new(&monitor), request, || status(200, "tunnel")));
    assert_ended(&monitor, Outcome::Upgraded, 200);
}

#[test]
fn trailers_go_through() {
    let monitor = monitor();
    let mut body = serve(&monitor, script([Step::Data("a"), Step::Trailers])).into_body();
    next_frame(&mut body);
    assert!(next_frame(&mut body).unwrap().unwrap().is_trailers());
    assert!(next_frame(&mut body).is_none());
    assert_ended(&monitor, Outcome::Completed, 200);
}

/// hyper#2279: a wrapper that loses the size hint loses the Content-Length.
#[test]
fn a_watched_body_keeps_its_size_hint_and_its_end() {
    let monitor = monitor();
    let mut body = serve(&monitor, status(200, "four")).into_body();
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(4), false));
    next_frame(&mut body);
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(0), true));
}

#[test]
fn an_empty_body_keeps_its_end() {
    let body = serve(&monitor(), status(200, "")).into_body();
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(0), true));
}

#[test]
fn an_error_of_poll_ready_is_passed_on_and_counted_apart() {
    let monitor = monitor();
    let mut watched = MonitorLayer::new(&monitor).layer(NotReady(|| Poll::Ready(Err("overloaded".into()))));
    let error = ready(poll_fn(|cx| watched.poll_ready(cx))).unwrap_err();
    assert_eq!(error.to_string(), "overloaded");
    assert_eq!(monitor.traffic().unwrap().ready_errors(), 1);
    assert_nothing_counted(&monitor);
}

/// tower-http#214: not caught at all.
#[test]
fn a_panic_in_poll_ready_is_captured_counted_apart_and_resumed() {
    let (monitor, memory) = watched();
    let mut watched = MonitorLayer::new(&monitor).layer(NotReady(|| panic!("not ready")));
    let polled = catch_unwind(AssertUnwindSafe(|| ready(poll_fn(|cx| watched.poll_ready(cx)))));
    assert_eq!(polled.unwrap_err().downcast_ref(), Some(&"not ready"));
    assert_eq!(monitor.traffic().unwrap().ready_errors(), 1);
    assert_nothing_counted(&monitor);
    let event = only_event(&monitor, &memory);
    assert_eq!((event.failure.kind, event.failure.location.is_some()), (EventKind::Panic, true));
}

#[test]
fn a_service_that_is_ready_counts_no_ready_error() {
    let monitor = monitor();
    visit(&monitor, get("/"), || status(200, ""));
    assert_eq!(monitor.traffic().unwrap().ready_errors(), 0);
}

/// tower-http#516, tracing-opentelemetry#97: health checks of the orchestrator are not wanted among the requests.
#[test]
fn an_untracked_path_is_never_counted_and_never_an_issue() {
    let (monitor, memory) = watched();
    let layer = MonitorLayer::new(&monitor);
    text(call(&layer, get("/health"), || status(503, "")));
    text(call(&layer, get("/health/ready?verbose"), || status(503, "draining")));
    assert_eq!(call::<Text>(&layer, get("/metrics"), || panic!("in the exporter")).status(), 500);
    assert_nothing_counted(&monitor);
    assert_nothing_captured(&monitor, &memory);
}

#[test]
fn a_path_that_only_begins_like_an_untracked_one_is_counted() {
    let monitor = monitor();
    visit(&monitor, get("/healthy"), || status(200, ""));
    assert_ended(&monitor, Outcome::Completed, 200);
}

/// axum-prometheus#7, tower-otel#85, rama#1194: their gauges of requests in flight leak.
#[test]
fn started_is_the_sum_of_all_outcomes_and_those_in_flight() {
    let monitor = monitor();
    let layer = MonitorLayer::new(&monitor);
    text(call(&layer, get("/"), || status(200, "a")));
    drop(call(&layer, get("/"), || status(200, "b")));
    drop(call(&layer, get("/"), || status(500, "")));
    call::<Text>(&layer, get("/"), || panic!("c"));
    drop(layer.layer(never()).call(get("/")));
    let (open, body) = (layer.layer(never()).call(get("/")), call(&layer, get("/"), || status(200, "d")));
    let route = monitor.traffic().unwrap().read().remove(0);
    assert_eq!((route.started, route.active(), route.ended()), (7, 2, 5));
    drop((open, body));
    assert_eq!(monitor.traffic().unwrap().read()[0].active(), 0);
}

#[test]
fn requests_in_parallel_are_all_counted() {
    let monitor = monitor();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..1000).for_each(|_| visit(&monitor, get("/"), || status(200, "ok"))));
        }
    });
    let route = monitor.traffic().unwrap().read().remove(0);
    assert_eq!((route.started, route.outcome(Outcome::Completed), route.statuses[0].count()), (4000, 4000, 4000));
}

#[test]
fn a_cancelled_request_is_no_failure() {
    let monitor = monitor();
    drop(MonitorLayer::new(&monitor).layer(never()).call(get("/")));
    drop(serve(&monitor, status(200, "aborted")));
    flush(&monitor);
    assert!(monitor.traffic().unwrap().read()[0].failures().is_empty());
}

/// A service that never responds.
fn never() -> impl Service<Request<()>, Response = Response<Text>, Error = Infallible, Future = Pending<Answer>> {
    tower::service_fn(|_| future::pending())
}

fn panicking_late(monitor: &Monitor) -> impl Service<Request<()>, Response = Response<impl Body>, Error = Infallible> {
    MonitorLayer::new(monitor).layer(tower::service_fn(|_| later()))
}

async fn later() -> Answer {
    panic!("in the future")
}

type Answer = Result<Response<Text>, Infallible>;

/// A future whose `Drop` panics.
struct DropPanics {
    pending: bool,
}

impl Future for DropPanics {
    type Output = Answer;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Answer> {
        if self.pending { Poll::Pending } else { Poll::Ready(Ok(Response::new(Full::default()))) }
    }
}

impl Drop for DropPanics {
    fn drop(&mut self) {
        panic!("in the drop");
    }
}

/// A service whose `poll_ready` returns the result of a function.
struct NotReady<F>(F);

impl<F: FnMut() -> Poll<Result<(), BoxError>>> Service<Request<()>> for NotReady<F> {
    type Response = Response<Text>;
    type Error = BoxError;
    type Future = future::Ready<Result<Response<Text>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0()
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        future::ready(Ok(Response::new(Full::default())))
    }
}
