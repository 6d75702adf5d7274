//! Random sequences of polls, drops, errors, panics and frames over many requests, checked against a model.

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Version};
use http_body::{Body, Frame};
use monitor_core::instrument;
use monitor_kit::{
    BoxError, DisableRoute, KnownMethod, Monitor, MonitorLayer, Outcome, ResponseBody, ResponseFuture,
    traffic::RouteCounts,
};
use proptest::{collection::vec, prelude::*, sample::select};
use tower::{Layer, Service};

use crate::support::builder;

const ROUTE: &str = "/planned";

/// The behaviour of a request's service.
#[derive(Clone, Debug)]
struct Plan {
    pending: u8,
    end: End,
    grpc: bool,
}

#[derive(Clone, Debug)]
enum End {
    Panic,
    Error,
    Response { status: u16, frames: VecDeque<Piece>, knows_its_end: bool },
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Piece {
    Pending,
    Data,
    /// For a gRPC call the trailers have its status; for others they are ordinary trailers.
    Trailers,
    Error,
    Panic,
}

/// A step, with the index of its request.
#[derive(Clone, Debug)]
enum Step {
    Start(Plan),
    Poll(usize),
    Drop(usize),
    /// The route is disabled or enabled.
    Switch(bool),
}

/// A request in progress, and its state in the model.
enum Held {
    Future(Pin<Box<ResponseFuture<Planned>>>, Plan),
    Refused(Pin<Box<ResponseFuture<Planned>>>),
    Body(Pin<Box<ResponseBody<Pieces>>>, VecDeque<Piece>, bool),
}

struct Planned(Plan);

struct Pieces {
    frames: VecDeque<Piece>,
    knows_its_end: bool,
}

#[derive(Clone)]
struct Planner;

impl Service<Request<Plan>> for Planner {
    type Response = Response<Pieces>;
    type Error = BoxError;
    type Future = Planned;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Plan>) -> Planned {
        Planned(request.into_body())
    }
}

impl Future for Planned {
    type Output = Result<Response<Pieces>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        if self.0.pending > 0 {
            self.0.pending -= 1;
            return Poll::Pending;
        }
        Poll::Ready(match self.0.end.clone() {
            End::Panic => panic!("planned"),
            End::Error => Err("planned".into()),
            End::Response { status, frames, knows_its_end } => {
                let body = Pieces { frames, knows_its_end };
                Ok(Response::builder().status(status).body(body).expect("a response"))
            }
        })
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.frames.pop_front() {
            None => Poll::Ready(None),
            Some(Piece::Pending) => Poll::Pending,
            Some(Piece::Data) => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"data"))))),
            Some(Piece::Trailers) => {
                let status = (HeaderName::from_static("grpc-status"), HeaderValue::from_static("13"));
                Poll::Ready(Some(Ok(Frame::trailers(HeaderMap::from_iter([status])))))
            }
            Some(Piece::Error) => Poll::Ready(Some(Err("planned".into()))),
            Some(Piece::Panic) => panic!("planned"),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.knows_its_end && self.frames.is_empty()
    }
}

fn plan() -> impl Strategy<Value = Plan> {
    let pieces = [Piece::Pending, Piece::Data, Piece::Data, Piece::Trailers, Piece::Error, Piece::Panic];
    let pieces = vec(select(pieces.to_vec()), 0..5);
    let response = (select(vec![200u16, 404, 500]), pieces, any::<bool>());
    let response = response.prop_map(|(status, frames, knows_its_end)| End::Response {
        status,
        frames: frames.into(),
        knows_its_end,
    });
    let end = prop_oneof![1 => Just(End::Panic), 1 => Just(End::Error), 4 => response];
    (0u8..3, end, any::<bool>()).prop_map(|(pending, end, grpc)| Plan { pending, end, grpc })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => plan().prop_map(Step::Start),
        8 => (0usize..8).prop_map(Step::Poll),
        1 => (0usize..8).prop_map(Step::Drop),
        1 => any::<bool>().prop_map(Step::Switch),
    ]
}

