//! Issues across a restart, a release with a fix, and a release with a regression.

use std::path::Path;

use axum::http::Method;
use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::support::{Api, folder};

#[tokio::test]
async fn issues_outlive_the_process_and_a_resolved_one_that_comes_back_is_a_regression() {
    let folder = folder();
    let data = folder.path().join("data");
    let first = start(&data, "1.0.0").await;
    first.get("/error").await.is_problem(500);
    first.get("/error").await.is_problem(500);
    let issue = only_issue(&first, 2).await;
    let fingerprint = issue["fingerprint"].as_str().expect("it has one").to_owned();
    let resolved =
        triage(&first, &json!({ "fingerprint": fingerprint, "action": "resolve", "release": "1.0.1", "actor": "ada" }))
            .await;
    assert_eq!(resolved["status"]["state"], "resolved");
    first.stop().await;

    let second = start(&data, "1.0.1").await;
    let stored = only_issue(&second, 2).await;
    assert_eq!((&stored["status"]["in_release"], &stored["first_seen"]), (&json!("1.0.1"), &issue["first_seen"]));
    second.get("/error").await;
    let back = only_issue(&second, 3).await;
    assert_eq!((&back["status"]["state"], &back["regression"]["release"]), (&json!("unresolved"), &json!("1.0.1")));
    assert_eq!(back["releases"], json!(["1.0.0", "1.0.1"]));
    let one = second.issues(&format!("/{fingerprint}")).await;
    assert_eq!(one["events"].as_array().map(Vec::len), Some(3));
    let explanation = one["explanation"].as_str().expect("it is explained");
    assert!(explanation.contains("in the function todo_api::fault::"), "{explanation}");
}

#[tokio::test]
async fn issues_are_found_by_words_state_and_order() {
    let folder = folder();
    let api = start(&folder.path().join("data"), "1.0.0").await;
    for path in ["/error", "/flaky", "/flaky", "/flaky"] {
        api.get(path).await;
    }
    let found = async |query: &str| api.issues(&format!("?{query}")).await.as_array().map_or(0, Vec::len);
    while found("").await < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!((found("text=divide").await, found("text=flaky").await, found("limit=1").await), (1, 1, 1));
    let flaky = api.issues("?text=flaky").await;
    let question_mark = line_of(include_str!("../../src/fault.rs"), "Err(Flaky)?");
    is_at(&flaky[0], &format!("examples/todo-api/src/fault.rs:{question_mark}:"));
    assert_eq!((found("state=resolved").await, found("state=unresolved&sort=count").await), (0, 2));
    for (path, status) in
        [("/issues?state=done", 400), ("/issues?sort=size", 400), ("/issues/v1-00000000000000000000000000000000", 404)]
    {
        api.operate(Method::GET, path, "").await.is_problem(status);
    }
}

#[tokio::test]
async fn no_answer_has_a_character_that_a_terminal_obeys() {
    let folder = folder();
    let api = start(&folder.path().join("data"), "1.0.0").await;
    let title = json!({ "title": "a\u{202e}b\u{2028}c\u{2066}d\u{feff}" }).to_string();
    let todo = api.json(Method::POST, "/todos", &title).await;
    assert_eq!(todo.status.as_u16(), 201, "{}", todo.body);
    api.get("/error").await;
    let fingerprint = only_issue(&api, 1).await["fingerprint"].as_str().expect("it has one").to_owned();
    let text = "a\u{202e}b\u{85}c\u{2028}d\u{7f}";
    let order = json!({ "fingerprint": fingerprint, "action": "resolve", "release": text, "actor": text }).to_string();
    let mut answers = vec![todo, api.get("/todos").await, api.get("/todos?limit=%E2%80%AE").await];
    answers.push(api.operate(Method::POST, "/admin/issues/triage", &order).await);
    for query in [String::new(), format!("/{fingerprint}"), "?state=%E2%80%AE%C2%85".to_owned()] {
        answers.push(api.operate(Method::GET, &format!("/issues{query}"), "").await);
    }
    for answer in &answers {
        assert!(!answer.body.contains(monitor_kit::escape::is_unsafe), "{}", answer.body.escape_debug());
    }
    assert!(answers[4..6].iter().all(|answer| answer.body.contains("a\\u202eb\\u0085c")), "{}", answers[4].body);
}

