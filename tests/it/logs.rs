//! Log lines of monitor-log are valid JSON for any input, with unique keys, without secrets, and with the right request
//! ID.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex},
};

use http::Request;
use monitor_kit::{
    IdPolicy, Level, LogReporter, Monitor, MonitorLayer, Redaction, RequestId, escape,
    log::{BreadcrumbLayer, FieldNames, JsonLayer, ReadableLayer},
    scope::{self, Scope},
};
use proptest::prelude::*;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Value, json};
use tower::{Layer, Service};
use tracing::{error, info, info_span, warn};
use tracing_subscriber::prelude::*;

use crate::support::{self, Log, builder, flush, get, monitor, only_event, ready, status, through, watched};

/// A JSON object that rejects duplicate keys.
struct Unique(BTreeMap<String, Value>);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Unique;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unique, A::Error> {
                let mut unique = BTreeMap::new();
                while let Some((key, value)) = map.next_entry::<String, Value>()? {
                    assert!(unique.insert(key.clone(), value).is_none(), "`{key}` comes twice");
                }
                Ok(Unique(unique))
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

/// Logs through `layer` and returns the lines.
#[track_caller]
fn lines_of(layer: JsonLayer, f: impl FnOnce()) -> Vec<BTreeMap<String, Value>> {
    let log = Log::default();
    through(layer.writer(log.writer()), f);
    let text = log.text();
    text.lines().map(|line| serde_json::from_str::<Unique>(line).expect(line).0).collect()
}

#[track_caller]
fn line_of(layer: JsonLayer, f: impl FnOnce()) -> Value {
    let lines = lines_of(layer, f);
    assert_eq!(lines.len(), 1, "{lines:#?}");
    Value::Object(lines.into_iter().flatten().collect())
}

#[track_caller]
fn says(line: &Value, expected: Value) {
    for (key, value) in expected.as_object().expect("an object") {
        assert_eq!(&line[key], value, "{key} of {line:#}");
    }
}

#[test]
fn a_line_says_what_the_event_says_and_whose_it_is() {
    let monitor = builder().release("1.4.2").environment("production").build().unwrap();
    let line = line_of(JsonLayer::new(&monitor), || {
        info!(
            target: "shop",
            order_id = 123, amount = 9.5, paid = true, currency = "EUR", who = ?Some(1),
            "order_processed"
        );
    });
    says(
        &line,
        json!({
            "level": "INFO", "target": "shop", "message": "order_processed",
            "order_id": 123, "amount": 9.5, "paid": true,
            "currency": "EUR", "who": "Some(1)", "service": "shop", "release": "1.4.2", "environment": "production",
        }),
    );
    let timestamp = line["timestamp"].as_str().unwrap();
    assert!(timestamp.len() == 27 && timestamp.ends_with('Z'), "{timestamp}");
    assert_eq!((line.get("file"), line.get("request_id"), line.get("spans")), (None, None, None));
}

#[test]
fn warnings_and_errors_say_where_they_were_logged_and_the_rest_on_request() {
    let monitor = monitor();
    let line = line_of(JsonLayer::new(&monitor), || warn!("late"));
    assert_eq!((line["file"].as_str(), line["line"].is_u64()), (Some(file!()), true));
    let line = line_of(JsonLayer::new(&monitor).locations(tracing::Level::TRACE), || info!("early"));
    assert_eq!(line["file"], file!());
    let line = line_of(JsonLayer::new(&monitor).locations(tracing::Level::ERROR), || warn!("late"));
    assert_eq!(line.get("file"), None);
}

#[test]
fn a_field_that_clashes_gets_a_number() {
    let line = line_of(JsonLayer::new(&monitor()), || {
        info!(level = "high", target = 7, level_2 = 1, timestamp = "now", service = "other", spans = 1, "clash");
    });
    says(
        &line,
        json!({"level": "INFO", "level_2": "high", "level_2_2": 1, "target_2": 7, "timestamp_2": "now",
               "service": "shop", "service_2": "other", "spans_2": 1, "message": "clash"}),
    );
}

#[test]
fn a_field_that_says_what_every_line_says_is_said_once() {
    let line = line_of(JsonLayer::new(&monitor()), || info!(service = "shop", "same"));
    assert_eq!((line["service"].as_str(), line.get("service_2")), (Some("shop"), None));
}

#[test]
fn numbers_that_json_does_not_know_are_texts() {
    let line = line_of(JsonLayer::new(&monitor()), || {
        info!(a = f64::NAN, b = f64::INFINITY, c = f64::NEG_INFINITY, d = 1e300, e = u128::MAX, f = -0.0, "odd");
    });
    says(&line, json!({"a": "NaN", "b": "Infinity", "c": "-Infinity", "d": 1e300, "f": -0.0}));
    assert!(line["e"].is_number());
}

#[test]
fn a_very_long_text_is_cut_and_says_so() {
    let long = "é".repeat(512 * 1024);
    let line = line_of(JsonLayer::new(&monitor()), || info!(text = long, debug = ?long, "{long}"));
    for key in ["text", "debug", "message"] {
        let text = line[key].as_str().unwrap();
        assert!(text.len() < 17 * 1024 && text.contains("é…[cut, 1048"), "{key}: {}", &text[text.len() - 40..]);
    }
}

#[test]
fn secrets_are_masked_in_every_kind_of_field() {
    let line = line_of(JsonLayer::new(&monitor()), || {
        let failure =
            support::Failure::new("login of jo@example.org failed").because(support::Failure::new("password=x"));
        error!(
            password = "hunter2", pin_token = 1234, api_key = 0.5, session = true, mail = "to jo@example.org",
            debug = ?("token=abc", 1), error = &failure as &dyn std::error::Error, "card 4111 1111 1111 1111"
        );
    });
    let text = line.to_string();
    for secret in ["hunter2", "1234", "0.5", "true", "jo@example", "abc", "4111", "password=x"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    says(&line, json!({"mail": "to [Filtered]", "error": "login of [Filtered] failed: password=[Filtered]"}));
    let open = Monitor::builder("shop").log(None).redaction(Redaction::off()).build().unwrap();
    let line = line_of(JsonLayer::new(&open), || info!(password = "hunter2", "open"));
    assert_eq!(line["password"], "hunter2");
}

#[test]
fn a_line_in_a_scope_says_of_which_request_it_is() {
    let monitor = monitor();
    let scope = Scope::new(&monitor);
    let ids = json!({"request_id": scope.id().to_string(), "trace_id": scope.trace().trace_id().to_string()});
    says(&line_of(JsonLayer::new(&monitor), || scope.in_scope(|| info!("inside"))), ids);
    let line = line_of(JsonLayer::new(&monitor), || scope.in_scope(|| info!(request_id = "theirs", "of another")));
    assert_eq!(line["request_id"], "theirs", "the event knows better, and no key comes twice");
}

#[test]
fn spans_are_listed_from_the_outermost() {
    let line = line_of(JsonLayer::new(&monitor()), || {
        let outer = info_span!("outer", id = 1, token = "t", late = tracing::field::Empty).entered();
        outer.record("late", 2);
        outer.record("id", 3);
        let _inner = info_span!("inner \"quoted\"").entered();
        info!("inside");
    });
    let expected = json!([{"name": "outer", "id": 3, "token": "[Filtered]", "late": 2}, {"name": "inner \"quoted\""}]);
    assert_eq!(line["spans"], expected);
}

/// Returns the line of one request through a layer and a subscriber.
fn request_line(monitor: &Monitor, layer: JsonLayer, request: Request<()>) -> Value {
    line_of(layer, || {
        let policy = IdPolicy::Accept;
        let service = support::service(|_| Ok::<_, std::convert::Infallible>(status(200, "hello")));
        let mut service = MonitorLayer::new(monitor).route(|_| Some("/items/{id}")).id_policy(policy).layer(service);
        let response = ready(service.call(request)).expect("a response");
        support::text(response);
    })
}

#[test]
fn the_line_of_a_request_says_the_same_as_the_event_does_to_others() {
    let monitor = monitor();
    let request = || {
        let mut request = get("/items/7?token=x");
        for (name, value) in [("user-agent", "curl/8 (jo@example.org)"), ("x-request-id", "edge-17")] {
            request.headers_mut().insert(name, http::HeaderValue::from_static(value));
        }
        request
    };
    let line = request_line(&monitor, JsonLayer::new(&monitor), request());
    let log = Log::default();
    log.during(|| {
        let service = support::service(|_| Ok::<_, std::convert::Infallible>(status(200, "hello")));
        let mut service =
            MonitorLayer::new(&monitor).route(|_| Some("/items/{id}")).id_policy(IdPolicy::Accept).layer(service);
        support::text(ready(service.call(request())).expect("a response"));
    });
    let theirs = log.request_line();
    let changing = ["trace_id", "duration_ms"];
    for (key, value) in theirs.as_object().unwrap().iter().filter(|(key, _)| !changing.contains(&key.as_str())) {
        assert_eq!(line.get(key), Some(value), "{key}");
    }
    says(&line, json!({"message": "request", "level": "INFO", "status_code": 200, "path": "/items/{id}"}));
    assert!(line["duration_ms"].as_f64().is_some_and(|took| took < 10_000.0));
    assert_eq!(
        line["request_id"].as_str().and_then(RequestId::accept).map(|id| id.to_string()),
        Some("edge-17".into())
    );
}

/// Collects the names of the fields that events declare.
#[derive(Clone, Default)]
struct Declared(Arc<Mutex<BTreeSet<&'static str>>>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Declared {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        let names = event.metadata().fields().iter().map(|field| field.name());
        self.0.lock().expect("no holder panics").extend(names);
    }
}

#[test]
fn the_line_of_a_request_has_the_fields_that_its_event_declares() {
    let (monitor, log, declared) = (monitor(), Log::default(), Declared::default());
    let failing = support::service(|_| {
        scope::set_user("42");
        let mut response = status(200, "");
        response.headers_mut().insert("grpc-status", http::HeaderValue::from(13));
        Ok::<_, std::convert::Infallible>(response)
    });
    let mut service = MonitorLayer::new(&monitor).peer(|_| Some([192, 0, 2, 7].into())).layer(failing);
    let mut request = support::grpc_request("/shop.Stock/Count");
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    for (name, value) in [("user-agent", "curl/8"), ("x-request-id", "edge-17"), ("traceparent", traceparent)] {
        request.headers_mut().insert(name, http::HeaderValue::from_static(value));
    }
    through(JsonLayer::new(&monitor).writer(log.writer()).and_then(declared.clone()), || {
        support::text(ready(service.call(request)).expect("a response"));
    });
    let line: BTreeMap<String, Value> = serde_json::from_str(&log.text()).unwrap();
    let of_every_line = ["timestamp", "level", "target", "service", "release", "environment"];
    let keys: BTreeSet<_> = line.keys().map(String::as_str).filter(|key| !of_every_line.contains(key)).collect();
    assert_eq!(keys, *declared.0.lock().unwrap());
}

#[test]
fn requests_of_one_route_have_lines_of_their_own_where_they_differ() {
    let (by_route, by_path) = (monitor(), builder().show_raw_paths(true).build().unwrap());
    let asked =
        [("GET", "/items/7", 200), ("GET", "/items/8", 404), ("POST", "/items/7", 200), ("GET", "/items/7", 503)];
    let once = || [&by_route, &by_path].into_iter().flat_map(|monitor| asked.map(|asked| (monitor, asked)));
    // The second round finds all lines cached.
    let all = || once().chain(once());
    let lines = lines_of(JsonLayer::new(&by_route), || {
        for (monitor, (method, path, answer)) in all() {
            let service = support::service(move |_| Ok::<_, std::convert::Infallible>(status(answer, "hello")));
            let mut service = MonitorLayer::new(monitor).route(|_| Some("/items/{id}")).layer(service);
            let request = Request::builder().method(method).uri(path).body(()).unwrap();
            support::text(ready(service.call(request)).expect("a response"));
        }
    });
    assert_eq!(lines.len(), all().count());
    for (line, (monitor, (method, path, answer))) in lines.into_iter().zip(all()) {
        let path = if std::ptr::eq(monitor, &raw const by_path) { path } else { "/items/{id}" };
        let line = Value::Object(line.into_iter().collect());
        says(&line, json!({"method": method, "path": path, "route": "/items/{id}", "status_code": answer}));
        let trace: String = line["request_id"].as_str().unwrap().split('-').collect();
        assert_eq!(line["trace_id"], trace.as_str());
        assert_eq!(line.get("error_type"), (answer == 503).then(|| json!("503")).as_ref());
    }
}

#[test]
fn a_very_long_path_is_cut_as_well() {
    let monitor = builder().show_raw_paths(true).build().unwrap();
    let line = request_line(&monitor, JsonLayer::new(&monitor), get(&format!("/{}", "a".repeat(20_000))));
    assert!(line["path"].as_str().unwrap().ends_with("aaa…[cut, 20001 bytes]"), "{line}");
}

#[test]
fn opentelemetry_has_names_of_its_own() {
    let monitor = monitor();
    let line = request_line(&monitor, JsonLayer::new(&monitor).field_names(FieldNames::OpenTelemetry), get("/items/7"));
    says(
        &line,
        json!({"severity_text": "INFO", "severity_number": 9, "body": "request", "service.name": "shop",
               "http.request.method": "GET", "http.route": "/items/{id}", "http.response.status_code": 200}),
    );
    assert_eq!((line.get("level"), line.get("message"), line.get("status_code")), (None, None, None));
}

proptest! {
    #[test]
    fn whatever_is_logged_is_one_line_of_json_that_says_it(text in ".{0,80}|[\\x00-\\x1f\"\\\\\u{7f}-\u{9f}]{0,20}") {
        let open = Monitor::builder("shop").log(None).redaction(Redaction::off()).build().unwrap();
        let line = line_of(JsonLayer::new(&open), || info!(text = text.as_str(), debug = %text, "{text}"));
        for key in ["text", "debug", "message"] {
            prop_assert_eq!(line[key].as_str(), Some(text.as_str()));
        }
    }

    #[test]
    fn no_line_holds_what_a_terminal_obeys_or_what_turns_it_around(
        text in "[\\x00-\\x1f\u{7f}-\u{9f}\u{2028}-\u{202e}\u{2066}-\u{2069}\u{feff}a-c]{0,20}",
    ) {
        let (json, readable, monitor) = (Log::default(), Log::default(), monitor());
        let layers = JsonLayer::new(&monitor)
            .writer(json.writer())
            .and_then(ReadableLayer::new(&monitor).writer(readable.writer()));
        through(layers, || info!(text = text.as_str(), debug = %text, "{text}"));
        for line in [json.text(), readable.text()] {
            prop_assert!(!line.trim_end_matches('\n').contains(escape::is_unsafe), "{:?}", line);
        }
    }
}

#[test]
fn lines_logged_in_a_scope_are_breadcrumbs_of_its_errors() {
    let (monitor, memory) = watched();
    let layer = BreadcrumbLayer::new().target("quiet", tracing::level_filters::LevelFilter::ERROR);
    through(layer, || {
        info!("outside");
        Scope::new(&monitor).in_scope(|| {
            info!(target: "cart", items = 3, "filled");
            tracing::debug!(target: "cart", "not kept");
            info!(target: "quiet", "not kept");
            warn!(target: "monitor::request", "not kept");
            scope::add_breadcrumb("by hand", "kept");
            monitor.capture_message("no stock", Level::Error);
        });
    });
    let event = only_event(&monitor, &memory);
    let crumbs: Vec<_> = event.scope.breadcrumbs.iter().map(|crumb| (&*crumb.category, &*crumb.message)).collect();
    assert_eq!(crumbs, [("cart", "filled"), ("by hand", "kept")]);
    assert_eq!(event.scope.breadcrumbs[0].data, json!({"items": 3}));
}

#[test]
fn an_error_that_is_logged_is_an_event_where_that_is_asked_for() {
    let (monitor, memory) = watched();
    let failure = support::Failure::new("no stock").because(support::Failure::new("empty shelf"));
    let log = || error!(error = &failure as &dyn std::error::Error, "the order failed");
    let layer = BreadcrumbLayer::new().capture_errors(true);
    through(layer, || {
        log();
        Scope::new(&monitor).in_scope(log);
    });
    flush(&monitor);
    let event = only_event(&monitor, &memory);
    assert_eq!(
        (event.failure.message.as_str(), support::causes(&event), event.failure.handled),
        ("no stock", vec!["empty shelf"], true)
    );
    let location = event.failure.location.as_ref().unwrap();
    assert!(location.to_string().starts_with("tests/it/logs.rs:"), "{location}");
}

#[test]
fn the_line_of_a_request_that_no_route_matched_has_its_path_masked_and_cut() {
    let monitor = monitor();
    let (json, readable) = (Log::default(), Log::default());
    let layers =
        JsonLayer::new(&monitor).writer(json.writer()).and_then(ReadableLayer::new(&monitor).writer(readable.writer()));
    let long = format!("/{}", "a/".repeat(1_000));
    through(layers, || {
        for path in ["/wp-login.php", "/pay/4111111111111111", &long] {
            support::visit(&monitor, get(path), || status(404, "no"));
        }
    });
    let lines: Vec<Value> = json.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().all(|line| line["route"] == "_unmatched" && line["status_code"] == 404), "{lines:#?}");
    let paths: Vec<_> = lines.iter().map(|line| line["path"].as_str().unwrap()).collect();
    assert_eq!(paths[..2], ["/wp-login.php", "/pay/[Filtered]"]);
    assert!(paths[2].len() < 300 && paths[2].starts_with("/a/a/") && paths[2].ends_with('…'), "{}", paths[2]);
    for path in paths {
        assert!(readable.text().contains(&format!("request_warning GET {path} 404 in ")), "{}", readable.text());
    }
}

