//! Outgoing requests: propagates trace and request ID, and counts results.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri};
use monitor_core::{
    ClientOutcome, Monitor, Scope, TraceContext,
    instrument::{self, panic},
    scope,
};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::outgoing_host::{UNKNOWN, class_of_host};
use crate::request::own_headers::{self, REQUEST_ID, TRACEPARENT, TRACESTATE};

type ClassOf = dyn Fn(&Uri) -> &'static str + Send + Sync;

/// Sets the current scope's `traceparent`, `tracestate` and `x-request-id` on outgoing requests, replacing existing
/// values, and counts the requests by outcome and class of host.
///
/// Wraps any tower client, such as hyper-util's or a tonic channel. Outside of a scope the headers are left unchanged.
/// The outcome is that of the response's head: a gRPC call that fails in its trailers counts as `2xx`.
///
/// Each request gets a parent ID of its own in the scope's trace. With the feature `opentelemetry`, inside a span of
/// tracing-opentelemetry in the same trace, the parent ID is that of the span.
///
/// New traces are sampled at the rate of
/// [`MonitorBuilder::trace_sample_rate`](monitor_core::MonitorBuilder::trace_sample_rate), which determines what
/// downstream services record.
///
/// # Example
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, StatusCode};
/// use http_body_util::Full;
/// use hyper_util::{
///     client::legacy::{Client, connect::HttpConnector},
///     rt::TokioExecutor,
/// };
/// use monitor_kit::{BoxError, Monitor, Propagate, PropagateLayer};
/// use tower::ServiceExt;
///
/// // For the state of an application: clones share the connections.
/// type HttpClient = Propagate<Client<HttpConnector, Full<Bytes>>>;
///
/// fn client(monitor: &Monitor) -> HttpClient {
///     PropagateLayer::new(monitor).layer(Client::builder(TokioExecutor::new()).build_http())
/// }
///
/// async fn ask(client: &HttpClient) -> Result<StatusCode, BoxError> {
///     let request = Request::get("http://stock.internal/items").body(Full::default())?;
///     Ok(client.clone().oneshot(request).await?.status())
/// }
/// ```
///
/// # Example: custom classes
///
/// ```
/// use monitor_kit::{Monitor, PropagateLayer};
///
/// let monitor = Monitor::builder("shop").build()?;
/// let layer = PropagateLayer::new(&monitor).host_class(|uri| match uri.host() {
///     Some("payment.internal") => "payment",
///     Some("stock.internal") => "stock",
///     _ => "other",
/// });
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct PropagateLayer {
    settings: Arc<Settings>,
}

#[derive(Clone)]
struct Settings {
    monitor: Monitor,
    id_header: HeaderName,
    class_of: Option<Arc<ClassOf>>,
}

/// A client that propagates the current scope. Made by [`PropagateLayer`].
#[derive(Clone)]
pub struct Propagate<S> {
    inner: S,
    settings: Arc<Settings>,
}

pin_project! {
    /// The future of [`Propagate`].
    pub struct PropagateFuture<F> {
        #[pin]
        inner: F,
        counting: Counting,
    }
}

/// Counts an outgoing request exactly once, when it is dropped.
struct Counting {
    monitor: Monitor,
    class: &'static str,
    answer: ClientOutcome,
}

// === impl PropagateLayer ===

impl PropagateLayer {
    /// Creates the layer. With a disabled monitor it propagates, but does not count.
    pub fn new(monitor: &Monitor) -> Self {
        let settings = Settings { monitor: monitor.clone(), id_header: REQUEST_ID, class_of: None };
        Self { settings: Arc::new(settings) }
    }

    /// Wraps a client, as [`Layer::layer`] does, without importing that trait.
    pub fn layer<S>(&self, client: S) -> Propagate<S> {
        Propagate { inner: client, settings: Arc::clone(&self.settings) }
    }

    /// Sets the function that classifies hosts. Keep the number of classes small, because each is a label. Defaults to
    /// `loopback`, `private` (addresses of private networks, names without a dot, and names below `.internal`, `.local`
    /// and `.localdomain`), `public`, and `unknown` for a URI without a host, such as those of a tonic channel.
    pub fn host_class(mut self, f: impl Fn(&Uri) -> &'static str + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.settings).class_of = Some(Arc::new(f));
        self
    }

