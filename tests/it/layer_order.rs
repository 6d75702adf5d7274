//! The layers next to other layers, above and below them, and combined in any order.

use std::{
    convert::Infallible,
    future::{self, Ready, pending, poll_fn},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::BodyExt;
use monitor_kit::{BoxError, CatchPanicLayer, EventKind, Monitor, MonitorLayer, Outcome, RequestIdLayer, TimingLayer};
use tower::{
    Layer, Service, ServiceBuilder, ServiceExt,
    limit::ConcurrencyLimitLayer,
    load_shed::LoadShedLayer,
    retry::{Policy, RetryLayer},
    service_fn,
    timeout::TimeoutLayer,
    util::BoxCloneSyncService,
};

use crate::support::{
    Log, Step, Text, assert_ended, assert_nothing_counted, get, monitor, next_frame, only_event, poll_once, ready,
    script, service, status, text, watched,
};

#[tokio::test(start_paused = true)]
async fn a_time_out_below_is_an_error_of_the_service() {
    let monitor = monitor();
    let stack = ServiceBuilder::new().layer(MonitorLayer::new(&monitor)).layer(TimeoutLayer::new(SECOND));
    let error = stack.service(service_fn(never)).oneshot(get("/")).await.unwrap_err();
    assert!(error.is::<tower::timeout::error::Elapsed>());
    assert_ended(&monitor, Outcome::ServiceError, 500);
}

#[tokio::test(start_paused = true)]
async fn a_time_out_above_leaves_as_a_client_does() {
    let monitor = monitor();
    let stack = ServiceBuilder::new().layer(TimeoutLayer::new(SECOND)).layer(MonitorLayer::new(&monitor));
    stack.service(service_fn(never)).oneshot(get("/")).await.unwrap_err();
    assert_ended(&monitor, Outcome::Cancelled, 499);
}

#[test]
fn a_load_shed_below_refuses_with_an_error_of_the_service() {
    let monitor = monitor();
    let stack = ServiceBuilder::new().layer(MonitorLayer::new(&monitor)).layer(LoadShedLayer::new());
    let error = ready(stack.service(busy()).oneshot(get("/"))).unwrap_err();
    assert!(error.is::<tower::load_shed::error::Overloaded>());
    assert_ended(&monitor, Outcome::ServiceError, 500);
}

#[test]
fn refusals_of_a_load_shed_above_are_not_seen() {
    let monitor = monitor();
    let stack = ServiceBuilder::new().layer(LoadShedLayer::new()).layer(MonitorLayer::new(&monitor));
    ready(stack.service(busy()).oneshot(get("/"))).unwrap_err();
    assert_nothing_counted(&monitor);
}

/// tower-resilience#286, #288, #293: a layer that clones its service calls a clone that was never ready.
#[test]
fn the_service_that_was_ready_is_the_one_that_is_called() {
    let monitor = monitor();
    for limit_below in [true, false] {
        let (limit, layer) = (ConcurrencyLimitLayer::new(1), MonitorLayer::new(&monitor));
        let answer = |_| future::ready(Ok::<_, Infallible>(status(200, "")));
        let mut stack = if limit_below {
            BoxCloneSyncService::new(layer.layer(limit.layer(service_fn(answer))))
        } else {
            BoxCloneSyncService::new(limit.layer(layer.layer(service_fn(answer))))
        };
        for _ in 0..3 {
            ready(poll_fn(|cx| stack.poll_ready(cx))).unwrap();
            let waiting = stack.call(get("/"));
            let mut other = stack.clone();
            let mut permit = Box::pin(poll_fn(|cx| other.poll_ready(cx)));
            assert!(poll_once(permit.as_mut()).is_pending(), "the only permit is taken");
            assert_eq!(ready(waiting).unwrap().status(), 200);
        }
    }
    assert_eq!(monitor.traffic().unwrap().read()[0].outcome(Outcome::Completed), 6);
}

#[test]
fn a_retry_below_is_one_request_and_a_retry_above_is_one_each_time() {
    for (below, requests) in [(true, 1), (false, 3)] {
        let monitor = monitor();
        let (retry, layer) = (RetryLayer::new(Twice(2)), MonitorLayer::new(&monitor));
        let asked = Arc::new(AtomicU32::new(0));
        let flaky = flaky(Arc::clone(&asked));
        let status = if below {
            ready(layer.layer(retry.layer(flaky)).oneshot(get("/"))).unwrap().status()
        } else {
            ready(retry.layer(layer.layer(flaky)).oneshot(get("/"))).unwrap().status()
        };
        let route = monitor.traffic().unwrap().read().remove(0);
        assert_eq!((status.as_u16(), asked.load(Ordering::Relaxed), route.started), (200, 3, requests));
        assert_eq!((route.outcome(Outcome::Completed), route.active()), (1, 0));
    }
}

/// axum#2912, cowprotocol/services#4590: a required order of layers is a trap.
#[test]
fn the_layers_of_one_concern_each_work_in_any_order() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let (monitor, memory) = watched();
        let stack = order.iter().rev().fold(erased(panicking()), |inner, layer| match layer {
            0 => erased(RequestIdLayer::new().layer(inner)),
            1 => erased(TimingLayer::new(&monitor).layer(inner)),
            _ => erased(CatchPanicLayer::new(&monitor).layer(inner)),
        });
        let response = ready(stack.oneshot(get("/"))).unwrap();
        let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        let body = text(response);
        assert!(body.contains(&id), "{order:?}: {id} is not in {body}");
        assert_ended(&monitor, Outcome::Panic, 500);
        let event = only_event(&monitor, &memory);
        assert_eq!((event.failure.kind, &*event.failure.message), (EventKind::Panic, "boom"), "{order:?}");
        assert_eq!(event.scope.request_id.as_ref().map(|id| id.to_string()), Some(id), "{order:?}");
    }
}

