//! Counters are exact under load.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Semaphore, task::JoinSet, time::sleep};

use crate::support::Api;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_errors_among_two_thousand_requests_are_twenty_in_metrics_log_and_issue() {
    let api = Arc::new(Api::start(&["--fault-routes"]).await);
    let room = Arc::new(Semaphore::new(64));
    let mut calls = JoinSet::new();
    for number in 0..2020 {
        let (api, room) = (Arc::clone(&api), Arc::clone(&room));
        calls.spawn(async move {
            let _room = room.acquire().await.expect("it is never closed");
            let path = if number % 101 == 50 { "/error" } else { "/todos" };
            api.get(path).await.status.as_u16()
        });
    }
    let statuses = calls.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 500).count(), 20);
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 2000);

    let metrics = api.get("/metrics").await.body;
    let has = |line: &str| assert!(metrics.lines().any(|other| other == line), "no line {line}");
    let todos = "http_request_method=\"GET\",http_route=\"/todos\"";
    let error = "http_request_method=\"GET\",http_route=\"/error\"";
    has(&format!("http_server_requests_total{{{error},http_response_status_code=\"500\"}} 20"));
    has(&format!("http_server_errors_total{{{error},error_type=\"panic\"}} 20"));
    has(&format!("http_server_requests_total{{{todos},http_response_status_code=\"200\"}} 2000"));

    let logged = |message: &str| api.log().iter().filter(|line| line["message"] == message).count();
    assert_eq!((logged("request_error"), logged("request")), (20, 2000));

    let issue = until_issue(&api).await;
    assert_eq!((&issue["count"], &issue["message"]), (&20.into(), &"attempt to divide by zero".into()));
}

/// Returns the only issue. Waits for it, because events are processed asynchronously.
async fn until_issue(api: &Api) -> serde_json::Value {
    for _ in 0..500 {
        let issues = api.issues("").await;
        match issues.as_array().map(Vec::as_slice) {
            Some([issue]) => return issue.clone(),
            Some([]) => sleep(Duration::from_millis(10)).await,
            _ => panic!("more than one issue: {issues}"),
        }
    }
    panic!("no issue");
}