    /// Sets the header of the request ID. Defaults to `x-request-id`.
    ///
    /// # Example
    ///
    /// ```
    /// use http::HeaderName;
    /// use monitor_kit::{Monitor, PropagateLayer};
    ///
    /// let layer = PropagateLayer::new(&Monitor::disabled()).id_header(HeaderName::from_static("x-correlation-id"));
    /// ```
    pub fn id_header(mut self, header: HeaderName) -> Self {
        Arc::make_mut(&mut self.settings).id_header = header;
        self
    }
}

impl<S> Layer<S> for PropagateLayer {
    type Service = Propagate<S>;

    fn layer(&self, inner: S) -> Self::Service {
        self.layer(inner)
    }
}

impl fmt::Debug for PropagateLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PropagateLayer").field("monitor", &self.settings.monitor).finish_non_exhaustive()
    }
}

// === impl Propagate ===

impl<S, B, C> Service<Request<B>> for Propagate<S>
where
    S: Service<Request<B>, Response = Response<C>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = PropagateFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let Settings { monitor, id_header, class_of } = &*self.settings;
        if let Some(scope) = scope::current() {
            put(request.headers_mut(), id_header, &scope);
        }
        let class = match class_of {
            Some(class_of) => panic::catch_printed(|| class_of(request.uri())).unwrap_or_else(|caught| {
                caught.drop_payload();
                UNKNOWN
            }),
            None => class_of_host(request.uri()),
        };
        let counting = Counting { monitor: monitor.clone(), class, answer: ClientOutcome::Cancelled };
        PropagateFuture { inner: self.inner.call(request), counting }
    }
}

impl<S: fmt::Debug> fmt::Debug for Propagate<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Propagate").field("inner", &self.inner).finish_non_exhaustive()
    }
}

// === impl PropagateFuture ===

impl<F, C, E> Future for PropagateFuture<F>
where
    F: Future<Output = Result<Response<C>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let result = ready!(this.inner.poll(cx));
        this.counting.answer = match &result {
            Ok(response) => ClientOutcome::of_status(response.status().as_u16()),
            Err(_) => ClientOutcome::Error,
        };
        Poll::Ready(result)
    }
}

impl<F> fmt::Debug for PropagateFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PropagateFuture").field("host_class", &self.counting.class).finish_non_exhaustive()
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        instrument::count_outgoing(&self.monitor, self.class, self.answer);
    }
}

/// Sets the headers, and replaces existing ones: they stem from another request, such as one that a proxy passes on.
fn put(headers: &mut HeaderMap, id_header: &HeaderName, scope: &Scope) {
    own_headers::put_request_id(headers, id_header, scope.id());
    let trace = trace_of(scope);
    put_trace(headers, &trace);
    put_other_headers(headers, scope.monitor(), &trace);
}

/// Sets the headers of the formats that the program has added.
fn put_other_headers(headers: &mut HeaderMap, monitor: &Monitor, trace: &TraceContext) {
    for format in instrument::trace_headers(monitor) {
        let mut set = |name: &'static str, value: String| {
            if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::try_from(value)) {
                headers.insert(name, value);
            }
        };
        panic::catch_and_drop(|| format.write(trace, &mut set));
    }
}

/// Returns the trace context of an outgoing request. Its parent ID is that of the current OpenTelemetry span, so that
/// exported spans stay linked; without such a span it is a new ID for each request, as Trace Context requires.
#[cfg(feature = "opentelemetry")]
fn trace_of(scope: &Scope) -> TraceContext {
    crate::watch::otel::of_current_span(scope.trace()).unwrap_or_else(|| scope.trace().child())
}

#[cfg(not(feature = "opentelemetry"))]
fn trace_of(scope: &Scope) -> TraceContext {
    scope.trace().child()
}

fn put_trace(headers: &mut HeaderMap, trace: &TraceContext) {
    if let Ok(value) = HeaderValue::try_from(trace.to_string()) {
        headers.insert(&TRACEPARENT, value);
    }
    headers.remove(&TRACESTATE);
    if let Some(value) = HeaderValue::from_str(trace.tracestate()).ok().filter(|value| !value.is_empty()) {
        headers.insert(&TRACESTATE, value);
    }
}