#[test]
fn a_panic_answered_without_a_monitor_is_counted_and_an_issue_further_out() {
    let (monitor, memory) = watched();
    let stack = MonitorLayer::new(&monitor).layer(CatchPanicLayer::new(&Monitor::disabled()).layer(panicking()));
    text(ready(stack.oneshot(get("/"))).unwrap());
    assert_ended(&monitor, Outcome::Panic, 500);
    assert_eq!(only_event(&monitor, &memory).failure.kind, EventKind::Status);
}

#[test]
fn a_panic_in_the_body_is_one_to_every_layer_and_captured_once() {
    for catch_outside in [true, false] {
        let (monitor, memory) = watched();
        let inner = service_fn(|_| future::ready(Ok::<_, Infallible>(script([Step::Panic("in the body")]))));
        let (catch, timing) = (CatchPanicLayer::new(&monitor), TimingLayer::new(&monitor));
        let stack = match catch_outside {
            true => erased(catch.layer(timing.layer(inner))),
            false => erased(timing.layer(catch.layer(inner))),
        };
        let mut body = ready(stack.oneshot(get("/"))).unwrap().into_body();
        next_frame(&mut body).unwrap().unwrap_err();
        assert_ended(&monitor, Outcome::PanicInBody, 200);
        assert_eq!(only_event(&monitor, &memory).failure.message, "in the body");
    }
}

#[test]
fn a_panic_in_the_body_is_known_behind_whatever_error_is_made_of_it() {
    let (monitor, memory) = watched();
    let inner = service_fn(|_| future::ready(Ok::<_, Infallible>(script([Step::Panic("in the body")]))));
    let inner = CatchPanicLayer::new(&monitor).layer(inner);
    let wrapped = inner.map_response(|response| response.map(|body| body.map_err(std::io::Error::other)));
    let mut body = ready(MonitorLayer::new(&monitor).layer(wrapped).oneshot(get("/"))).unwrap().into_body();
    next_frame(&mut body).unwrap().unwrap_err();
    assert_ended(&monitor, Outcome::PanicInBody, 200);
    assert_eq!(only_event(&monitor, &memory).failure.message, "in the body");
}

