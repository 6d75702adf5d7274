//! `/metrics` passes the checks of Prometheus's own tool.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use axum::http::Method;

use crate::support::Api;

#[tokio::test]
#[ignore = "needs promtool: cargo xtask test"]
async fn promtool_finds_nothing_wrong_with_the_metrics() {
    let api = Api::start(&["--fault-routes"]).await;
    api.json(Method::POST, "/todos", r#"{"title":"x"}"#).await;
    for path in ["/todos", "/error", "/flaky", "/flaky", "/flaky", "/nothing", "/health"] {
        api.get(path).await;
    }
    let metrics = api.get("/metrics").await;
    assert_eq!(metrics.content_type, "text/plain; version=0.0.4; charset=utf-8");

    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is installed");
    promtool.stdin.take().expect("a pipe").write_all(metrics.body.as_bytes()).expect("promtool reads");
    let output = promtool.wait_with_output().expect("promtool ends");
    let said = [output.stdout, output.stderr].concat();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&said).as_ref()), (Some(0), ""));
}
