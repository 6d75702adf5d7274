//! In an axum router, routes are its templates, and the scope is an extractor.

use std::{collections::BTreeMap, convert::Infallible, net::SocketAddr, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    routing::{get, get_service, post},
};
use http::{Request, Response};
use monitor_kit::{CurrentScope, Monitor, MonitorLayer, Outcome, scope};
use tower::{Layer, ServiceBuilder, ServiceExt, timeout::TimeoutLayer};

use crate::support::{Log, assert_nothing_captured, assert_nothing_counted, monitor, only_event, ready, text, watched};

#[test]
fn a_route_is_its_template() {
    let monitor = monitor();
    let app = Router::new().route("/todos/{id}", get(ok)).layer(MonitorLayer::new(&monitor));
    send(app, "/todos/7");
    assert_eq!(routes(&monitor), ["GET /todos/{id}"]);
}

/// axum-prometheus#4, axum#386.
#[test]
fn a_nested_route_is_its_whole_template() {
    let monitor = monitor();
    let todos = Router::new().route("/todos/{id}", get(ok));
    let app = Router::new().nest("/api/{version}", todos).layer(MonitorLayer::new(&monitor));
    send(app, "/api/v1/todos/7");
    assert_eq!(routes(&monitor), ["GET /api/{version}/todos/{id}"]);
}

#[test]
fn a_nested_route_is_its_whole_template_to_a_layer_further_in() {
    let monitor = monitor();
    let todos = Router::new().route("/todos/{id}", get(ok)).layer(MonitorLayer::new(&monitor));
    send(Router::new().nest("/api", todos), "/api/todos/7");
    assert_eq!(routes(&monitor), ["GET /api/todos/{id}"]);
}

#[test]
fn routes_below_a_nested_service_are_unmatched() {
    let monitor = monitor();
    let files = tower::service_fn(|_: Request<Body>| async { Ok::<_, Infallible>(Response::new(Body::from("file"))) });
    let app = Router::new().nest_service("/files", get_service(files)).layer(MonitorLayer::new(&monitor));
    send(app.clone(), "/files/a");
    send(app, "/files/b");
    assert_eq!(routes(&monitor), ["GET _unmatched"]);
}

#[test]
fn a_service_mounted_below_a_path_has_one_route() {
    let monitor = monitor();
    let files = tower::service_fn(|_: Request<Body>| async { Ok::<_, Infallible>(Response::new(Body::from("file"))) });
    let todos = Router::new().route("/{id}", get(ok)).fallback(ok);
    let app = Router::new().nest_service("/files", get_service(files)).nest("/todos", todos).fallback(ok);
    let app = app.layer(MonitorLayer::new(&monitor).mount("/files").mount("/todos"));
    for path in ["/files/a", "/files/b/c", "/todos/7", "/todos/7/8", "/wp-login.php"] {
        assert_eq!(send(app.clone(), path).status(), 200);
    }
    assert_eq!(
        started(&monitor),
        counts([("/files/{*rest}", 2), ("/todos/{id}", 1), ("/todos/{*rest}", 1), ("_unmatched", 1)])
    );
}

/// fogo-sessions#618: 179,000 series.
#[test]
fn a_path_without_a_route_is_unmatched() {
    let monitor = monitor();
    let app = Router::new().route("/todos", get(ok)).layer(MonitorLayer::new(&monitor));
    send(app.clone(), "/wp-login.php");
    send(app, "/wp-admin.php");
    assert_eq!(routes(&monitor), ["GET _unmatched"]);
}

/// axum#3421, axum#3567: a fallback has no `MatchedPath`.
#[test]
fn a_fallback_of_ones_own_is_unmatched_also_when_nested() {
    let monitor = monitor();
    let todos = Router::new().route("/{id}", get(ok)).fallback(ok);
    let app = Router::new().nest("/todos", todos).fallback(ok).layer(MonitorLayer::new(&monitor));
    for path in ["/todos/7", "/todos/7/8", "/wp-login.php"] {
        assert_eq!(send(app.clone(), path).status(), 200);
    }
    assert_eq!(started(&monitor), counts([("/todos/{id}", 1), ("_unmatched", 2)]));
}