#[test]
fn a_layer_around_another_of_its_monitor_counts_twice_and_says_so_once() {
    let (monitor, layer) = (monitor(), MonitorLayer::new);
    let log = Log::default();
    log.during(|| {
        let inner = layer(&monitor).layer(service(|_| Ok::<_, Infallible>(status(200, ""))));
        let mut stacked = layer(&monitor).layer(RequestIdLayer::new().layer(inner));
        (0..2).for_each(|_| drop(ready(stacked.call(get("/"))).unwrap()));
    });
    assert_eq!(monitor.traffic().unwrap().read()[0].started, 4);
    let warned = log.lines("monitor");
    assert_eq!(warned.len(), usize::from(cfg!(debug_assertions)), "{warned:#?}");
    assert!(warned.iter().all(|line| line["message"].as_str().unwrap().contains("counted twice")), "{warned:#?}");
}

#[test]
fn a_layer_around_one_of_another_monitor_or_one_that_does_not_count_warns_of_nothing() {
    let (one, other, log) = (monitor(), monitor(), Log::default());
    log.during(|| {
        let inner = service(|_| Ok::<_, Infallible>(status(200, "")));
        let stack = CatchPanicLayer::new(&one).layer(TimingLayer::new(&one).layer(RequestIdLayer::new().layer(inner)));
        drop(ready(MonitorLayer::new(&other).layer(stack).oneshot(get("/"))).unwrap());
    });
    assert!(log.lines("monitor").is_empty(), "{}", log.text());
}

const SECOND: Duration = Duration::from_secs(1);

type Erased = BoxCloneSyncService<Request<()>, Response<ErasedBody>, Infallible>;
type ErasedBody = http_body_util::combinators::UnsyncBoxBody<Bytes, BoxError>;

/// Erases the type of a service, so that layers can be added in a loop.
fn erased<S, C>(service: S) -> Erased
where
    S: Service<Request<()>, Response = Response<C>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    C: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let erase = |response: Response<C>| response.map(|body| body.map_err(Into::into).boxed_unsync());
    BoxCloneSyncService::new(service.map_response(erase))
}

fn panicking() -> impl Service<
    Request<()>,
    Response = Response<Text>,
    Error = Infallible,
    Future = impl Future<Output = Result<Response<Text>, Infallible>> + Send,
> + Clone
+ Sync {
    service_fn(|_| async { panic!("boom") })
}

async fn never(_: Request<()>) -> Result<Response<Text>, BoxError> {
    pending().await
}

/// A service whose only permit is taken.
fn busy() -> impl Service<Request<()>, Response = Response<Text>, Error = BoxError> {
    ServiceBuilder::new().layer(ConcurrencyLimitLayer::new(0)).service(service_fn(never))
}

type Answer = Result<Response<Text>, BoxError>;

/// Fails twice, then answers.
fn flaky(
    asked: Arc<AtomicU32>,
) -> impl Service<Request<()>, Response = Response<Text>, Error = BoxError, Future = Ready<Answer>> + Clone {
    service_fn(move |_| {
        let asked = asked.fetch_add(1, Ordering::Relaxed);
        future::ready(if asked < 2 { Err("not yet".into()) } else { Ok(status(200, "")) })
    })
}

/// A retry policy with a limited number of attempts.
#[derive(Clone)]
struct Twice(u32);

impl<C> Policy<Request<()>, Response<C>, BoxError> for Twice {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut Request<()>, result: &mut Result<Response<C>, BoxError>) -> Option<Self::Future> {
        let again = result.is_err() && self.0 > 0;
        self.0 = self.0.saturating_sub(1);
        again.then(|| future::ready(()))
    }

    fn clone_request(&mut self, _: &Request<()>) -> Option<Request<()>> {
        Some(get("/"))
    }
}
