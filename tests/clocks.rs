//! A wall clock that was once wrong. The test clock applies to the whole process, so this test has a binary of its own.

use std::time::Duration;

use http::{Request, Response};
use monitor_kit::{DisableRoute, Monitor, MonitorLayer, clock::WrongClock, store::Store};
use tower::{Layer, ServiceExt};

#[tokio::test]
async fn retry_after_is_no_longer_than_the_route_is_disabled_for_a_process_whose_clock_is_a_day_slow() {
    let folder = tempfile::tempdir().expect("a folder");
    let monitor = || {
        let store = Store::open(folder.path()).expect("the folder can be written to");
        let builder = Monitor::builder("shop").log(None).persist(store).routes([("GET", "/error")]);
        builder.build().expect("the settings are good")
    };
    let before = monitor();
    let order = DisableRoute::new("/error", "ada").expires_in(Duration::from_secs(600));
    before.disable_route(order).expect("it is declared");
    assert!(before.shutdown(Duration::from_secs(30)), "it is saved in time");

    let _clock = WrongClock::behind(Duration::from_secs(24 * 60 * 60));
    let service = tower::service_fn(async |_: Request<String>| Ok::<_, std::io::Error>(Response::new(String::new())));
    let request = Request::get("/error").body(String::new()).expect("a request");
    let response = MonitorLayer::new(&monitor()).layer(service).oneshot(request).await.expect("an answer");
    let seconds: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!(response.status() == 503 && (1..=600).contains(&seconds), "{response:?}");
}
