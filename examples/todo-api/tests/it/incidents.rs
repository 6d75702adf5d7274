//! Incidents, and their reports in two languages.

use std::fs;

use axum::http::Method;
use serde_json::{Value, json};

use crate::{
    alerts::receiver,
    support::{Answer, Api, folder, output},
};

#[tokio::test]
async fn an_incident_is_listed_until_it_is_over_and_written_up() {
    let (_requests, addr) = receiver().await;
    let slack = format!("--slack-webhook-url=http://{addr}/slack");
    // An alert on the error ratio of so few requests might come first.
    let rules = folder();
    let file = rules.path().join("rules.toml");
    fs::write(&file, "[[rule]]\ntype = \"issue\"\n").expect("a file");
    let rules = format!("--alert-rules={}", file.display());
    let api = Api::start(&[&slack, &rules, "--fault-routes", "--incident-quiet=0"]).await;
    api.get("/error").await.is_problem(500);
    let open = listed(&api, |incident| incident["detected_ms"].is_u64() && incident["issues"] != json!([])).await;
    assert_eq!((&open["status"], &open["severity"], &open["resolved_ms"]), (&json!("open"), &json!("critical"), &NONE));
    assert_eq!(open["issues"][0]["events"], 1);
    assert!(open["title"].as_str().is_some_and(|title| title.ends_with("in /error")), "{open}");

    for (note, status) in [
        (json!({ "incident": open["id"], "actor": "bob", "text": "it divides by zero" }), 200),
        (json!({ "incident": open["id"], "actor": "bob", "text": " " }), 422),
        (json!({ "incident": "20261128-000000", "actor": "bob", "text": "late" }), 404),
    ] {
        let answer = api.operate(Method::POST, "/admin/incidents/note", &note.to_string()).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
    }
    let order = json!({ "route": "/error", "method": "GET", "actor": "ada", "reason": "a drill", "seconds": 60 });
    api.operate(Method::POST, "/admin/routes/disable", &order.to_string()).await;
    let order = json!({ "fingerprint": open["issues"][0]["fingerprint"], "action": "resolve", "actor": "ada" });
    api.operate(Method::POST, "/admin/issues/triage", &order.to_string()).await;
    let over = listed(&api, |incident| incident["status"] == "resolved").await;
    assert_eq!((&over["id"], &over["failed"]), (&open["id"], &json!(1)));

    let id = over["id"].as_str().expect("it has an ID");
    let english = report(&api, id, "").await;
    assert_eq!(english.content_type, "text/markdown; charset=utf-8");
    let french = report(&api, id, "?language=fr&zone=Europe/Paris").await;
    for (report, heading) in [(&english, "# Incident report"), (&french, "# Rapport d'incident et post-mortem")] {
        for text in [heading, "fault.rs:", "GET /error", "ada", "it divides by zero"] {
            assert!(report.body.contains(text), "{text}: {}", report.body);
        }
    }
    assert!(french.body.contains("(UTC+0"), "{}", french.body);
    let chart = api.operate(Method::GET, &format!("/incidents/{id}/chart"), "").await;
    assert!(chart.content_type == "image/svg+xml" && chart.body.contains("</svg>"), "{}", chart.body);

    let json = report(&api, id, "?format=json").await.value();
    assert_eq!((&json["status"], &json["incident"]["id"]), (&json!("resolved"), &over["id"]));
    for (accept, content_type) in [
        ("text/html, application/json;q=0.9", "application/json"),
        ("*/*", "text/markdown; charset=utf-8"),
        ("text/markdown", "text/markdown; charset=utf-8"),
    ] {
        let answer = api.operate_with(Method::GET, &format!("/incidents/{id}/report"), ("accept", accept)).await;
        assert_eq!((answer.content_type.as_str(), answer.status.as_u16()), (content_type, 200), "{accept}");
    }
    for (query, advice) in [
        ("?language=de", "use en or fr"),
        ("?zone=Mars/Olympus", "use one such as `Europe/Paris`"),
        ("?format=pdf", "use markdown or json"),
        ("?lang=fr", "unknown field `lang`"),
    ] {
        let answer = api.operate(Method::GET, &format!("/incidents/{id}/report{query}"), "").await;
        answer.is_problem(400);
        assert!(answer.body.contains(advice), "{}", answer.body);
    }
}

#[tokio::test]
async fn without_alerts_there_are_no_incidents() {
    let api = Api::start(&["--fault-routes"]).await;
    api.get("/error").await.is_problem(500);
    assert_eq!(api.operate(Method::GET, "/incidents", "").await.value(), json!([]));
    for path in ["/incidents/20261128-3f9a1c/report", "/incidents/20261128-3f9a1c/chart"] {
        api.operate(Method::GET, path, "").await.is_problem(404);
    }
}

#[test]
fn a_quiet_period_is_a_number_of_seconds() {
    let output = output(&folder(), &["--incident-quiet=soon"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && stderr.contains("from 0 to 3600"), "{stderr}");
}

async fn report(api: &Api, id: &str, query: &str) -> Answer {
    let answer = api.operate(Method::GET, &format!("/incidents/{id}/report{query}"), "").await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
    answer
}

/// Waits until the only incident is as it is expected to be.
async fn listed(api: &Api, is_it: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    for _ in 0..1000 {
        last = api.operate(Method::GET, "/incidents", "").await.value();
        match last.as_array().map(Vec::as_slice) {
            Some([incident]) if is_it(incident) => return incident.clone(),
            _ => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
        }
    }
    panic!("no such incident: {last}");
}

const NONE: Value = Value::Null;
