//! The span of a request as OpenTelemetry exports it.

use std::{cell::RefCell, convert::Infallible};

use http::{Request, Response};
use http_body::Body;
use monitor_kit::{DisableRoute, IdPolicy, MonitorLayer, PropagateLayer, ResponseBody, scope};
use opentelemetry::{
    Value,
    trace::{SpanKind, Status, TracerProvider},
};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use tower::{Layer, Service, ServiceExt};
use tracing::{Dispatch, Level};
use tracing_subscriber::layer::SubscriberExt;

use crate::support::{
    Log, Script, Step, Text, builder, call, get, grpc_request, monitor, next_frame, poll_once, ready, script, service,
    status,
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[test]
fn a_span_has_the_name_kind_and_fields_opentelemetry_wants() {
    let spans = Spans::new();
    spans.during(|| visit(&layer(), get("/items/7"), 200));
    let span = spans.only();
    assert_eq!((&*span.name, &span.span_kind, &span.status), ("GET /items/{id}", &SpanKind::Server, &Status::Unset));
    let seen = ["http.request.method", "http.route", "url.path", "network.protocol.version"];
    let expected = ["GET", "/items/{id}", "/items/{id}", "1.1"];
    assert_eq!(seen.map(|key| attribute(&span, key)), expected.map(|text| Some(text.to_owned())));
    assert_eq!(attribute(&span, "http.response.status_code").as_deref(), Some("200"));
    assert_eq!([attribute(&span, "error.type"), attribute(&span, "rpc.system")], [None, None]);
}

#[test]
fn the_span_of_a_failed_request_is_an_error_with_its_type() {
    let spans = Spans::new();
    spans.during(|| visit(&layer(), get("/items/7"), 503));
    let span = spans.only();
    assert!(matches!(span.status, Status::Error { .. }), "{:?}", span.status);
    assert_eq!(attribute(&span, "error.type").as_deref(), Some("503"));
}

#[test]
fn the_span_of_a_client_error_is_no_error() {
    let spans = Spans::new();
    spans.during(|| visit(&layer(), get("/items/7"), 404));
    assert_eq!((&spans.only().status, attribute(&spans.only(), "error.type")), (&Status::Unset, None));
}

#[test]
fn a_panic_is_one_and_a_request_that_was_left_has_no_status_code() {
    let spans = Spans::new();
    spans.during(|| drop(call::<Text>(&layer(), get("/items/7"), || panic!("boom"))));
    assert_eq!(attribute(&spans.only(), "error.type").as_deref(), Some("panic"));
    let spans = Spans::new();
    spans.during(|| {
        let hanging = tower::service_fn(|_: Request<()>| std::future::pending::<Result<Response<Text>, Infallible>>());
        let mut left = Box::pin(layer().layer(hanging).oneshot(get("/items/7")));
        assert!(poll_once(left.as_mut()).is_pending());
    });
    assert_eq!((&spans.only().status, attribute(&spans.only(), "http.response.status_code")), (&Status::Unset, None));
}

#[test]
fn it_is_over_when_the_body_is_and_not_before() {
    let spans = Spans::new();
    spans.during(|| {
        let mut response: Response<ResponseBody<Script>> =
            call(&layer(), get("/items/7"), || script([Step::Data("one"), Step::Data("two")]));
        while next_frame(response.body_mut()).is_some() {
            assert!(response.body().is_end_stream() || spans.exported().is_empty());
        }
        assert_eq!(spans.exported().len(), 1);
    });
}

#[test]
fn its_parent_is_the_callers_span_where_the_trace_is_continued() {
    let spans = Spans::new();
    let log = spans.during(|| logged(&layer().id_policy(IdPolicy::TrustedPeer(everybody())).peer(anybody), traced()));
    let span = spans.only();
    assert_eq!(
        (span.span_context.trace_id().to_string().as_str(), &*span.parent_span_id.to_string()),
        (TRACE, "00f067aa0ba902b7")
    );
    assert_eq!((log.as_str(), span.parent_span_is_remote, span.span_context.is_sampled()), (TRACE, true, true));
}

#[test]
fn by_default_it_begins_a_trace_of_its_own_which_is_the_one_in_the_log() {
    let spans = Spans::new();
    let log = spans.during(|| logged(&layer(), traced()));
    let span = spans.only();
    assert_eq!(span.parent_span_id, opentelemetry::trace::SpanId::INVALID);
    assert_eq!(span.span_context.trace_id().to_string(), log);
    assert_ne!(log, TRACE);
}

#[test]
fn outgoing_requests_are_below_the_span_that_is_current() {
    let (spans, sent) = (Spans::new(), RefCell::new(Vec::new()));
    spans.during(|| {
        drop(call(&layer(), get("/items/7"), || {
            sent.borrow_mut().push(sent_traceparent());
            tracing::info_span!("ask the stock").in_scope(|| sent.borrow_mut().push(sent_traceparent()));
            status(200, "")
        }));
    });
    let exported = spans.exported();
    let of = |name: &str| {
        let span = exported.iter().find(|span| span.name.contains(name)).expect(name);
        format!("00-{}-{}-01", span.span_context.trace_id(), span.span_context.span_id())
    };
    assert_eq!(*sent.borrow(), [of("GET"), of("ask the stock")]);
}

#[test]
fn a_layer_inside_another_has_its_span_as_parent() {
    let spans = Spans::new();
    let (outer, inner) = (layer().id_policy(IdPolicy::Accept), layer());
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    let mut request = get("/items/7");
    request.headers_mut().insert("traceparent", parent.parse().unwrap());
    // The caller's span is not sampled, but this sampler ignores that and exports all spans.
    spans.during(|| {
        let asked = inner.layer(service(|_| Ok::<_, Infallible>(status(200, ""))));
        drop(ready(outer.layer(asked).oneshot(request)).unwrap());
    });
    let exported = spans.exported();
    assert_eq!(exported.len(), 2, "{exported:#?}");
    assert_eq!(exported[0].parent_span_id, exported[1].span_context.span_id());
    assert_eq!(exported[1].parent_span_id.to_string(), "00f067aa0ba902b7");
}

/// The layer opens no span, but the program has spans of its own.
#[test]
fn outgoing_requests_are_of_the_trace_in_the_log_though_the_program_has_spans_of_its_own() {
    let mut sent = String::new();
    Spans::new().during(|| {
        let layer = MonitorLayer::new(&monitor()).id_policy(IdPolicy::Accept);
        drop(call(&layer, traced(), || {
            tracing::info_span!("work").in_scope(|| sent = sent_traceparent());
            status(200, "")
        }));
    });
    assert_eq!(&sent[3..35], TRACE, "the chain of logs is broken");
}

/// As in a task spawned with `.in_current_scope()`, where no span is current.
#[test]
fn a_layer_in_a_task_of_the_request_stays_in_its_trace() {
    let traces = Spans::new().during(|| {
        let (monitor, mut traces) = (monitor(), Vec::new());
        let layer = MonitorLayer::new(&monitor).span(true);
        drop(call(&layer, get("/"), || {
            let outer = scope::current().unwrap();
            traces.push(outer.trace().trace_id());
            let dispatch = tracing::dispatcher::get_default(Dispatch::clone);
            let inner = layer.clone();
            let task = std::thread::spawn(move || {
                tracing::dispatcher::with_default(&dispatch, || {
                    outer.in_scope(|| {
                        let mut seen = None;
                        drop(call(&inner, get("/"), || {
                            seen = scope::current().map(|scope| scope.trace().trace_id());
                            status(200, "")
                        }));
                        seen.unwrap()
                    })
                })
            });
            traces.push(task.join().unwrap());
            status(200, "")
        }));
        traces
    });
    assert_eq!(traces[0], traces[1]);
}

#[test]
fn a_span_ends_once_however_its_request_does() {
    for how in ["before the first poll", "after the head", "refused", "panic"] {
        let spans = Spans::new();
        spans.during(|| {
            let monitor = builder().routes([("GET", "/off")]).build().unwrap();
            monitor.disable_route(DisableRoute::new("/off", "ada")).unwrap();
            let layer = MonitorLayer::new(&monitor).span(true);
            match how {
                "before the first poll" => {
                    let mut asked = layer.layer(service(|_| Ok::<_, Infallible>(status(200, ""))));
                    drop(asked.call(get("/")));
                }
                "after the head" => drop(call(&layer, get("/"), || script([Step::Data("a"), Step::Data("b")]))),
                "refused" => drop(call(&layer, get("/off"), || status(200, ""))),
                _ => drop(call::<Text>(&layer, get("/"), || panic!("boom"))),
            }
        });
        assert_eq!(spans.exported().len(), 1, "{how}");
    }
}

#[test]
fn a_span_of_the_programs_own_between_two_layers_is_between_their_spans() {
    let spans = Spans::new();
    spans.during(|| {
        drop(call(&layer(), get("/items/7"), || {
            tracing::info_span!("between").in_scope(|| visit(&layer(), get("/items/7"), 200));
            status(200, "")
        }));
    });
    // In the order in which they ended.
    let exported = spans.exported();
    let names: Vec<_> = exported.iter().map(|span| &*span.name).collect();
    assert_eq!(names, ["GET /items/{id}", "between", "GET /items/{id}"]);
    assert_eq!(exported[0].parent_span_id, exported[1].span_context.span_id());
    assert_eq!(exported[1].parent_span_id, exported[2].span_context.span_id());
}

#[test]
fn a_grpc_call_has_its_method_as_name_and_its_status() {
    let spans = Spans::new();
    let request = grpc_request("/shop.Stock/Count");
    let layer = layer().route(|head| Some(head.uri.path()));
    spans.during(|| {
        let answer = || {
            let mut response = status(200, "");
            response.headers_mut().insert("grpc-status", "13".parse().unwrap());
            response
        };
        drop(crate::support::text(call(&layer, request, answer)));
    });
    let span = spans.only();
    let seen =
        ["rpc.system", "rpc.grpc.status_code", "error.type"].map(|key| attribute(&span, key).unwrap_or_default());
    assert_eq!((&*span.name, seen), ("shop.Stock/Count", ["grpc", "13", "INTERNAL"].map(str::to_owned)));
}

#[test]
fn names_are_few_and_untracked_requests_have_none() {
    let spans = Spans::new();
    spans.during(|| {
        visit(&MonitorLayer::new(&monitor()).span(true), get("/wp-login.php"), 404);
        visit(&layer(), get("/health"), 200);
    });
    assert_eq!((&*spans.only().name, attribute(&spans.only(), "http.route")), ("GET", None));
}

#[test]
fn span_fields_are_redacted_and_truncated() {
    let spans = Spans::new();
    let mut request = get("/items/7");
    request.headers_mut().insert("user-agent", "curl password=hunter2".parse().unwrap());
    let layer = layer().peer(|_| "192.0.2.77".parse().ok());
    spans.during(|| visit(&layer, request, 200));
    assert!(!format!("{:?}", spans.only()).contains("hunter2"));
    assert_eq!(attribute(&spans.only(), "client.address").as_deref(), Some("192.0.2.0"));
}

/// The subscriber belongs to the program, like any other callback.
#[test]
fn a_subscriber_that_panics_changes_no_answer_and_loses_no_count() {
    for fault in ["new", "record", "close"] {
        let monitor = monitor();
        let layer = MonitorLayer::new(&monitor).span(true);
        let subscriber = tracing_subscriber::registry().with(Faulty(fault));
        let answer = tracing::subscriber::with_default(subscriber, || {
            let response = call(&layer, get("/items/7"), || status(200, "said"));
            (response.status(), crate::support::text(response))
        });
        assert_eq!((answer.0.as_u16(), answer.1.as_str()), (200, "said"), "{fault}");
        crate::support::assert_ended(&monitor, monitor_kit::Outcome::Completed, 200);
    }
}

struct Faulty(&'static str);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Faulty {
    fn on_new_span(
        &self,
        _: &tracing::span::Attributes<'_>,
        _: &tracing::Id,
        _: tracing_subscriber::layer::Context<'_, S>,
    ) {
        assert!(self.0 != "new", "a new span");
    }

    fn on_record(&self, _: &tracing::Id, _: &tracing::span::Record<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        assert!(self.0 != "record", "a record");
    }

    fn on_close(&self, _: tracing::Id, _: tracing_subscriber::layer::Context<'_, S>) {
        assert!(self.0 != "close", "the end");
    }
}

#[test]
fn there_is_none_unless_asked_for() {
    let spans = Spans::new();
    spans.during(|| visit(&MonitorLayer::new(&monitor()), get("/items/7"), 200));
    assert!(spans.exported().is_empty());
}

#[test]
fn without_opentelemetry_the_span_is_one_of_tracings_and_the_trace_our_own() {
    let log = Log::default();
    log.during(|| visit(&layer().id_policy(IdPolicy::Accept), traced(), 200));
    assert_eq!(log.request_line()["trace_id"], TRACE);
    assert!(log.text().contains(r#""otel.name":"GET /items/{id}""#), "{}", log.text());
}

/// The exported spans of a sampler that accepts everything.
struct Spans {
    exporter: InMemorySpanExporter,
    provider: SdkTracerProvider,
    log: Log,
}

impl Spans {
    fn new() -> Self {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder()
            .with_sampler(opentelemetry_sdk::trace::Sampler::AlwaysOn)
            .with_simple_exporter(exporter.clone())
            .build();
        Self { exporter, provider, log: Log::default() }
    }

    fn during<R>(&self, f: impl FnOnce() -> R) -> R {
        let _keeps_every_callsite_alive = self.log.dispatch();
        let spans = tracing_opentelemetry::layer().with_tracer(self.provider.tracer("test"));
        let dispatch = Dispatch::new(tracing_subscriber::registry().with(spans));
        tracing::dispatcher::with_default(&dispatch, f)
    }

    fn exported(&self) -> Vec<SpanData> {
        self.exporter.get_finished_spans().expect("the exporter is in memory")
    }

    #[track_caller]
    fn only(&self) -> SpanData {
        let exported = self.exported();
        let [span] = &exported[..] else { panic!("one span was expected: {exported:#?}") };
        span.clone()
    }
}

fn layer() -> MonitorLayer {
    MonitorLayer::new(&monitor()).span(true).route(|_| Some("/items/{id}"))
}

fn visit(layer: &MonitorLayer, request: Request<()>, code: u16) {
    drop(crate::support::text(call(layer, request, || status(code, "said"))));
}

/// Returns the trace in the scope, which is also the one in the log.
fn logged(layer: &MonitorLayer, request: Request<()>) -> String {
    assert!(tracing::event_enabled!(Level::INFO));
    let mut seen = None;
    drop(call(layer, request, || {
        seen = scope::current().map(|scope| scope.trace().trace_id().to_string());
        status(200, "")
    }));
    seen.expect("it runs in a scope")
}

fn sent_traceparent() -> String {
    let mut sent = String::new();
    let asked = tower::service_fn(|request: Request<()>| {
        sent = request.headers()["traceparent"].to_str().expect("it is text").to_owned();
        std::future::ready(Ok::<_, Infallible>(status(200, "")))
    });
    ready(PropagateLayer::new(&monitor_kit::Monitor::disabled()).layer(asked).oneshot(get("/stock")))
        .expect("it answers");
    sent
}

fn traced() -> Request<()> {
    let mut request = get("/items/7");
    request.headers_mut().insert("traceparent", PARENT.parse().expect("a header value"));
    request
}

fn everybody() -> monitor_kit::Networks {
    monitor_kit::Networks::parse(["0.0.0.0/0"]).expect("a network")
}

fn anybody(_: &monitor_kit::RequestHead<'_>) -> Option<std::net::IpAddr> {
    Some(std::net::Ipv4Addr::LOCALHOST.into())
}

fn attribute(span: &SpanData, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|pair| pair.key.as_str() == key)?;
    Some(match &found.value {
        Value::String(text) => text.to_string(),
        other => other.to_string(),
    })
}
