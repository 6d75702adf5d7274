//! Routes that alerts disable.

use std::time::Duration;

use monitor_alert::{Alerts, AutoDisable, ErrorRatioRule, Rule, Transition};
use monitor_core::{Monitor, traffic::Lookback};

use crate::support::{Recorder, builder, serve, serve_route, until};

fn rules() -> [Rule; 1] {
    let failing = ErrorRatioRule::above(0.5).per_route().within(Lookback::Seconds(60));
    [failing.name("failing-route").resolve_after(Duration::ZERO).into()]
}

fn shop(recorder: &Recorder, by: AutoDisable) -> Monitor {
    let alerts = Alerts::to(recorder.clone()).rules(rules()).auto_disable(by).switch_command("shopctl off {route}");
    let monitor = builder("1.0.0").routes([("GET", "/error"), ("GET", "/other"), ("GET", "/admin")]);
    monitor.protected_routes(["/admin"]).extend(alerts).build().expect("the settings are good")
}

fn disabled(monitor: &Monitor) -> Vec<String> {
    monitor.disabled_routes().iter().map(|route| route.name()).collect()
}

#[test]
fn a_failing_route_is_disabled_by_its_alert_for_a_while() {
    let recorder = Recorder::accepting();
    let monitor = shop(&recorder, AutoDisable::by("failing-route").at_least(20).expires_in(Duration::from_secs(4)));
    serve(&monitor, 20, 500);
    until("the route is disabled", || disabled(&monitor) == ["GET /error"]);
    let order = monitor.disabled_routes().remove(0);
    assert_eq!(order.actor, "alert rule failing-route");
    assert_eq!(order.reason, "Error ratio above 50 %: GET /error");
    until("it is enabled again", || disabled(&monitor).is_empty());
    let delivered = recorder.delivered();
    let facts = &delivered.first().expect("an alert").alert.facts;
    let command = ("disable the route".to_owned(), "shopctl off /error".to_owned());
    assert!(facts.contains(&command), "{facts:?}");
}

#[test]
fn a_route_is_not_disabled_beside_another_or_without_traffic_or_if_it_is_protected() {
    let recorder = Recorder::accepting();
    let monitor = shop(&recorder, AutoDisable::by("failing-route").at_least(20));
    let alerted = |count: usize| recorder.titles(Transition::Triggered).len() == count;
    serve_route(&monitor, "/other", 19, 500);
    until("the quiet route alerts", || alerted(1));
    serve_route(&monitor, "/admin", 50, 500);
    until("the protected route alerts", || alerted(2));
    serve(&monitor, 20, 500);
    until("the busy route is disabled", || disabled(&monitor) == ["GET /error"]);

    // A monitor of its own, so that both routes begin to fail while the first is disabled.
    let monitor = shop(&recorder, AutoDisable::by("failing-route").at_least(20));
    serve(&monitor, 20, 500);
    until("the first route is disabled", || disabled(&monitor) == ["GET /error"]);
    serve_route(&monitor, "/other", 50, 500);
    let title = "Error ratio above 50 %: GET /other".to_owned();
    let second = || recorder.titles(Transition::Triggered).iter().filter(|other| **other == title).count();
    until("the second route alerts", || second() == 2);
    // The decision follows the alert in the same second.
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(disabled(&monitor), ["GET /error"]);
}

#[test]
fn a_rule_that_cannot_disable_routes_is_an_error_when_the_monitor_is_built() {
    let refused = |alerts: Alerts| builder("1").extend(alerts).build().expect_err("must be refused").to_string();
    let alerts = || Alerts::to(Recorder::accepting());
    let by_issues = refused(alerts().auto_disable(AutoDisable::by("issue")));
    assert!(by_issues.contains("use an `ErrorRatioRule` with `per_route()`"), "{by_issues}");
    let command = refused(alerts().switch_command("shopctl off"));
    assert!(command.contains("put `{route}` where it belongs"), "{command}");
}