#[test]
fn the_path_of_a_404_is_masked_before_it_is_cut() {
    let monitor = monitor();
    let (json, readable) = (Log::default(), Log::default());
    let layers =
        JsonLayer::new(&monitor).writer(json.writer()).and_then(ReadableLayer::new(&monitor).writer(readable.writer()));
    let secrets = ["password=hunter2hunter2", "password%3Dhunter2hunter2", "4111111111111111"];
    through(layers, || {
        for (secret, shown) in
            secrets.into_iter().flat_map(|secret| (1..secret.len()).map(move |shown| (secret, shown)))
        {
            let before = "/".to_owned() + &"a".repeat(254 - shown) + "/";
            support::visit(&monitor, get(&(before + secret + "/and/more")), || status(404, "no"));
        }
    });
    for text in [json.text(), readable.text()] {
        assert!(text.lines().count() > 50 && text.lines().all(|line| line.contains("/aaaa")), "{text}");
        assert!(!text.contains("hunter") && !text.contains("/4111"), "{text}");
    }
}

#[test]
fn no_value_of_a_line_for_people_looks_like_another_field() {
    let forged = "7\" admin=\"true";
    let (monitor, log) = (monitor(), Log::default());
    let layer = ReadableLayer::new(&monitor).writer(log.writer());
    through(layer, || {
        info!(
            target: "shop",
            text = forged, shown = %forged, debug = ?forged, pair = %"a=b c", n = ?Some(7),
            "sent"
        );
    });
    let quoted = r#""7\" admin=\"true""#;
    let expected = format!("shop: sent text={quoted} shown={quoted} debug={quoted} pair=\"a=b c\" n=Some(7)\n");
    assert_eq!(&log.text()[19..], expected);
}

