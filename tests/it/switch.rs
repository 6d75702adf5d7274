//! Disabled routes: responses to clients, and counters.

use std::{convert::Infallible, time::Duration};

use axum::{Router, routing::get as getting};
use http::{Method, Request, Response, StatusCode};
use monitor_kit::{
    DisableRoute, KnownMethod, Limits, Monitor, MonitorLayer, Outcome, RequestIdLayer, RouteSwitchLayer, Signal,
    TimingLayer, traffic::Lookback,
};
use serde_json::Value;
use tower::{Layer, ServiceExt};

use crate::support::{
    Log, Text, builder, call, dropped, flush, get, grpc_request, monitor, page, poll_once, ready, service, shows,
    status, text, watched_by,
};

#[test]
fn a_request_to_a_disabled_route_is_refused_with_a_problem_and_a_time_to_come_back() {
    let monitor = switched_off(&["GET /error"]);
    let response = ask(&monitor, "/error");
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (503, &http::HeaderValue::from(60)));
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert!(response.headers().contains_key("x-request-duration"));
    let problem: Value = serde_json::from_str(&text(response)).unwrap();
    let expected = serde_json::json!({
        "type": "about:blank", "title": "Service Unavailable", "status": 503, "request_id": id,
    });
    assert_eq!(problem, expected);
}

#[test]
fn the_service_is_not_asked_and_every_other_route_is_served() {
    let monitor = switched_off(&["GET /error"]);
    let mut asked = Vec::new();
    let layer = MonitorLayer::new(&monitor);
    for (method, path) in [("GET", "/error"), ("POST", "/error"), ("GET", "/todos"), ("HEAD", "/error")] {
        let request = Request::builder().method(method).uri(path).body(()).unwrap();
        drop(call(&layer, request, || {
            asked.push((method, path));
            status(200, "")
        }));
    }
    assert_eq!(asked, [("POST", "/error"), ("GET", "/todos")], "what is asked with HEAD is what GET has");
}

