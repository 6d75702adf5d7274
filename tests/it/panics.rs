//! A panic becomes a clean response for the client, and an event with its cause for operators.

use std::{
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind},
    pin::Pin,
    sync::mpsc,
    task::{Context, Poll},
    thread,
};

use bytes::{Buf, Bytes};
use http::{Request, Response, header::CONTENT_TYPE};
use http_body::{Body, Frame};
use monitor_kit::{
    CatchPanicLayer, EventKind, KnownMethod, Limits, Monitor, MonitorLayer, Outcome, RequestIdLayer, Scope,
    ScopeFutureExt, Signal, TextBody, TimingLayer, scope, spawn_blocking_supervised, spawn_supervised,
};
use serde_json::Value;
use tower::{Layer, Service, ServiceExt};

use crate::support::{
    Step, Text, assert_ended, assert_nothing_captured, builder, call, flush, get, monitor, next_frame, only_event,
    ready, script, serve, service, status, text, watched,
};

/// problemdetails#4: a caught panic has no problem details in other crates.
#[test]
fn the_answer_is_problem_json_with_four_members() {
    let response = call::<Text>(&MonitorLayer::new(&monitor()), get("/"), || panic!("stock table is locked"));
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
    let body: Value = serde_json::from_str(&text(response)).unwrap();
    let expected = serde_json::json!(
        {"type": "about:blank", "title": "Internal Server Error", "status": 500, "request_id": id}
    );
    assert_eq!(body, expected);
}

/// tower-mcp#1306: the payload is sent to the client.
#[test]
fn the_answer_says_nothing_of_the_inside() {
    let response = call::<Text>(&MonitorLayer::new(&monitor()), get("/"), || panic!("stock table is locked"));
    let headers = format!("{:?}", response.headers());
    let sent = headers + &text(response);
    assert!(!sent.contains("stock table") && !sent.contains("panics.rs"), "{sent}");
}

/// axum#728, diom#502: tower-http's handler receives only the payload.
#[test]
fn the_event_has_the_message_and_the_location() {
    let (monitor, memory) = watched();
    let line = line!() + 1;
    call::<Text>(&MonitorLayer::new(&monitor), get("/"), || panic!("no todo {}", 7));
    let event = only_event(&monitor, &memory);
    let location = event.failure.location.clone().unwrap();
    assert_eq!(
        (event.failure.kind, event.failure.handled, &*event.failure.message),
        (EventKind::Panic, false, "no todo 7")
    );
    assert!(location.file.ends_with("panics.rs"), "{location}");
    assert_eq!(location.line, line);
}

#[test]
fn the_event_has_the_backtrace() {
    let (monitor, memory) = watched();
    call::<Text>(&MonitorLayer::new(&monitor), get("/"), divide);
    let event = only_event(&monitor, &memory);
    assert!(event.backtrace[0].function.contains("panics::divide"), "{:#?}", event.backtrace);
}

#[test]
fn the_event_has_the_request() {
    let (monitor, memory) = watched();
    let layer = MonitorLayer::new(&monitor).route(|_| Some("/todos/{id}"));
    let request = Request::post("/todos/7").body(()).unwrap();
    let response = call::<Text>(&layer, request, || panic!("boom"));
    let event = only_event(&monitor, &memory);
    assert_eq!((event.scope.method, &*event.scope.route), (Some(KnownMethod::Post), "/todos/{id}"));
    assert_eq!(response.headers()["x-request-id"], *event.scope.request_id.as_ref().unwrap().to_string());
}

/// tower-http#690: the body is polled outside of the span.
#[test]
fn a_panic_in_the_body_is_captured_in_its_request() {
    let (monitor, memory) = watched();
    let mut response = serve(&monitor, script([Step::Panic("late")]));
    next_frame(response.body_mut());
    let event = only_event(&monitor, &memory);
    assert_eq!(response.headers()["x-request-id"], *event.scope.request_id.as_ref().unwrap().to_string());
}

#[test]
fn the_answer_can_be_replaced() {
    let monitor = monitor();
    let layer = MonitorLayer::new(&monitor).panic_response(|answer| {
        Response::builder().status(503).body(TextBody::new(format!("sorry {}", answer.request_id))).unwrap()
    });
    let response = call::<Text>(&layer, get("/"), || panic!("boom"));
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    assert_eq!(response.status(), 503);
    assert_eq!(text(response), format!("sorry {id}"));
    assert_ended(&monitor, Outcome::Panic, 503);
}