#[test]
fn merged_routers_with_a_layer_each_count_a_request_once() {
    let monitor = monitor();
    let router = |route| Router::new().route(route, get(ok)).layer(MonitorLayer::new(&monitor));
    let app = router("/a").merge(router("/b"));
    ["/a", "/b", "/b"].into_iter().for_each(|path| drop(send(app.clone(), path)));
    assert_eq!(started(&monitor), counts([("/a", 1), ("/b", 2)]));
}

/// As documented: axum applies a layer to the routes added so far.
#[test]
fn a_route_added_after_the_layer_is_not_seen() {
    let monitor = monitor();
    let app = Router::new().route("/a", get(ok)).layer(MonitorLayer::new(&monitor)).route("/late", get(ok));
    send(app, "/late");
    assert_nothing_counted(&monitor);
}

#[test]
fn around_the_whole_router_everything_is_seen_but_no_route() {
    let monitor = monitor();
    let app = MonitorLayer::new(&monitor).layer(Router::new().route("/todos/{id}", get(ok)));
    let request = Request::get("/todos/7").body(Body::empty()).unwrap();
    assert_eq!(ready(app.oneshot(request)).unwrap().status(), 200);
    assert_eq!(routes(&monitor), ["GET _unmatched"]);
}

/// axum removes the body outside of the layer. tower-http 0.7.1 takes that for a client that left.
#[test]
fn head_on_a_route_for_get_is_completed() {
    let monitor = monitor();
    let app = Router::new().route("/todos", get(ok)).layer(MonitorLayer::new(&monitor));
    let request = Request::head("/todos").body(Body::empty()).unwrap();
    drop(ready(app.oneshot(request)).unwrap());
    assert_eq!(monitor.traffic().unwrap().read()[0].outcome(Outcome::Completed), 1);
}

#[test]
fn a_method_that_is_not_allowed_is_counted_on_its_route() {
    let monitor = monitor();
    let app = Router::new().route("/todos", post(ok)).layer(MonitorLayer::new(&monitor));
    assert_eq!(send(app, "/todos").status(), 405);
    assert_eq!(routes(&monitor), ["GET /todos"]);
}

#[test]
fn the_scope_is_an_extractor() {
    async fn show(CurrentScope(scope): CurrentScope) -> String {
        format!("{} {}", scope.route(), scope.id())
    }
    let app = Router::new().route("/todos", get(show)).layer(MonitorLayer::new(&monitor()));
    let response = send(app, "/todos");
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    assert_eq!(text(response), format!("/todos {id}"));
}

#[test]
fn outside_a_monitored_request_the_extractor_gives_an_empty_scope() {
    async fn show(CurrentScope(scope): CurrentScope) -> String {
        scope.route().to_owned()
    }
    assert_eq!(text(send(Router::new().route("/todos", get(show)), "/todos")), "");
}

#[test]
fn an_untracked_path_is_known_through_nesting() {
    let (monitor, memory) = watched();
    let inside = Router::new().route("/live", get(|| async { http::StatusCode::SERVICE_UNAVAILABLE }));
    let app = Router::new().nest("/health", inside.layer(MonitorLayer::new(&monitor)));
    assert_eq!(send(app, "/health/live").status(), 503);
    assert_nothing_counted(&monitor);
    assert_nothing_captured(&monitor, &memory);
}

#[test]
fn a_panicking_handler_is_an_issue_of_its_route() {
    async fn fail() {
        panic!("boom")
    }
    let (monitor, memory) = watched();
    let app = Router::new().route("/error", get(fail)).layer(MonitorLayer::new(&monitor));
    assert_eq!(send(app, "/error").status(), 500);
    assert_eq!(only_event(&monitor, &memory).scope.route, "/error");
}

