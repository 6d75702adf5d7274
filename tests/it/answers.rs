//! Responses to errors, and errors that are ignored.

use std::{
    convert::Infallible,
    fmt,
    future::{Ready, poll_fn, ready as ready_now},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use monitor_kit::{BoxError, DropReason, ErrorSettings, ErrorType, EventKind, Monitor, MonitorLayer, Outcome, names};
use serde_json::Value;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, load_shed::LoadShedLayer, service_fn};

use crate::support::{
    Failure, Log, Text, assert_ended, builder, call, dropped, flush, get, monitor, next_frame, only_event, ready,
    serve, service, status, text, watched, watched_by,
};

async fn failing(_: Request<()>) -> Result<Response<Text>, BoxError> {
    Err(Failure::new("secret").into())
}

/// In tower-http#239 and #625 the failure lacks its error.
#[test]
fn an_answered_error_is_a_problem_and_still_a_service_error() {
    let (monitor, memory) = watched();
    let layer = MonitorLayer::new(&monitor).respond_to_errors();
    let response = ready(layer.layer(service_fn(failing)).oneshot(get("/"))).unwrap();
    assert_eq!(response.status(), 500);
    assert!(response.headers().contains_key("x-request-id"));
    let body = text(response);
    assert!(body.contains("\"status\":500") && !body.contains("secret"), "{body}");
    assert_ended(&monitor, Outcome::ServiceError, 500);
    assert_eq!(only_event(&monitor, &memory).failure.message, "secret");
}

#[test]
fn an_answered_error_makes_the_service_infallible() {
    fn infallible<S: Service<Request<()>, Error = Infallible>>(_: &S) {}
    infallible(&MonitorLayer::new(&Monitor::disabled()).respond_to_errors().layer(service_fn(failing)));
}

#[tokio::test(start_paused = true)]
async fn towers_time_out_is_a_504() {
    let monitor = monitor();
    let slow = service_fn(async |_: Request<()>| {
        tokio::time::sleep(Duration::from_secs(60)).await;
        Ok::<_, BoxError>(status(200, ""))
    });
    let stack = ServiceBuilder::new()
        .layer(MonitorLayer::new(&monitor).respond_to_errors())
        .timeout(Duration::from_secs(1))
        .service(slow);
    assert_eq!(stack.oneshot(get("/")).await.unwrap().status(), 504);
    assert_ended(&monitor, Outcome::ServiceError, 504);
}

#[test]
fn towers_overload_is_a_503() {
    /// A service that is never ready.
    #[derive(Clone)]
    struct Busy;
    impl Service<Request<()>> for Busy {
        type Response = Response<Text>;
        type Error = BoxError;
        type Future = Ready<Result<Response<Text>, BoxError>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            Poll::Pending
        }
        fn call(&mut self, _: Request<()>) -> Self::Future {
            ready_now(Ok(status(200, "")))
        }
    }
    let monitor = monitor();
    let layer = MonitorLayer::new(&monitor).respond_to_errors();
    let stack = layer.layer(LoadShedLayer::new().layer(Busy));
    assert_eq!(ready(stack.oneshot(get("/"))).unwrap().status(), 503);
    assert_ended(&monitor, Outcome::ServiceError, 503);
}

#[test]
fn the_programs_own_table_goes_first_and_its_last_entry_before_the_others() {
    let layer = MonitorLayer::new(&monitor())
        .respond_to_errors()
        .error_status(|_: &BoxError| Some(StatusCode::BAD_GATEWAY))
        .error_status(|error: &BoxError| error.is::<Failure>().then_some(StatusCode::CONFLICT));
    assert_eq!(ready(layer.layer(service_fn(failing)).oneshot(get("/"))).unwrap().status(), 409);
    let other = service(|_| Err::<Response<Text>, BoxError>("other".into()));
    assert_eq!(ready(layer.layer(other).oneshot(get("/"))).unwrap().status(), 502);
}

#[test]
fn an_error_of_poll_ready_answers_the_next_request() {
    struct NeverReady;
    impl Service<Request<()>> for NeverReady {
        type Response = Response<Text>;
        type Error = BoxError;
        type Future = std::future::Pending<Result<Response<Text>, BoxError>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            Poll::Ready(Err("closed".into()))
        }
        fn call(&mut self, _: Request<()>) -> Self::Future {
            panic!("a service that is not ready must not be called");
        }
    }
    let monitor = monitor();
    let layer = MonitorLayer::new(&monitor).respond_to_errors();
    assert_eq!(ready(layer.layer(NeverReady).oneshot(get("/"))).unwrap().status(), 500);
    assert_eq!(monitor.traffic().unwrap().ready_errors(), 1);
    assert_ended(&monitor, Outcome::ServiceError, 500);
}