/// Polls once. Returns the rest of the request, and its outcome according to the model.
fn poll(held: Held) -> (Option<Held>, Option<Outcome>) {
    let mut context = Context::from_waker(Waker::noop());
    match held {
        Held::Future(mut future, mut plan) => match (future.as_mut().poll(&mut context), plan.pending) {
            (Poll::Pending, 0) => panic!("it was to be ready"),
            (Poll::Pending, left) => {
                plan.pending = left - 1;
                (Some(Held::Future(future, plan)), None)
            }
            (Poll::Ready(result), _) => match (result, plan.end) {
                (Ok(response), End::Panic) => {
                    assert_eq!(response.status(), if plan.grpc { 200 } else { 500 });
                    (None, Some(Outcome::Panic))
                }
                (Err(_), End::Error) => (None, Some(Outcome::ServiceError)),
                (Ok(_), End::Response { frames, knows_its_end: true, .. }) if frames.is_empty() => {
                    (None, Some(Outcome::Completed))
                }
                (Ok(response), End::Response { frames, knows_its_end, .. }) => {
                    (Some(Held::Body(Box::pin(response.into_body()), frames, knows_its_end)), None)
                }
                (result, end) => panic!("planned {end:?}, got {:?}", result.map(|response| response.status())),
            },
        },
        Held::Refused(mut future) => match future.as_mut().poll(&mut context) {
            Poll::Ready(Ok(response)) => {
                assert!(response.headers().contains_key("retry-after"));
                (None, Some(Outcome::Refused))
            }
            _ => panic!("it was to be refused"),
        },
        Held::Body(mut body, mut frames, knows_its_end) => {
            let polled = body.as_mut().poll_frame(&mut context);
            let outcome = match (frames.pop_front(), polled) {
                (Some(Piece::Pending), Poll::Pending) => None,
                (Some(Piece::Trailers), Poll::Ready(Some(Ok(_)))) => Some(Outcome::Completed),
                (Some(Piece::Data), Poll::Ready(Some(Ok(_)))) => {
                    (knows_its_end && frames.is_empty()).then_some(Outcome::Completed)
                }
                (Some(Piece::Error), Poll::Ready(Some(Err(_)))) => Some(Outcome::BodyError),
                (Some(Piece::Panic), Poll::Ready(Some(Err(_)))) => Some(Outcome::PanicInBody),
                (None, Poll::Ready(None)) => Some(Outcome::Completed),
                (piece, polled) => panic!("planned {piece:?}, got {:?}", polled.map(|frame| frame.map(|f| f.is_ok()))),
            };
            (outcome.is_none().then_some(Held::Body(body, frames, knows_its_end)), outcome)
        }
    }
}

fn request(plan: Plan) -> Request<Plan> {
    let content_type = if plan.grpc { "application/grpc" } else { "application/json" };
    let request = Request::post(ROUTE).version(Version::HTTP_2).header("content-type", content_type);
    request.body(plan).expect("a request")
}

fn dropped(held: &Held) -> Outcome {
    match held {
        Held::Future(..) => Outcome::Cancelled,
        Held::Refused(..) => Outcome::Refused,
        Held::Body(..) => Outcome::BodyAborted,
    }
}

fn counts(monitor: &Monitor) -> RouteCounts {
    let recorder = instrument::recorder(monitor).expect("it is enabled");
    // Creates the series, so that there is one to read even if no request was started.
    let _ = recorder.series(KnownMethod::Post, ROUTE);
    monitor.traffic().expect("it is enabled").read().remove(0)
}

fn equation(monitor: &Monitor, started: u64, ended: &[u64; 9], held: usize) -> Result<(), TestCaseError> {
    let counts = counts(monitor);
    prop_assert_eq!(counts.started, started);
    let outcomes: Vec<_> = Outcome::ALL.iter().map(|outcome| counts.outcome(*outcome)).collect();
    prop_assert_eq!(&outcomes, ended);
    prop_assert_eq!(counts.active(), held as u64);
    prop_assert_eq!(counts.started, ended.iter().sum::<u64>() + held as u64);
    Ok(())
}

proptest! {
    #[test]
    fn started_is_always_the_outcomes_and_those_in_flight(steps in vec(step(), 1..60)) {
        let monitor = builder().routes([("POST", ROUTE)]).build().expect("the settings are good");
        let mut service = MonitorLayer::new(&monitor).layer(Planner);
        let (mut held, mut started, mut ended) = (VecDeque::new(), 0, [0; 9]);
        for step in steps {
            match step {
                Step::Start(plan) => {
                    let future = Box::pin(service.call(request(plan.clone())));
                    let is_refused = monitor.has_disabled_routes();
                    held.push_back(if is_refused { Held::Refused(future) } else { Held::Future(future, plan) });
                    started += 1;
                }
                Step::Poll(number) if number < held.len() => {
                    let Some(request) = held.remove(number) else { continue };
                    let (left, outcome) = poll(request);
                    held.extend(left);
                    if let Some(outcome) = outcome {
                        ended[outcome as usize] += 1;
                    }
                }
                Step::Drop(number) if number < held.len() => {
                    let Some(request) = held.remove(number) else { continue };
                    ended[dropped(&request) as usize] += 1;
                }
                Step::Switch(true) => _ = monitor.disable_route(DisableRoute::new(ROUTE, "ada")).expect("it is known"),
                Step::Switch(false) => _ = monitor.enable_route(ROUTE, None, "ada"),
                Step::Poll(_) | Step::Drop(_) => {}
            }
            equation(&monitor, started, &ended, held.len())?;
        }
        for request in held.drain(..) {
            ended[dropped(&request) as usize] += 1;
        }
        equation(&monitor, started, &ended, 0)?;
    }
}