#[test]
fn the_log_line_says_what_happened() {
    let log = Log::default();
    let app = Router::new().route("/todos/{id}", get(for_user)).layer(MonitorLayer::new(&monitor()));
    let response = log.during(|| {
        let response = send(app, "/todos/7?secret=1");
        let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        text(response);
        id
    });
    let line = log.request_line();
    assert!(line["duration_ms"].as_f64().is_some());
    let mut rest = line.as_object().unwrap().clone();
    rest.remove("duration_ms");
    let expected = serde_json::json!({
        "level": "INFO", "message": "request", "request_id": response, "method": "GET", "path": "/todos/{id}",
        "route": "/todos/{id}", "status_code": 200, "outcome": "completed", "user_agent": "curl/8",
        "remote_addr": "192.0.2.0", "user_id": "42", "trace_id": response.replace('-', ""),
    });
    assert_eq!(serde_json::Value::from(rest), expected);
}

#[test]
fn the_log_line_is_written_when_the_body_ends() {
    let log = Log::default();
    let app = Router::new().route("/", get(ok)).layer(MonitorLayer::new(&monitor()));
    log.during(|| {
        let response = send(app, "/");
        assert!(log.lines("monitor::request").is_empty());
        text(response);
    });
    assert_eq!(log.lines("monitor::request").len(), 1);
}

#[test]
fn a_missing_page_is_a_warning_in_the_log() {
    assert_eq!(level_and_message(404, "/"), ("WARN".into(), "request_warning".into()));
}

#[test]
fn a_failure_is_an_error_in_the_log() {
    assert_eq!(level_and_message(500, "/"), ("ERROR".into(), "request_error".into()));
}

#[test]
fn an_untracked_request_is_there_for_debugging_only() {
    assert_eq!(level_and_message(503, "/health"), ("DEBUG".into(), "request".into()));
}

#[test]
fn a_slow_request_is_a_warning_in_the_log() {
    let log = Log::default();
    let layer = MonitorLayer::new(&monitor()).slow_after(Duration::ZERO);
    log.during(|| send(Router::new().route("/", get(|| async {})).layer(layer), "/"));
    assert_eq!(log.request_line()["message"], "slow_request");
}

#[tokio::test(start_paused = true)]
async fn a_stack_with_a_time_out_needs_no_handler_of_its_errors() {
    let monitor = monitor();
    let stack = ServiceBuilder::new()
        .layer(MonitorLayer::new(&monitor).respond_to_errors())
        .layer(TimeoutLayer::new(Duration::from_secs(1)));
    let app: Router = Router::new().route("/slow", get(std::future::pending::<()>)).layer(stack);
    let response = app.oneshot(Request::get("/slow").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 504);
    assert_eq!(&*monitor.traffic().unwrap().read()[0].route, "/slow");
}

async fn ok() -> &'static str {
    "ok"
}

async fn for_user() -> &'static str {
    scope::set_user("42");
    "ok"
}

fn send(app: Router, path: &str) -> Response<Body> {
    let peer = ConnectInfo(SocketAddr::from(([192, 0, 2, 77], 4711)));
    let request = Request::get(path).header("user-agent", "curl/8").extension(peer).body(Body::empty());
    ready(app.oneshot(request.expect("the path is right"))).unwrap_or_else(|error| match error {})
}

fn routes(monitor: &Monitor) -> Vec<String> {
    let read = monitor.traffic().expect("the monitor is enabled").read();
    read.iter().map(|route| format!("{} {}", route.method.as_str(), route.route)).collect()
}

fn counts<const N: usize>(counts: [(&str, u64); N]) -> BTreeMap<String, u64> {
    counts.map(|(route, count)| (route.to_owned(), count)).into()
}

fn started(monitor: &Monitor) -> BTreeMap<String, u64> {
    let read = monitor.traffic().expect("the monitor is enabled").read();
    read.iter().map(|route| (route.route.to_string(), route.started)).collect()
}

fn level_and_message(status: u16, path: &str) -> (serde_json::Value, serde_json::Value) {
    let log = Log::default();
    let status = http::StatusCode::from_u16(status).expect("a status");
    let app = Router::new().route(path, get(move || async move { status })).layer(MonitorLayer::new(&monitor()));
    log.during(|| send(app, path));
    let line = log.request_line();
    (line["level"].clone(), line["message"].clone())
}
