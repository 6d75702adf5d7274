//! Scripted services and bodies, and assertions on a monitor.

use std::{
    collections::VecDeque,
    convert::Infallible,
    error::Error,
    fmt,
    future::{self, Ready},
    io,
    pin::{Pin, pin},
    sync::{Arc, LazyLock, Mutex, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use monitor_core::MemoryReporter;
use monitor_kit::{
    BoxError, DropReason, ErrorEvent, Monitor, MonitorBuilder, MonitorLayer, Outcome, PrometheusEndpoint, ResponseBody,
};
use serde_json::Value;
use tower::{Layer, Service, ServiceExt};
use tracing::Dispatch;
use tracing_subscriber::{Registry, layer::SubscriberExt};

pub(crate) type Text = Full<Bytes>;

/// A body that follows a script, step by step.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    pub(crate) steps: VecDeque<Step>,
    pub(crate) exact: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Data(&'static str),
    Trailers,
    Error(&'static str),
    Panic(&'static str),
}

/// An error with a chain of causes.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) text: String,
    pub(crate) cause: Option<Box<Self>>,
}

/// A log in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

/// Returns a builder without the log reporter, so that tests do not log.
pub(crate) fn builder() -> MonitorBuilder {
    Monitor::builder("shop").log(None)
}

pub(crate) fn monitor() -> Monitor {
    builder().build().expect("the settings are right")
}

pub(crate) fn watched() -> (Monitor, MemoryReporter) {
    watched_by(builder())
}

pub(crate) fn watched_by(builder: MonitorBuilder) -> (Monitor, MemoryReporter) {
    let memory = MemoryReporter::new();
    (builder.reporter(memory.clone()).build().expect("the settings are right"), memory)
}

pub(crate) fn get(path: &str) -> Request<()> {
    Request::get(path).body(()).expect("the path is right")
}

/// Returns a gRPC call as received over HTTP/2.
pub(crate) fn grpc_request(path: &str) -> Request<()> {
    let request = Request::post(path).version(http::Version::HTTP_2).header("content-type", "application/grpc");
    request.body(()).expect("the path is right")
}

pub(crate) fn status(status: u16, text: &'static str) -> Response<Text> {
    Response::builder().status(status).body(Full::from(text)).expect("the status is right")
}

pub(crate) fn script(steps: impl IntoIterator<Item = Step>) -> Response<Script> {
    Response::new(Script { steps: steps.into_iter().collect(), exact: None })
}

/// Returns a service that runs `f` for each request.
pub(crate) fn service<B, E>(
    mut f: impl FnMut(Request<()>) -> Result<Response<B>, E>,
) -> impl Service<Request<()>, Response = Response<B>, Error = E, Future = Ready<Result<Response<B>, E>>> {
    tower::service_fn(move |request| future::ready(f(request)))
}

/// Sends `request` to `f` inside the layer.
pub(crate) fn call<B>(
    layer: &MonitorLayer,
    request: Request<()>,
    mut f: impl FnMut() -> Response<B>,
) -> Response<ResponseBody<B>>
where
    B: Body<Data = Bytes, Error: Into<BoxError>>,
{
    let watched = layer.layer(service(move |_| Ok::<_, Infallible>(f())));
    ready(watched.oneshot(request)).unwrap_or_else(|error| match error {})
}

/// Sends `GET /` to a service that returns this response.
pub(crate) fn serve<B>(monitor: &Monitor, response: Response<B>) -> Response<ResponseBody<B>>
where
    B: Body<Data = Bytes, Error: Into<BoxError>>,
{
    let mut response = Some(response);
    call(&MonitorLayer::new(monitor), get("/"), move || response.take().expect("it is called once"))
}

/// Sends `request` to `f`, and drops the response once its body is read.
pub(crate) fn visit(monitor: &Monitor, request: Request<()>, f: impl FnMut() -> Response<Text>) {
    text(call(&MonitorLayer::new(monitor), request, f));
}

/// Polls a future that must be ready at once.
#[track_caller]
pub(crate) fn ready<F: Future>(future: F) -> F::Output {
    match poll_once(pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future waits for something"),
    }
}

pub(crate) fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[track_caller]
pub(crate) fn next_frame<B: Body + Unpin>(body: &mut B) -> Option<Result<Frame<B::Data>, B::Error>> {
    match Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(frame) => frame,
        Poll::Pending => panic!("the body waits for something"),
    }
}

#[track_caller]
pub(crate) fn text<B: Body<Error: fmt::Debug>>(response: Response<B>) -> String {
    let body = ready(response.into_body().collect()).expect("the body has no error");
    String::from_utf8(body.to_bytes().into()).expect("the body is text")
}

/// Waits until all captured events have reached the reporters.
#[track_caller]
pub(crate) fn flush(monitor: &Monitor) {
    assert!(monitor.flush(Duration::from_secs(20)), "a reporter hangs");
}

#[track_caller]
pub(crate) fn only_event(monitor: &Monitor, memory: &MemoryReporter) -> Arc<ErrorEvent> {
    flush(monitor);
    let events = memory.events();
    let [event] = &events[..] else { panic!("one event was expected, there are {}: {events:#?}", events.len()) };
    Arc::clone(event)
}

#[track_caller]
/// Returns the messages of an error's causes.
pub(crate) fn causes(event: &ErrorEvent) -> Vec<&str> {
    event.failure.chain.iter().map(|cause| cause.message.as_str()).collect()
}

pub(crate) fn assert_nothing_captured(monitor: &Monitor, memory: &MemoryReporter) {
    flush(monitor);
    assert!(memory.events().is_empty(), "{:#?}", memory.events());
    assert!(monitor.issues().is_empty());
}

/// Asserts that there was one request with this outcome and status.
#[track_caller]
pub(crate) fn assert_ended(monitor: &Monitor, outcome: Outcome, status: u16) {
    let read = monitor.traffic().expect("the monitor is enabled").read();
    let [route] = &read[..] else { panic!("one series was expected: {read:#?}") };
    let outcomes: Vec<_> = Outcome::ALL.iter().copied().filter(|outcome| route.outcome(*outcome) > 0).collect();
    let statuses: Vec<_> = route.statuses.iter().map(|status| (status.status, status.count())).collect();
    assert_eq!((route.started, route.active()), (1, 0), "{route:#?}");
    assert_eq!((outcomes, route.outcome(outcome)), (vec![outcome], 1), "{route:#?}");
    assert_eq!(statuses, [(status, 1)], "{route:#?}");
}

/// Returns the current page of `/metrics`.
pub(crate) fn page(monitor: &Monitor) -> String {
    PrometheusEndpoint::local(monitor).render()
}

#[track_caller]
pub(crate) fn shows(page: &str, line: &str) {
    assert!(page.lines().any(|shown| shown == line), "`{line}` is not in\n{page}");
}

#[track_caller]
pub(crate) fn assert_nothing_counted(monitor: &Monitor) {
    assert!(monitor.traffic().expect("the monitor is enabled").read().is_empty());
}

/// Returns the number of items that `reporter` dropped for this reason.
pub(crate) fn dropped(monitor: &Monitor, reporter: &str, reason: DropReason) -> u64 {
    let dropped = monitor.dropped();
    dropped
        .iter()
        .find(|dropped| dropped.reporter == reporter && dropped.reason == reason)
        .map_or(0, |found| found.count)
}

// === impl Script ===

impl Script {
    pub(crate) fn with_exact(steps: impl IntoIterator<Item = Step>, exact: u64) -> Self {
        Self { steps: steps.into_iter().collect(), exact: Some(exact) }
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(self.steps.pop_front().map(|step| match step {
            Step::Data(data) => Ok(Frame::data(Bytes::from_static(data.as_bytes()))),
            Step::Trailers => Ok(Frame::trailers(HeaderMap::new())),
            Step::Error(text) => Err(text.into()),
            Step::Panic(text) => panic!("{text}"),
        }))
    }

    fn size_hint(&self) -> SizeHint {
        self.exact.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

// === impl Failure ===

impl Failure {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), cause: None }
    }

    pub(crate) fn because(self, cause: Self) -> Self {
        Self { cause: Some(Box::new(cause)), ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

// === impl Log ===

impl Log {
    /// Returns a subscriber that writes to this log. A second subscriber is kept alive, because with a single one
    /// `tracing` lets the first thread that reaches a callsite decide for all threads whether it is enabled.
    pub(crate) fn dispatch(&self) -> Dispatch {
        static OTHER: LazyLock<Dispatch> = LazyLock::new(|| Log::default().subscribe());
        LazyLock::force(&OTHER);
        self.subscribe()
    }

    fn subscribe(&self) -> Dispatch {
        let log = self.clone();
        let format = tracing_subscriber::fmt().json().with_max_level(tracing::Level::DEBUG);
        Dispatch::new(format.with_writer(move || log.clone()).finish())
    }

    /// Returns a writer for a layer.
    pub(crate) fn writer(&self) -> impl Fn() -> Self + Send + Sync + 'static {
        let log = self.clone();
        move || log.clone()
    }

    /// Runs `f` with this log as the subscriber of its thread.
    pub(crate) fn during<R>(&self, f: impl FnOnce() -> R) -> R {
        tracing::dispatcher::with_default(&self.dispatch(), f)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// Returns the lines of the target as JSON, with the level added to their fields.
    pub(crate) fn lines(&self, target: &str) -> Vec<Value> {
        let text = self.text();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line is JSON"));
        let ours = lines.filter(|line| line["target"] == target).map(|mut line| {
            line["fields"]["level"] = line["level"].take();
            line["fields"].take()
        });
        ours.collect()
    }

    /// Returns the only line written at the end of a request.
    #[track_caller]
    pub(crate) fn request_line(&self) -> Value {
        let lines = self.lines("monitor::request");
        let [line] = &lines[..] else { panic!("one line was expected: {lines:#?}") };
        line.clone()
    }
}

/// Runs `f` with this layer as the subscriber of its thread.
pub(crate) fn through<R>(layer: impl tracing_subscriber::Layer<Registry> + Send + Sync, f: impl FnOnce() -> R) -> R {
    drop(Log::default().dispatch());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), f)
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
