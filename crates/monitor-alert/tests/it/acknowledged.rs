//! Routes, the escalation of alerts that nobody acknowledges, and their acknowledgement by link.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use monitor_alert::{AckLinks, AckService, AlertHandle, Alerts, Route, Severity, Transition};
use monitor_core::Monitor;
use tower_service::Service as _;

use crate::support::{Recorder, builder, crash, run, until};

const SECOND: Duration = Duration::from_secs(1);
const SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";

/// A monitor whose critical alerts go to `pager`, and after a while to `chat`.
struct Shop {
    monitor: Monitor,
    handle: AlertHandle,
    pager: Recorder,
    chat: Recorder,
}

impl Shop {
    fn open(escalate_after: Duration) -> Self {
        let [pager, chat] = ["pager", "chat"].map(|name| Recorder::new(name, |_| Ok(())));
        let alerts = Alerts::to(chat.clone())
            .and(pager.clone())
            .route(Route::severity(Severity::Critical).to("pager"))
            .escalate_after(escalate_after)
            .acknowledge_at(AckLinks::new("https://shop.example.org/acknowledge", SECRET).expect("good settings"));
        let handle = alerts.handle();
        let monitor = builder("1.0.0").extend(alerts).build().expect("good settings");
        Self { monitor, handle, pager, chat }
    }

    /// Returns the link in the only message to the pager.
    fn link(&self) -> String {
        let delivered = self.pager.delivered();
        assert_eq!(delivered.len(), 1, "{delivered:?}");
        let url = delivered[0].acknowledge_url.clone().expect("a link");
        url.strip_prefix("https://shop.example.org/acknowledge").expect("the URL of the service").to_owned()
    }
}

fn call(service: &mut AckService, method: Method, path: &str, body: &'static str) -> Response<Full<Bytes>> {
    let request = Request::builder().method(method).uri(path).body(Full::<Bytes>::from(body)).expect("a request");
    let response: Result<_, Infallible> = run(service.call(request));
    response.unwrap_or_else(|never| match never {})
}

fn text(response: Response<Full<Bytes>>) -> String {
    let body = run(response.into_body().collect()).expect("a body").to_bytes();
    String::from_utf8(body.into()).expect("a text")
}

#[test]
fn a_critical_alert_that_nobody_acknowledges_goes_to_the_next_notifier() {
    let shop = Shop::open(SECOND);
    crash(&shop.monitor);
    assert_eq!(shop.pager.delivered().len(), 1);
    until("it is escalated", || !shop.chat.delivered().is_empty());
    let escalated = &shop.chat.delivered()[0];
    assert_eq!(escalated.transition, Transition::Triggered);
    assert_eq!(escalated.alert.facts.last().unwrap().1, "not acknowledged within 1 second");
    assert_eq!(escalated.alert.key, shop.pager.delivered()[0].alert.key);
}

#[test]
fn opening_a_link_acknowledges_nothing_and_submitting_its_form_does() {
    // Longer than the slowest machine takes until the acknowledgement.
    let shop = Shop::open(5 * SECOND);
    let mut service = AckService::new(shop.handle.clone());
    crash(&shop.monitor);
    let link = shop.link();
    let page = call(&mut service, Method::GET, &link, "");
    assert_eq!((page.status(), &page.headers()["cache-control"]), (StatusCode::OK, &"no-store".parse().unwrap()));
    assert!(text(page).contains("out of paper"));
    assert_eq!(shop.handle.active()[0].acknowledgement, None);

    let answer = call(&mut service, Method::POST, &link, "by=Ada+Lovelace");
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert!(link.ends_with(answer.headers()["location"].to_str().unwrap()));
    call(&mut service, Method::POST, &link, "by=Bob");
    let page = text(call(&mut service, Method::GET, &link, ""));
    assert!(page.contains("Acknowledged by Ada Lovelace") && !page.contains("<form"), "{page}");
    std::thread::sleep(7 * SECOND);
    assert_eq!(shop.chat.delivered().len(), 0, "it is not escalated");
}

#[test]
fn a_link_of_another_alert_or_secret_is_refused() {
    let shop = Shop::open(SECOND);
    let mut service = AckService::new(shop.handle.clone());
    crash(&shop.monitor);
    let link = shop.link();
    let forged = link.replacen('1', "2", 1);
    assert_ne!(link, forged);
    for (method, path) in
        [(Method::GET, forged.as_str()), (Method::POST, &forged), (Method::POST, "/"), (Method::GET, "/")]
    {
        assert_eq!(call(&mut service, method, path, "by=Eve").status(), StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(call(&mut service, Method::DELETE, &link, "").status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(call(&mut service, Method::POST, "/pagerduty", "{}").status(), StatusCode::NOT_FOUND);
    let mut service = service.pagerduty_secret("secret");
    assert_eq!(call(&mut service, Method::POST, "/pagerduty", "{}").status(), StatusCode::UNAUTHORIZED);
    assert_eq!(shop.handle.active()[0].acknowledgement, None);
    assert!(!format!("{service:?}").contains("secret\""));
}

#[test]
fn an_alert_is_acknowledged_in_code_by_its_key() {
    let shop = Shop::open(SECOND);
    crash(&shop.monitor);
    let key = shop.handle.active()[0].alert.key.clone();
    assert!(shop.handle.acknowledge("another", "ada").is_none());
    let active = shop.handle.acknowledge(&key, "ada").unwrap();
    assert_eq!(active.acknowledgement.unwrap().by, "ada");
    drop(shop.monitor);
}

#[test]
fn a_route_to_a_notifier_or_of_a_rule_that_does_not_exist_is_refused() {
    let refused = |route| {
        let alerts = Alerts::to(Recorder::accepting()).route(route);
        builder("1.0.0").extend(alerts).build().unwrap_err().to_string()
    };
    assert!(refused(Route::rule("issue").to("pager")).contains("use one of `recorder`"));
    assert!(refused(Route::rule("isue").to("recorder")).contains("use one of `error-ratio`, `issue`"));
}