#[test]
fn an_answer_that_panics_itself_is_replaced_by_ours() {
    let (monitor, memory) = watched();
    let layer = MonitorLayer::new(&monitor).panic_response(|_| panic!("the template is gone"));
    let response = call::<Text>(&layer, get("/"), || panic!("boom"));
    assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
    flush(&monitor);
    let messages: Vec<_> = memory.events().iter().map(|event| event.failure.message.clone()).collect();
    assert_eq!(messages, ["boom", "the template is gone"]);
    assert_ended(&monitor, Outcome::Panic, 500);
}

#[test]
fn without_a_monitor_a_panic_is_answered_as_well() {
    let layer = CatchPanicLayer::new(&Monitor::disabled());
    let watched = layer.layer(service::<Text, Infallible>(|_| panic!("boom")));
    let response = ready(watched.oneshot(get("/"))).unwrap();
    assert_eq!(response.status(), 500);
    let body: Value = serde_json::from_str(&text(response)).unwrap();
    assert_eq!(body["title"], "Internal Server Error");
}

#[test]
fn the_catching_layer_alone_captures_and_counts_nothing() {
    let (monitor, memory) = watched();
    let watched = CatchPanicLayer::new(&monitor).layer(service::<Text, Infallible>(|_| panic!("boom")));
    assert_eq!(ready(watched.oneshot(get("/"))).unwrap().status(), 500);
    assert_eq!(only_event(&monitor, &memory).failure.message, "boom");
    assert!(monitor.traffic().unwrap().read().is_empty());
}

#[test]
fn a_payload_that_panics_when_dropped_is_answered() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("and again");
        }
    }
    let monitor = monitor();
    let response = call::<Text>(&MonitorLayer::new(&monitor), get("/"), || panic_any(Bomb));
    assert_eq!(response.status(), 500);
    assert_ended(&monitor, Outcome::Panic, 500);
}

#[test]
fn a_panic_in_a_thread_is_tied_to_its_request_and_captured_once() {
    let (monitor, memory) = watched();
    let response = call(&MonitorLayer::new(&monitor), get("/"), || {
        let joined = thread::spawn(scope::wrap(|| panic!("in the thread"))).join();
        assert!(joined.is_err());
        status(500, "")
    });
    let event = only_event(&monitor, &memory);
    assert_eq!(event.failure.message, "in the thread");
    assert_eq!(response.headers()["x-request-id"], *event.scope.request_id.as_ref().unwrap().to_string());
}

#[tokio::test]
async fn a_panic_in_a_task_is_tied_to_its_request_and_captured_once() {
    let (monitor, memory) = watched();
    let watched = MonitorLayer::new(&monitor).layer(tower::service_fn(|_| async {
        let task = tokio::spawn(async { panic!("in the task") }.in_current_scope());
        assert!(task.await.is_err());
        Ok::<_, Infallible>(status(500, ""))
    }));
    let response = watched.oneshot(get("/")).await.unwrap();
    let event = only_event(&monitor, &memory);
    assert_eq!(event.failure.message, "in the task");
    assert_eq!(response.headers()["x-request-id"], *event.scope.request_id.as_ref().unwrap().to_string());
}

#[test]
fn a_panic_of_a_thread_that_the_request_resumes_is_captured_once() {
    let (monitor, memory) = watched();
    call::<Text>(&MonitorLayer::new(&monitor), get("/"), || {
        let joined = thread::spawn(scope::wrap(|| -> Response<Text> { panic!("in the thread") })).join();
        joined.unwrap_or_else(|payload| resume_unwind(payload))
    });
    let event = only_event(&monitor, &memory);
    assert!(event.failure.location.is_some());
    assert_eq!(monitor.issues()[0].count, 1);
}

#[test]
fn a_panic_the_hook_has_not_seen_is_an_event_each_time() {
    let (monitor, memory) = watched();
    for _ in 0..3 {
        call::<Text>(&MonitorLayer::new(&monitor), get("/"), || resume_unwind(Box::new(NoText)));
    }
    flush(&monitor);
    assert_eq!(memory.events().len(), 3);
    assert!(memory.events().iter().all(|event| event.failure.location.is_none()));
}

#[test]
fn a_caught_panic_is_not_taken_for_the_next() {
    let (monitor, memory) = watched();
    let layer = MonitorLayer::new(&monitor);
    call(&layer, get("/"), || {
        catch_unwind(|| panic!("kept inside")).unwrap_err();
        status(200, "")
    });
    call::<Text>(&layer, get("/"), || {
        let joined = thread::spawn(scope::wrap(|| -> Response<Text> { panic!("in the thread") })).join();
        joined.unwrap_or_else(|payload| resume_unwind(payload))
    });
    assert_eq!(only_event(&monitor, &memory).failure.message, "in the thread");
}