#[test]
fn refused_requests_are_counted_apart_and_stay_out_of_the_ratio() {
    let monitor = switched_off(&["/error"]);
    for path in ["/error", "/error", "/todos", "/todos"] {
        drop(ask(&monitor, path));
    }
    let traffic = monitor.traffic().unwrap();
    let recent = traffic.recent(Lookback::Seconds(60)).total;
    assert_eq!((recent.count, recent.failed, recent.error_ratio()), (2, 0, Some(0.0)));
    let error =
        traffic.read().into_iter().find(|counts| &*counts.route == "/error" && counts.method == KnownMethod::Get);
    let error = error.unwrap();
    assert_eq!((error.started, error.active(), error.outcome(Outcome::Refused), error.settled), (2, 0, 2, true));
    let page = page(&monitor);
    let of = |name: &str, route: &str| format!(r#"{name}{{http_request_method="GET",http_route="{route}"}}"#);
    shows(&page, &format!("{} 1", of("http_server_route_disabled", "/error")));
    shows(&page, &format!("{} 0", of("http_server_route_disabled", "/todos")));
    shows(&page, &format!("{} 2", of("http_server_requests_refused_total", "/error")));
    shows(&page, &format!("{} 0", of("http_server_requests_refused_total", "/todos")));
    assert!(!page.contains("http_response_status_code=\"503\""), "{page}");
}

#[test]
fn a_refusal_is_no_error_in_the_log_and_no_issue() {
    let log = Log::default();
    let monitor = switched_off(&["/error"]);
    log.during(|| drop(ask(&monitor, "/error")));
    let line = log.request_line();
    let seen = ["level", "message", "outcome"].map(|key| line[key].as_str());
    assert_eq!((seen, line.get("error_type")), (["WARN", "request_refused", "refused"].map(Some), None));
    flush(&monitor);
    assert!(monitor.issues().is_empty());
}

#[test]
fn once_enabled_it_is_served_again() {
    let monitor = switched_off(&["/error"]);
    assert_eq!(ask(&monitor, "/error").status(), 503);
    monitor.enable_route("/error", None, "ada").unwrap();
    assert_eq!(ask(&monitor, "/error").status(), 200);
    shows(&page(&monitor), r#"http_server_route_disabled{http_request_method="GET",http_route="/error"} 0"#);
}

#[test]
fn each_change_is_a_signal_with_its_actor() {
    let (monitor, memory) = watched_by(builder().routes([("GET", "/error")]));
    monitor.disable_route(DisableRoute::new("/error", "ada").reason("divides by zero")).unwrap();
    monitor.enable_route("/error", None, "bob").unwrap();
    monitor.disable_route(DisableRoute::new("/error", "ada").expires_in(Duration::from_millis(1))).unwrap();
    let changes = || -> Vec<_> {
        let changes = memory.signals().into_iter().filter_map(|signal| match signal {
            Signal::RouteDisabled(disabled) => Some((disabled.name(), Some(disabled.actor.clone()))),
            Signal::RouteEnabled(enabled) => Some((enabled.disabled.name(), enabled.actor.clone())),
            _ => None,
        });
        changes.collect()
    };
    // The last one expires by itself; housekeeping publishes that.
    for _ in 0..2000 {
        if changes().len() == 4 {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let by = |actor: Option<&str>| (String::from("/error"), actor.map(str::to_owned));
    assert_eq!(changes(), [by(Some("ada")), by(Some("bob")), by(Some("ada")), by(None)]);
}

#[test]
fn the_log_says_who_changed_what() {
    let log = Log::default();
    let reporter = monitor_kit::LogReporter::new().dispatch(log.dispatch());
    let monitor = Monitor::builder("shop").routes([("GET", "/error")]).log(reporter).build().unwrap();
    let order = DisableRoute::new("/error", "ada").reason("divides by zero").expires_in(Duration::from_secs(60));
    monitor.disable_route(order.method(KnownMethod::Get)).unwrap();
    monitor.enable_route("/error", Some(KnownMethod::Get), "bob").unwrap();
    flush(&monitor);
    let lines = log.lines("monitor::switch");
    let seen = |at: usize, keys: [&str; 4]| keys.map(|key| lines[at][key].as_str().unwrap_or_default().to_owned());
    assert_eq!(
        seen(0, ["message", "route", "actor", "reason"]),
        ["route_disabled", "GET /error", "ada", "divides by zero"]
    );
    assert!(lines[0]["until"].as_str().unwrap().ends_with('Z'));
    assert_eq!(seen(1, ["message", "route", "actor", "reason"]), ["route_enabled", "GET /error", "bob", ""]);
}

#[test]
fn the_status_may_be_another() {
    let monitor = switched_off(&["/error"]);
    for (status_code, expected) in [(StatusCode::NOT_FOUND, 404), (StatusCode::OK, 503), (StatusCode::FOUND, 503)] {
        let layer = MonitorLayer::new(&monitor).refusal_status(status_code);
        let response = call(&layer, get("/error"), || status(200, ""));
        assert_eq!(response.status(), expected);
        assert!(text(response).contains(&format!(r#""status":{expected}"#)));
    }
}

#[test]
fn a_grpc_call_is_refused_as_unavailable() {
    let monitor = switched_off(&["/error"]);
    let request = grpc_request("/error");
    let response = call(&MonitorLayer::new(&monitor), request, || status(200, ""));
    assert_eq!((response.status().as_u16(), &response.headers()["grpc-status"]), (200, &http::HeaderValue::from(14)));
    assert_eq!(response.headers()["retry-after"], "60");
    assert_eq!(text(response), "");
}

#[test]
fn a_template_is_disabled_with_all_its_paths() {
    let (monitor, _) = watched_by(builder().routes([("GET", "/items/{id}")]));
    monitor.disable_route(DisableRoute::new("/items/{id}", "ada")).unwrap();
    let app = Router::new().route("/items/{id}", getting(|| async {})).route("/items/first", getting(|| async {}));
    let app = app.layer(MonitorLayer::new(&monitor));
    let status = |path: &str| {
        let request = Request::get(path).body(axum::body::Body::empty()).unwrap();
        ready(app.clone().oneshot(request)).unwrap().status().as_u16()
    };
    assert_eq!(["/items/1", "/items/2", "/items/first", "/nowhere"].map(status), [503, 503, 200, 404]);
}

#[test]
fn a_template_that_covers_everything_leaves_health_in_service() {
    let (monitor, _) = watched_by(builder().routes([("GET", "/{*path}")]).protected_routes(["/admin"]));
    monitor.disable_route(DisableRoute::new("/{*path}", "ada")).unwrap();
    let app = Router::new().route("/{*path}", getting(|| async {})).layer(MonitorLayer::new(&monitor));
    let status = |path: &str| {
        let request = Request::get(path).body(axum::body::Body::empty()).unwrap();
        ready(app.clone().oneshot(request)).unwrap().status().as_u16()
    };
    assert_eq!(["/anything", "/health/live", "/metrics", "/admin/routes"].map(status), [503, 200, 200, 200]);
}

#[test]
fn a_route_past_the_limit_of_series_is_found_all_the_same() {
    struct StoredRoute;
    impl monitor_kit::Persist for StoredRoute {
        fn load(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, monitor_kit::BoxError> {
            if prefix != "disabled-routes" {
                return Ok(Vec::new());
            }
            let disabled = serde_json::json!({
                "route": "/late", "method": null, "reason": "", "actor": "ada", "since": "2026-01-01T00:00:00Z",
                "until": null, "retry_after_seconds": 60,
            });
            let stored = serde_json::json!({ "version": 1, "disabled": [disabled] });
            Ok(vec![(prefix.to_owned(), stored.to_string().into())])
        }

        fn save(&self, _: &[monitor_kit::StoreWrite]) -> Result<u64, monitor_kit::BoxError> {
            Ok(0)
        }
    }
    let (monitor, memory) = watched_by(builder().limits(Limits::new().series(1)).persist(StoredRoute));
    let of = |route: &'static str| MonitorLayer::new(&monitor).route(move |_| Some(route));
    assert_eq!(call(&of("/early"), get("/"), || status(200, "")).status(), 200);
    assert_eq!(call(&of("/late"), get("/"), || status(200, "")).status(), 503);
    flush(&monitor);
    let published = memory.signals().iter().filter(|signal| matches!(signal, Signal::RouteDisabled(_))).count();
    assert_eq!(published, 1, "a route that is still disabled after a restart is published again");
}

#[test]
fn the_layer_alone_leaves_requests_alone_while_nothing_is_disabled() {
    let monitor = builder().routes([("GET", "/error")]).build().unwrap();
    let mut in_scope = true;
    let asked = service(|_| {
        in_scope = monitor_kit::scope::current().is_some();
        Ok::<_, Infallible>(status(200, ""))
    });
    let response = ready(RouteSwitchLayer::new(&monitor).layer(asked).oneshot(get("/error"))).unwrap();
    assert_eq!((response.headers().len(), in_scope), (0, false));
}

#[test]
fn a_route_that_was_asked_for_is_known_without_being_declared() {
    let monitor = monitor();
    let layer = MonitorLayer::new(&monitor).route(|_| Some("/found"));
    assert!(monitor.disable_route(DisableRoute::new("/found", "ada")).is_err());
    drop(call(&layer, get("/found"), || status(200, "")));
    monitor.disable_route(DisableRoute::new("/found", "ada")).unwrap();
    assert_eq!(call(&layer, get("/found"), || status(200, "")).status(), 503);
}

#[test]
fn the_layer_alone_refuses_in_any_order_and_the_others_know_it() {
    for timing_is_outside in [true, false] {
        let monitor = switched_off(&["/error"]);
        let (switch, timing) = (RouteSwitchLayer::new(&monitor), TimingLayer::new(&monitor));
        let asked = service(|_| Ok::<_, Infallible>(status(200, "")));
        let (status, has_id) = if timing_is_outside {
            answer(RequestIdLayer::new().layer(timing.layer(switch.layer(asked))))
        } else {
            answer(switch.layer(RequestIdLayer::new().layer(timing.layer(asked))))
        };
        assert_eq!((status, has_id), (503, true), "{timing_is_outside}");
        let refused: u64 =
            monitor.traffic().unwrap().read().iter().map(|counts| counts.outcome(Outcome::Refused)).sum();
        let failed: u64 = monitor.traffic().unwrap().recent(Lookback::Seconds(60)).total.failed;
        assert_eq!((refused, failed), (u64::from(timing_is_outside), 0));
    }
}

#[test]
fn a_refusal_counts_although_its_future_is_dropped() {
    let monitor = switched_off(&["/error"]);
    let asked = service(|_| -> Result<Response<Text>, Infallible> { unreachable!("the route is disabled") });
    drop(MonitorLayer::new(&monitor).layer(asked).oneshot(get("/error")));
    let mut pending = Box::pin(
        MonitorLayer::new(&monitor).layer(service(|_| Ok::<_, Infallible>(status(200, "")))).oneshot(get("/error")),
    );
    assert!(poll_once(pending.as_mut()).is_ready());
    drop(pending);
    let counts = monitor.traffic().unwrap().read();
    let error = counts.iter().find(|counts| &*counts.route == "/error" && counts.method == KnownMethod::Get).unwrap();
    assert_eq!((error.active(), error.outcome(Outcome::Refused)), (0, error.started));
}

#[test]
fn a_disabled_monitor_refuses_nothing() {
    let monitor = switched_off(&["/error"]);
    assert_eq!(ask(&Monitor::disabled(), "/error").status(), 200);
    assert_eq!(dropped(&monitor, "switch", monitor_kit::DropReason::NotPersisted), 0);
}

#[test]
fn a_disabled_route_is_refused_for_every_method_also_past_the_series_limit() {
    let monitor = builder().routes([("GET", "/items")]).limits(Limits::new().series(1)).build().unwrap();
    monitor.disable_route(DisableRoute::new("/items", "ada")).unwrap();
    let layer = MonitorLayer::new(&monitor).route(|_| Some("/items"));
    let request = |method| Request::builder().method(method).uri("/items").body(()).unwrap();
    assert_eq!(call(&layer, request("GET"), || status(200, "")).status(), 503);
    assert_eq!(call(&layer, request("POST"), || status(200, "")).status(), 503);
}

#[test]
fn the_longest_time_to_wait_does_not_panic() {
    let monitor = builder().routes([("GET", "/error")]).build().unwrap();
    monitor.disable_route(DisableRoute::new("/error", "ada").retry_after(Duration::MAX)).unwrap();
    assert_eq!(call(&MonitorLayer::new(&monitor), get("/error"), || status(200, "")).status(), 503);
}

#[test]
fn of_two_orders_that_cover_a_request_the_longer_one_says_when_to_come_back() {
    let monitor = builder().routes([("GET", "/error")]).build().unwrap();
    let order = |seconds| DisableRoute::new("/error", "ada").expires_in(Duration::from_secs(seconds));
    monitor.disable_route(order(5)).unwrap();
    monitor.disable_route(order(3600).method(KnownMethod::Get)).unwrap();
    let response = call(&MonitorLayer::new(&monitor), get("/error"), || status(200, ""));
    let wait: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!(wait > 3000, "{wait}");
}

#[test]
fn an_actor_is_truncated() {
    let (monitor, _) = watched_by(builder().routes([("GET", "/error")]));
    let huge = "a".repeat(1 << 20);
    let disabled = monitor.disable_route(DisableRoute::new("/error", huge.clone())).unwrap();
    assert!(disabled.actor.len() < 10_000);
    let enabled = monitor.enable_route("/error", None, &huge).unwrap();
    assert!(enabled.actor.as_ref().unwrap().len() < 10_000);
}

#[test]
fn a_route_that_is_over_cannot_be_enabled_once_more() {
    let (monitor, _) = watched_by(builder().routes([("GET", "/error")]));
    monitor.disable_route(DisableRoute::new("/error", "ada").expires_in(Duration::from_nanos(1))).unwrap();
    while !monitor.disabled_routes().is_empty() {}
    assert!(monitor.enable_route("/error", None, "bob").is_err(), "it was enabled already, by its time");
}

#[test]
fn an_unknown_route_injects_no_control_characters() {
    let monitor = builder().routes([("GET", "/error")]).build().unwrap();
    let error = monitor.disable_route(DisableRoute::new("/x\nFORGED \u{1b}[31m", "ada")).unwrap_err().to_string();
    assert!(!error.contains(char::is_control), "{error:?}");
}

/// With two concurrent operators, a subscriber of the signals must end in the actual state.
#[test]
fn changes_are_published_in_their_order() {
    let (monitor, memory) = watched_by(builder().routes([("GET", "/error")]).limits(Limits::new().queue(1 << 20)));
    let (on, off) = (monitor.clone(), monitor.clone());
    let disabling = std::thread::spawn(move || {
        for number in 0..5_000 {
            let order = DisableRoute::new("/error", "ada").reason(number.to_string());
            off.disable_route(order).unwrap();
        }
    });
    let enabling = std::thread::spawn(move || {
        while !disabling.is_finished() {
            let _ = on.enable_route("/error", None, "bob");
        }
    });
    let _ = enabling.join();
    flush(&monitor);
    let mut disabled_for = std::collections::HashSet::new();
    for signal in memory.signals() {
        match signal {
            Signal::RouteDisabled(disabled) => _ = disabled_for.insert(disabled.reason.clone()),
            Signal::RouteEnabled(enabled) => {
                let reason = &enabled.disabled.reason;
                assert!(disabled_for.contains(reason), "order {reason} is lifted before it is given");
            }
            _ => {}
        }
    }
}

fn answer<S, B>(stack: S) -> (u16, bool)
where
    S: tower::Service<Request<()>, Response = Response<B>, Error = Infallible>,
{
    let response = ready(stack.oneshot(get("/error"))).unwrap_or_else(|error| match error {});
    (response.status().as_u16(), response.headers().contains_key("x-request-id"))
}

fn ask(monitor: &Monitor, path: &str) -> Response<monitor_kit::ResponseBody<Text>> {
    call(&MonitorLayer::new(monitor), get(path), || status(200, ""))
}

/// Returns a monitor with three routes, of which these are disabled.
fn switched_off(names: &[&str]) -> Monitor {
    let routes = [(Method::GET, "/error"), (Method::POST, "/error"), (Method::GET, "/todos")];
    let routes = routes.map(|(method, route)| (method.to_string(), route));
    let monitor = builder().routes(routes).build().expect("the settings are right");
    for name in names {
        let (method, route) = name.split_once(' ').map_or((None, *name), |(method, route)| (Some(method), route));
        let order = DisableRoute::new(route, "ada");
        let order = match method {
            Some(method) => order.method(KnownMethod::from_name(method)),
            None => order,
        };
        monitor.disable_route(order).expect("the route is known");
    }
    monitor
}