#[tokio::test]
async fn a_handled_error_has_the_line_of_the_question_mark() {
    let api = Api::start(&["--fault-routes", "--division=handled"]).await;
    api.get("/error").await.is_problem(422);
    let issue = only_issue(&api, 1).await;
    assert_eq!(issue["type"], "todo_api::error::DivisionByZero");
    let question_mark = line_of(include_str!("../../src/fault.rs"), "ok_or(DivisionByZero)?");
    is_at(&issue, &format!("examples/todo-api/src/fault.rs:{question_mark}:"));
}

#[tokio::test]
async fn an_error_of_the_database_has_the_line_of_the_question_mark() {
    let folder = folder();
    let url = format!("sqlite://{}", folder.path().join("todo.db").display());
    let api = Api::start(&[&format!("--database={url}")]).await;
    let mut database = sqlx::SqliteConnection::connect(&url).await.expect("it is there");
    sqlx::query("DROP TABLE todos").execute(&mut database).await.expect("it is dropped");
    api.get("/todos").await.is_problem(500);
    let issue = only_issue(&api, 1).await;
    assert_eq!(issue["type"], "sqlx_core::error::Error");
    let question_mark = line_of(include_str!("../../src/todos.rs"), "store.list(offset, limit).await?");
    is_at(&issue, &format!("examples/todo-api/src/todos.rs:{question_mark}:"));
}

#[tokio::test]
async fn a_user_is_erased_on_demand() {
    let folder = folder();
    let api = start(&folder.path().join("data"), "1.0.0").await;
    for user in ["ada", "bob"] {
        let mut request = api.request(Method::GET, "/error", "");
        request.headers_mut().insert("x-demo-user", user.parse().expect("a value"));
        api.send(request).await;
    }
    only_issue(&api, 2).await;
    let erased = api.operate(Method::POST, "/admin/users/erase", r#"{"user":"ada"}"#).await.value();
    assert_eq!(erased, json!({ "issues": 1, "events": 1, "persisted": true }));
    assert_eq!(only_issue(&api, 2).await["users_affected"], 1);
}

#[tokio::test]
async fn an_order_that_makes_no_sense_is_a_problem() {
    let folder = folder();
    let api = start(&folder.path().join("data"), "1.0.0").await;
    api.get("/error").await;
    let fingerprint = only_issue(&api, 1).await["fingerprint"].clone();
    for (order, part) in [
        (json!({ "fingerprint": fingerprint, "action": "resolve", "actor": "" }), "the actor is empty"),
        (
            json!({ "fingerprint": fingerprint, "action": "mute", "actor": "ada", "release": "1" }),
            "leave the others out",
        ),
        (json!({ "fingerprint": fingerprint, "action": "mute", "actor": "ada", "more": 0 }), "at least one more event"),
        (json!({ "fingerprint": fingerprint, "action": "forget", "actor": "ada" }), "unknown variant"),
    ] {
        let answer = api.operate(Method::POST, "/admin/issues/triage", &order.to_string()).await;
        answer.is_problem(422);
        assert!(answer.body.contains(part), "{}", answer.body);
    }
}

#[track_caller]
fn is_at(issue: &Value, place: &str) {
    let location = issue["location"].as_str().expect("it has a place");
    assert!(location.starts_with(place), "{location} instead of {place}");
}

/// Returns the number of the only line that contains `text`.
fn line_of(source: &str, text: &str) -> usize {
    let lines: Vec<_> = (1..).zip(source.lines()).filter(|(_, line)| line.contains(text)).collect();
    assert_eq!(lines.len(), 1, "{text}");
    lines[0].0
}

async fn start(data: &Path, release: &str) -> Api {
    let (data, release) = (format!("--data-dir={}", data.display()), format!("--release={release}"));
    Api::start(&["--fault-routes", &data, &release]).await
}

/// Waits until there is one issue with this count.
async fn only_issue(api: &Api, count: u64) -> Value {
    for _ in 0..1000 {
        let issues = api.issues("").await;
        if issues
            .as_array()
            .is_some_and(|issues| issues.len() == 1 && issues[0]["count"] == count && issues[0]["hours"] != json!([]))
        {
            return issues[0].clone();
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("no issue happened {count} times: {}", api.issues("").await);
}

async fn triage(api: &Api, order: &Value) -> Value {
    let answer = api.operate(Method::POST, "/admin/issues/triage", &order.to_string()).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
    answer.value()
}