#[test]
fn a_panic_that_left_the_job_is_not_taken_for_the_next() {
    let (monitor, memory) = watched();
    let job = monitor.job("clean-up", async { resume_unwind(Box::new(NoText)) as () });
    catch_unwind(AssertUnwindSafe(|| ready(job))).unwrap_err();
    call::<Text>(&MonitorLayer::new(&monitor), get("/"), || resume_unwind(Box::new(NoText)));
    flush(&monitor);
    assert_eq!(memory.events().len(), 2);
}

#[test]
fn a_panic_captured_by_one_monitor_is_still_news_to_another() {
    let ((one, ours), (other, theirs)) = (watched(), watched());
    call::<Text>(&MonitorLayer::new(&one), get("/"), || {
        ready(other.job("clean-up", async { drop(divide()) }));
        status(200, "")
    });
    assert_eq!(
        (only_event(&one, &ours).failure.kind, only_event(&other, &theirs).failure.kind),
        (EventKind::Panic, EventKind::Panic)
    );
}

/// tower's `Buffer` drops the responses of clients that left.
#[test]
fn a_panic_in_call_counts_although_the_response_is_dropped() {
    let (monitor, memory) = watched();
    drop(MonitorLayer::new(&monitor).layer(service::<Text, Infallible>(|_| panic!("boom"))).call(get("/")));
    assert_ended(&monitor, Outcome::Panic, 500);
    assert_eq!(only_event(&monitor, &memory).failure.message, "boom");
}

#[test]
fn a_body_that_panics_when_a_problem_takes_its_place_changes_nothing() {
    let (monitor, memory) = watched();
    let mut response = Response::new(EmptyBomb);
    *response.status_mut() = http::StatusCode::BAD_GATEWAY;
    let response = serve(&monitor, response);
    assert_eq!(response.status(), 502);
    assert!(text(response).contains("Bad Gateway"));
    assert_ended(&monitor, Outcome::Completed, 502);
    assert_eq!(only_event(&monitor, &memory).failure.message, "in the drop");
}

#[test]
fn a_future_and_its_response_may_both_panic_when_they_are_dropped() {
    struct Bomb(Option<Response<EmptyBomb>>);
    impl Future for Bomb {
        type Output = Result<Response<EmptyBomb>, Infallible>;
        fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
            self.0.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response)))
        }
    }
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("of the future");
        }
    }
    let (monitor, memory) = watched();
    let service = tower::service_fn(|_| Bomb(Some(Response::new(EmptyBomb))));
    let response = ready(MonitorLayer::new(&monitor).layer(service).oneshot(get("/"))).unwrap();
    assert_eq!(response.status(), 500);
    assert_ended(&monitor, Outcome::Panic, 500);
    flush(&monitor);
    let messages: Vec<_> = memory.events().iter().map(|event| event.failure.message.clone()).collect();
    assert_eq!(messages, ["of the future", "in the drop"]);
}

#[test]
fn data_that_panics_when_asked_for_its_size_is_a_panic_in_the_body() {
    struct Sizeless;
    impl From<Bytes> for Sizeless {
        fn from(_: Bytes) -> Self {
            Self
        }
    }
    impl Buf for Sizeless {
        fn remaining(&self) -> usize {
            panic!("no size")
        }
        fn chunk(&self) -> &[u8] {
            &[]
        }
        fn advance(&mut self, _: usize) {}
    }
    let (monitor, memory) = watched();
    let answer = |_| std::future::ready(Ok::<_, Infallible>(Response::new(OneFrame(Some(Frame::data(Sizeless))))));
    let service = tower::service_fn(answer);
    let mut body = ready(MonitorLayer::new(&monitor).layer(service).oneshot(get("/"))).unwrap().into_body();
    assert!(next_frame(&mut body).unwrap().is_err());
    assert_ended(&monitor, Outcome::PanicInBody, 200);
    assert_eq!(only_event(&monitor, &memory).failure.message, "no size");
}

/// A body of one frame.
struct OneFrame<D>(Option<Frame<D>>);

impl<D: Buf + Unpin> Body for OneFrame<D> {
    type Data = D;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<D>, Infallible>>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}

/// A body that is empty, and panics when it is dropped.
struct EmptyBomb;

impl Body for EmptyBomb {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        true
    }
}

impl Drop for EmptyBomb {
    fn drop(&mut self) {
        panic!("in the drop");
    }
}