#[test]
fn a_bare_500_gets_a_problem_for_its_body() {
    let layer = MonitorLayer::new(&monitor());
    let bare = call(&layer, get("/"), || {
        let mut bare = status(503, "");
        bare.headers_mut().insert(header::CONTENT_LENGTH, 0.into());
        bare
    });
    assert_eq!(bare.headers()[header::CONTENT_TYPE], "application/problem+json");
    assert!(!bare.headers().contains_key(header::CONTENT_LENGTH), "the server sets it anew");
    let id = bare.headers()["x-request-id"].to_str().unwrap().to_owned();
    let problem: Value = serde_json::from_str(&text(bare)).unwrap();
    assert_eq!((&problem["status"], &problem["title"]), (&503.into(), &"Service Unavailable".into()));
    assert_eq!(problem["request_id"], id);
}

#[test]
fn a_500_with_a_body_and_a_bare_404_are_left_alone() {
    let layer = MonitorLayer::new(&monitor());
    assert_eq!(text(call(&layer, get("/"), || status(500, "mine"))), "mine");
    assert_eq!(text(call(&layer, get("/"), || status(404, ""))), "");
    let head = Request::builder().method(Method::HEAD).body(()).unwrap();
    assert_eq!(text(call(&layer, head, || status(500, ""))), "");
}

#[test]
fn an_error_of_poll_ready_that_cannot_be_shown_is_counted_once() {
    let monitor = monitor();
    let mut watched = MonitorLayer::new(&monitor).respond_to_errors().layer(NeverReady);
    assert!(ready(poll_fn(|cx| Service::<Request<()>>::poll_ready(&mut watched, cx))).is_ok());
    assert_eq!(monitor.traffic().unwrap().ready_errors(), 1);
}

/// A service that is never ready, with an error that cannot be formatted.
struct NeverReady;

struct Unshowable;

impl fmt::Display for Unshowable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("no words")
    }
}

impl Service<Request<()>> for NeverReady {
    type Response = Response<Text>;
    type Error = Unshowable;
    type Future = Ready<Result<Response<Text>, Unshowable>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unshowable>> {
        Poll::Ready(Err(Unshowable))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        unreachable!("it is never ready")
    }
}

#[test]
fn a_route_function_that_panics_costs_the_route_only() {
    let (monitor, memory) = watched();
    let layer = MonitorLayer::new(&monitor).route(|_| panic!("no route"));
    assert_eq!(call(&layer, get("/"), || status(200, "")).status(), 200);
    assert_eq!(&*monitor.traffic().unwrap().read()[0].route, names::UNMATCHED);
    flush(&monitor);
    assert_eq!(memory.events()[0].failure.message, "no route");
}

#[test]
fn an_error_whose_display_panics_is_passed_on_and_counted() {
    struct Unspeakable;
    impl fmt::Display for Unspeakable {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("no words")
        }
    }
    let (monitor, memory) = watched();
    let failing = service(|_| Err::<Response<Text>, _>(Unspeakable));
    assert!(ready(MonitorLayer::new(&monitor).layer(failing).oneshot(get("/"))).is_err());
    assert_ended(&monitor, Outcome::ServiceError, 500);
    assert_eq!(only_event(&monitor, &memory).failure.message, "… [formatting failed]");
}

/// A body that panics when polled or dropped.
struct Touchy {
    left: Option<&'static str>,
    asked: bool,
}