#[test]
fn a_raw_path_turns_no_line_around() {
    let (json, readable) = (Log::default(), Log::default());
    let monitor = builder().show_raw_paths(true).build().unwrap();
    let layers =
        JsonLayer::new(&monitor).writer(json.writer()).and_then(ReadableLayer::new(&monitor).writer(readable.writer()));
    through(layers, || support::visit(&monitor, get("/a\u{202e}b"), || status(200, "")));
    for line in [json.text(), readable.text()] {
        assert!(line.contains("202e") && !line.contains('\u{202e}'), "{line}");
    }
}

#[test]
fn a_line_of_a_captured_error_has_the_place_of_the_error() {
    let log = Log::default();
    let layer = JsonLayer::new(&monitor()).writer(log.writer());
    let dispatch = tracing::Dispatch::new(tracing_subscriber::registry().with(layer));
    let monitor = builder().log(LogReporter::new().dispatch(dispatch)).build().unwrap();
    let line = line!() + 1;
    monitor.capture_error(&support::Failure::new("no stock"));
    flush(&monitor);
    let logged: Value = serde_json::from_str(log.text().trim_end()).unwrap();
    says(
        &logged,
        json!({"message": "handled_exception", "file": file!(), "line": line, "file_2": null, "line_2": null}),
    );
}

#[test]
fn a_line_for_people_says_a_request_in_one_look() {
    let monitor = monitor();
    let log = Log::default();
    let layer = ReadableLayer::new(&monitor).writer(log.writer());
    through(layer, || {
        support::text(support::serve(&monitor, status(404, "no")));
        info!(target: "shop", order_id = 123, note = "a b", "order_processed");
    });
    let text = log.text();
    let (request, order) = text.split_once('\n').unwrap();
    assert!(request[12..].starts_with("  WARN request_warning GET / 404 in "), "{request}");
    assert!(request.contains("  request_id="), "{request}");
    assert_eq!(&order[12..], "  INFO shop: order_processed order_id=123 note=\"a b\"\n");
}