#[test]
fn a_panic_caught_by_the_service_is_not_captured() {
    let (monitor, memory) = watched();
    call(&MonitorLayer::new(&monitor), get("/"), || {
        catch_unwind(|| panic!("kept inside")).unwrap_err();
        status(200, "")
    });
    assert_nothing_captured(&monitor, &memory);
}

#[test]
fn the_timing_layer_alone_counts_a_panic_and_resumes_it() {
    let (monitor, memory) = watched();
    let watched = TimingLayer::new(&monitor).layer(service::<Text, Infallible>(|_| panic!("boom")));
    let payload = catch_unwind(AssertUnwindSafe(|| ready(watched.oneshot(get("/"))))).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"boom"));
    assert_ended(&monitor, Outcome::Panic, 500);
    assert_nothing_captured(&monitor, &memory);
}

#[test]
fn a_panic_resumed_by_a_layer_further_in_keeps_its_place() {
    let (monitor, memory) = watched();
    let timed = TimingLayer::new(&monitor).layer(service::<Text, Infallible>(|_| panic!("boom")));
    let watched = CatchPanicLayer::new(&monitor).layer(RequestIdLayer::new().layer(timed));
    assert_eq!(ready(watched.oneshot(get("/"))).unwrap().status(), 500);
    let event = only_event(&monitor, &memory);
    assert!(event.failure.location.is_some() && !event.backtrace.is_empty(), "{event:#?}");
}

#[test]
fn a_panic_in_a_scope_without_a_monitor_is_captured_further_out() {
    let (monitor, memory) = watched();
    call::<Text>(&MonitorLayer::new(&monitor), get("/"), || {
        Scope::new(&Monitor::disabled()).in_scope(|| scope::wrap(|| panic!("boom"))())
    });
    assert!(only_event(&monitor, &memory).failure.location.is_some());
}

#[test]
fn nested_layers_capture_a_panic_once() {
    let (monitor, memory) = watched();
    let inner = CatchPanicLayer::new(&monitor).layer(service::<Text, Infallible>(|_| panic!("boom")));
    let response = ready(MonitorLayer::new(&monitor).layer(inner).oneshot(get("/"))).unwrap();
    assert_eq!(response.status(), 500);
    assert_eq!(only_event(&monitor, &memory).failure.kind, EventKind::Panic);
}

/// sentry-rust's panic integration flushes for up to two seconds on the thread of the request.
#[test]
fn a_storm_of_panics_on_many_threads_is_counted_exactly_and_waits_for_no_reporter() {
    const EACH: u64 = 1000;
    let (leave, wait) = mpsc::channel::<()>();
    let hang = move |_: &Signal| wait.recv().unwrap_or_default();
    let monitor = builder().limits(Limits::new().queue(4)).reporter_fn("hung", hang).build().unwrap();
    thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for _ in 0..EACH {
                    assert_eq!(call(&MonitorLayer::new(&monitor), get("/"), divide).status(), 500);
                }
            });
        }
    });
    let route = monitor.traffic().unwrap().read().remove(0);
    assert_eq!((route.started, route.outcome(Outcome::Panic), route.active()), (4 * EACH, 4 * EACH, 0));
    drop(leave);
    flush(&monitor);
    let issues = monitor.issues();
    assert_eq!((issues.len(), issues[0].count), (1, 4 * EACH));
}

/// A zero-sized payload, so that all instances have the same address.
struct NoText;

#[inline(never)]
fn divide() -> Response<Text> {
    let zero = std::hint::black_box(0);
    status(200 / zero, "")
}

/// librefang#3740, nteract#1926: the panic of a spawned task is lost.
#[tokio::test]
async fn a_supervised_task_is_tied_to_the_request_that_spawned_it() {
    let (monitor, memory) = watched();
    let scope = Scope::new(&monitor);
    let (task, blocking) = scope.in_scope(|| {
        (
            spawn_supervised(async { assert!(false_now(), "in a task") }),
            spawn_blocking_supervised(|| assert!(false_now(), "in a thread")),
        )
    });
    assert!(task.await.is_err() && blocking.await.is_err());
    flush(&monitor);
    let mut texts: Vec<_> =
        memory.events().iter().map(|event| (event.failure.message.clone(), event.scope.request_id.clone())).collect();
    texts.sort();
    assert_eq!(texts, ["in a task", "in a thread"].map(|text| (text.to_owned(), Some(scope.id().clone()))));
}

fn false_now() -> bool {
    std::hint::black_box(false)
}