impl Body for Touchy {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.left.take().map(|text| Ok(Frame::data(text.into()))))
    }

    fn is_end_stream(&self) -> bool {
        assert!(!self.asked, "do not ask");
        self.left.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

impl Drop for Touchy {
    fn drop(&mut self) {
        assert!(self.asked || std::thread::panicking(), "do not drop");
    }
}

#[test]
fn a_body_that_panics_when_asked_for_its_end_is_a_panic() {
    let (monitor, memory) = watched();
    let response = serve(&monitor, Response::new(Touchy { left: Some("a"), asked: true }));
    assert_eq!(response.status(), 500);
    assert_ended(&monitor, Outcome::Panic, 500);
    assert_eq!(only_event(&monitor, &memory).failure.message, "do not ask");
}

#[test]
fn a_body_whose_drop_panics_after_its_end_is_completed_and_captured() {
    let (monitor, memory) = watched();
    let mut body = serve(&monitor, Response::new(Touchy { left: Some("a"), asked: false })).into_body();
    assert!(next_frame(&mut body).is_some_and(|frame| frame.is_ok()));
    assert!(body.is_end_stream());
    drop(body);
    assert_ended(&monitor, Outcome::Completed, 200);
    assert_eq!(only_event(&monitor, &memory).failure.message, "do not drop");
}

#[test]
fn an_ignored_error_is_counted_and_opens_no_issue() {
    let ignoring = builder()
        .errors(ErrorSettings::new().ignore_kinds([EventKind::Panic]).ignore_statuses([503]).ignore_routes(["/quiet"]));
    let (monitor, _) = watched_by(ignoring);
    let layer = MonitorLayer::new(&monitor).route(|head| Some(head.uri.path()));
    call(&layer, get("/"), || -> Response<Text> { panic!("ignored") });
    call(&layer, get("/"), || status(503, ""));
    call(&layer, get("/quiet"), || status(500, ""));
    call(&layer, get("/"), || status(404, ""));
    flush(&monitor);
    assert_eq!(monitor.issues().len(), 0);
    assert_eq!(dropped(&monitor, "intake", DropReason::Ignored), 3);
    let failures: u64 = monitor.traffic().unwrap().read().iter().flat_map(|route| route.failures()).map(|f| f.1).sum();
    assert_eq!(failures, 3);
    call(&layer, get("/"), || status(500, ""));
    flush(&monitor);
    assert_eq!(monitor.issues().len(), 1);
}

#[test]
fn successes_may_be_logged_now_and_then_and_are_counted_always() {
    let (monitor, log) = (monitor(), Log::default());
    let layer = MonitorLayer::new(&monitor).log_one_success_in(10);
    log.during(|| (0..1000).for_each(|_| drop(call(&layer, get("/"), || status(200, "")))));
    let lines = log.lines("monitor::request").len();
    // A random sample of one in ten, with a tolerance that is practically never exceeded.
    assert!((20..300).contains(&lines), "{lines}");
    assert_eq!(monitor.traffic().unwrap().read()[0].outcome(Outcome::Completed), 1000);
}

#[test]
fn failures_are_logged_whatever_is_said_of_successes() {
    let (monitor, log) = (monitor(), Log::default());
    let layer = MonitorLayer::new(&monitor).log_one_success_in(0);
    log.during(|| {
        call(&layer, get("/"), || status(200, ""));
        call(&layer, get("/"), || status(404, ""));
        call(&layer, get("/"), || status(500, ""));
    });
    let lines = log.lines("monitor::request");
    let messages: Vec<_> = lines.iter().map(|line| &line["message"]).collect();
    assert_eq!(messages, ["request_warning", "request_error"]);
}

#[test]
fn an_unanswered_error_is_what_it_was() {
    let monitor = monitor();
    let error = ready(MonitorLayer::new(&monitor).layer(service_fn(failing)).oneshot(get("/"))).unwrap_err();
    assert!(error.is::<Failure>());
    assert_eq!(monitor.traffic().unwrap().read()[0].failures(), [(ErrorType::ServiceError, 1)]);
}

/// A service whose first `poll_ready` fails, and which is ready from then on.
#[derive(Clone)]
struct Hiccup(Arc<AtomicUsize>);

impl Service<Request<()>> for Hiccup {
    type Response = Response<Text>;
    type Error = Failure;
    type Future = Ready<Result<Response<Text>, Failure>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        let first = self.0.fetch_add(1, Ordering::Relaxed) == 0;
        Poll::Ready(if first { Err(Failure::new("a hiccup")) } else { Ok(()) })
    }
    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready_now(Ok(status(200, "")))
    }
}

/// Cloned as in tower's documentation:
/// `let clone = self.inner.clone(); let mut ready = mem::replace(&mut self.inner, clone);`
#[test]
fn a_service_that_was_not_ready_once_fails_once_though_it_is_cloned() {
    let (monitor, _) = watched();
    let mut inner = MonitorLayer::new(&monitor).respond_to_errors().layer(Hiccup(Arc::default()));
    let mut answers = Vec::new();
    for _ in 0..4 {
        assert!(inner.poll_ready(&mut Context::from_waker(std::task::Waker::noop())).is_ready());
        let clone = inner.clone();
        let mut is_ready = std::mem::replace(&mut inner, clone);
        answers.push(ready(is_ready.call(get("/"))).unwrap().status().as_u16());
    }
    assert_eq!(answers, [500, 200, 200, 200]);
}
