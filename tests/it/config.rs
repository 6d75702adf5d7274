//! Invalid settings are errors with a clear message when the monitor is built; a disabled monitor has no effect.

use std::{
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use http_body::Body;
use monitor_core::MemoryReporter;
use monitor_kit::{ErrorSettings, Limits, Monitor, MonitorBuilder, MonitorLayer, capture_error};
use tower::{Layer, ServiceExt};

use crate::support::{Failure, Text, builder, call, get, ready, serve, service, status, text};

#[test]
fn a_service_needs_a_name() {
    refuses(Monitor::builder(" "), "the service has no name: give Monitor::builder one, such as \"todo-api\"");
}

#[test]
fn a_declared_route_needs_a_known_method() {
    refuses(
        builder().routes([("BREW", "/pot")]),
        "the declared route `BREW /pot` has an unknown method: use GET, POST, …",
    );
}

#[test]
fn a_declared_route_begins_with_a_slash() {
    refuses(builder().routes([("GET", "todos")]), "the declared route `GET todos` must begin with `/`");
}

#[test]
fn a_template_in_the_form_of_axum_0_7_is_refused_with_what_to_write() {
    for (route, template) in
        [("/items/:id", "/items/{id}"), ("/:a/b/:c", "/{a}/b/{c}"), ("/assets/*path", "/assets/{*path}")]
    {
        let expected = format!("the declared route `GET {route}` is never matched: write `GET {template}`");
        refuses(builder().routes([("GET", route)]), &expected);
        let expected = format!("the route `{route}` is never matched: write `{template}`");
        refuses(builder().errors(ErrorSettings::new().ignore_routes([route])), &expected);
        refuses(builder().protected_routes([route]), &expected);
    }
    let templates = ["/items/{id}", "/items/{id}:cancel", "/assets/{*path}", "/a*b/:/*"];
    builder().routes(templates.map(|template| ("GET", template))).build().expect("they are no such form");
}

#[test]
fn an_untracked_path_begins_with_a_slash() {
    refuses(builder().untracked(["ping"]), "the untracked path `ping` must begin with `/` and name something below it");
}

#[test]
fn not_everything_can_be_untracked() {
    refuses(builder().untracked(["/"]), "the untracked path `/` must begin with `/` and name something below it");
}

#[test]
fn a_bound_is_at_least_one() {
    let nothing = |name| format!("the limit `{name}` is 0, which would drop everything: give it at least 1");
    refuses(builder().limits(Limits::new().queue(0)), &nothing("queue"));
    refuses(builder().limits(Limits::new().series(0)), &nothing("series"));
    refuses(builder().limits(Limits::new().sites(0)), &nothing("sites"));
    refuses(builder().limits(Limits::new().issues(0)), &nothing("issues"));
}

#[test]
fn a_bound_does_not_reserve_the_whole_memory() {
    refuses(
        builder().limits(Limits::new().sites(usize::MAX)),
        &format!(
            "the limit `sites` is {}, which would reserve too much memory: give it at most {}",
            usize::MAX,
            1 << 20
        ),
    );
}

#[test]
fn a_share_of_traces_is_between_0_and_1() {
    for share in [-0.1, 1.5, f64::NAN] {
        refuses(
            builder().trace_sample_rate(share),
            &format!("trace_sample_rate is {share}: give it a share from 0 to 1"),
        );
    }
}

#[test]
fn a_protected_route_is_below_the_root() {
    for route in ["admin", "/", ""] {
        let error = format!("the protected route `{route}` must begin with `/` and name something below it");
        refuses(builder().protected_routes([route]), &error);
    }
}

#[test]
fn a_slash_at_the_end_of_a_path_changes_nothing() {
    let monitor = builder().routes([("POST", "/admin/enable")]).protected_routes(["/admin/"]).untracked(["/internal/"]);
    let monitor = monitor.build().expect("the settings are right");
    assert!(monitor.disable_route(monitor_kit::DisableRoute::new("/admin/enable", "ada")).is_err());
    assert!(monitor.is_untracked("/internal/jobs") && monitor.is_untracked("/internal"));
}

#[test]
fn a_grpc_method_is_written_as_grpc_does() {
    for method in ["shop.Stock/Count", "/shop.Stock", "/shop.Stock/", "//Count", "/shop/Stock/Count", ""] {
        let error = format!("the gRPC method `{method}` is not written as /package.Service/Method");
        refuses(builder().grpc_methods([method]), &error);
    }
}

#[test]
fn declared_routes_must_find_room() {
    refuses(
        builder().routes([("GET", "/a"), ("GET", "/b")]).limits(Limits::new().series(1)),
        "2 routes are declared but the limit `series` is 1: raise it",
    );
}

#[test]
fn two_reporters_need_two_names() {
    refuses(
        builder().reporter(MemoryReporter::new()).reporter(MemoryReporter::new()),
        "the reporter or extension name `memory` is taken or empty: give each one of its own",
    );
}

#[test]
fn a_reporter_needs_a_name() {
    refuses(
        builder().reporter_fn("", |_| ()),
        "the reporter or extension name `` is taken or empty: give each one of its own",
    );
}

#[test]
fn a_reporter_is_not_called_like_a_part_of_the_monitor() {
    refuses(
        builder().reporter_fn("intake", |_| ()),
        "the reporter or extension name `intake` is taken or empty: give each one of its own",
    );
}

#[test]
fn release_and_environment_are_what_was_set() {
    let monitor = builder().release("1.4.2").revision("feed").environment("staging").build().unwrap();
    let identity = monitor.identity().unwrap();
    assert_eq!(
        (identity.service(), identity.release(), identity.revision(), identity.environment()),
        ("shop", "1.4.2", "feed", "staging")
    );
}

#[test]
fn a_disabled_monitor_passes_everything_through() {
    let response = serve(&Monitor::disabled(), status(503, "untouched"));
    assert_eq!((response.status().as_u16(), response.headers().len()), (503, 0));
    assert_eq!(response.body().size_hint().exact(), Some(9));
    assert_eq!(text(response), "untouched");
}

#[test]
fn a_disabled_monitor_passes_errors_on() {
    let failing = service(|_| Err::<http::Response<Text>, _>(Failure::new("no stock")));
    let watched = MonitorLayer::new(&Monitor::disabled()).layer(failing);
    assert_eq!(ready(watched.oneshot(get("/"))).unwrap_err().text, "no stock");
}

#[test]
fn a_disabled_monitor_lets_panics_go_on() {
    let watched = MonitorLayer::new(&Monitor::disabled())
        .layer(service::<Text, Infallible>(|_| std::panic::resume_unwind(Box::new("boom"))));
    assert!(catch_unwind(AssertUnwindSafe(|| ready(watched.oneshot(get("/"))))).is_err());
}

#[test]
fn a_setting_of_the_layer_does_not_enable_a_disabled_monitor() {
    let layer = MonitorLayer::new(&Monitor::disabled()).request_duration_header(true);
    assert!(call(&layer, get("/"), || status(200, "")).headers().is_empty());
}

#[test]
fn a_disabled_monitor_knows_nothing() {
    let monitor = Monitor::disabled();
    monitor.capture_error(&Failure::new("nobody hears it"));
    capture_error(&Failure::new("nobody hears it"));
    assert!(monitor.flush(Duration::ZERO));
    assert!(monitor.issues().is_empty() && monitor.dropped().is_empty());
    assert!(monitor.traffic().is_none() && monitor.identity().is_none());
}

#[track_caller]
fn refuses(builder: MonitorBuilder, sentence: &str) {
    assert_eq!(builder.build().expect_err("the settings are wrong").to_string(), sentence);
}
