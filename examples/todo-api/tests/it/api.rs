//! The responses of the API.

use axum::http::Method;
use serde_json::json;

use crate::support::Api;

#[tokio::test]
async fn a_todo_is_created_read_changed_completed_and_deleted() {
    let api = Api::start(&[]).await;
    let created = api.json(Method::POST, "/todos", r#"{"title":" buy milk "}"#).await;
    assert_eq!(created.status.as_u16(), 201);
    let todo = created.value();
    assert_eq!((&todo["title"], &todo["done"]), (&json!("buy milk"), &json!(false)));
    let path = format!("/todos/{}", todo["id"].as_str().expect("an id"));

    assert_eq!(api.get(&path).await.value(), todo);
    let changed = api.json(Method::PATCH, &path, r#"{"title":"buy oat milk"}"#).await.value();
    assert_eq!((&changed["title"], &changed["done"]), (&json!("buy oat milk"), &json!(false)));
    assert_eq!(api.json(Method::POST, &format!("{path}/complete"), "").await.value()["done"], true);
    assert_eq!(api.json(Method::DELETE, &path, "").await.status.as_u16(), 204);
    api.get(&path).await.is_problem(404);
}

#[tokio::test]
async fn todos_are_listed_page_by_page() {
    let api = Api::start(&[]).await;
    for number in 0..5 {
        api.json(Method::POST, "/todos", &json!({ "title": format!("todo {number}") }).to_string()).await;
    }
    let page = api.get("/todos?offset=3&limit=3").await.value();
    assert_eq!((page["items"].as_array().map(Vec::len), &page["total"]), (Some(2), &json!(5)));
    api.get("/todos?limit=0").await.is_problem(400);
    api.get("/todos?limit=101").await.is_problem(400);
    api.get("/todos?limit=x").await.is_problem(400);
}

#[tokio::test]
async fn bad_input_is_a_problem_that_says_what_to_change() {
    let api = Api::start(&[]).await;
    api.json(Method::POST, "/todos", "{").await.is_problem(400);
    api.json(Method::POST, "/todos", "{}").await.is_problem(422);
    api.json(Method::POST, "/todos", r#"{"title":""}"#).await.is_problem(422);
    api.json(Method::POST, "/todos", &json!({ "title": "x".repeat(201) }).to_string()).await.is_problem(422);
    api.json(Method::POST, "/todos", &json!({ "title": "x".repeat(20_000) }).to_string()).await.is_problem(413);
    let mut untyped = api.request(Method::POST, "/todos", r#"{"title":"x"}"#);
    untyped.headers_mut().remove("content-type");
    api.send(untyped).await.is_problem(415);
    api.json(Method::DELETE, "/todos", "").await.is_problem(405);
    api.get("/nothing").await.is_problem(404);
}

#[tokio::test]
async fn fault_routes_are_served_only_where_they_are_asked_for() {
    Api::start(&[]).await.get("/error").await.is_problem(404);
    let api = Api::start(&["--fault-routes"]).await;
    let answer = api.get("/error").await;
    answer.is_problem(500);
    assert!(!answer.body.contains("zero"), "{}", answer.body);
}

#[tokio::test]
async fn health_and_openapi_are_served() {
    let api = Api::start(&["--release=1.2.3", "--environment=test"]).await;
    api.is_ready().await;
    let health = api.get("/health/").await.value();
    assert_eq!(
        (&health["status"], &health["version"], &health["environment"]),
        (&json!("healthy"), &json!("1.2.3"), &json!("test"))
    );
    assert_eq!(health["checks"]["database"]["status"], "ok");
    assert!(health["checks"]["disk"]["free_gb"].is_number());
    assert_eq!(api.get("/health/ready/").await.value()["status"], "ready");
    let database = api.get("/health/db/").await.value();
    assert_eq!(database["status"], "ok");
    assert!(database["connections"].is_number() && database["oldest_connection_seconds"].is_number());
    let document = api.get("/openapi.json").await.value();
    assert!(document["paths"]["/todos/{id}/complete"]["post"].is_object());
}

#[tokio::test]
async fn a_route_is_switched_off_and_on_from_this_machine() {
    let api = Api::start(&["--fault-routes"]).await;
    let order = r#"{"route":"/error","method":"GET","actor":"on-call","reason":"divides by zero","seconds":60}"#;
    let disabled = api.operate(Method::POST, "/admin/routes/disable", order).await.value();
    assert_eq!((&disabled["route"], &disabled["actor"]), (&json!("/error"), &json!("on-call")));
    api.get("/error").await.is_problem(503);
    assert_eq!(api.operate(Method::GET, "/admin/routes", "").await.value()[0]["reason"], "divides by zero");
    let order = r#"{"route":"/error","method":"GET","actor":"on-call"}"#;
    assert_eq!(api.operate(Method::POST, "/admin/routes/enable", order).await.status.as_u16(), 200);
    api.get("/error").await.is_problem(500);
    assert_eq!(api.operate(Method::GET, "/admin/routes", "").await.value(), json!([]));
}

#[tokio::test]
async fn a_bad_order_is_a_problem_that_says_what_to_change() {
    let api = Api::start(&[]).await;
    for (order, part) in [
        (r#"{"route":"/eror","actor":"ada"}"#, "no route `/eror` is known; known routes:"),
        (r#"{"route":"/health","actor":"ada"}"#, "is protected"),
        (r#"{"route":"/admin/routes/enable","actor":"ada"}"#, "is protected"),
        (r#"{"route":"/todos","actor":""}"#, "the actor is empty"),
        (r#"{"route":"/todos","actor":"ada","method":"FETCH"}"#, "`FETCH` is no method"),
        (r#"{"route":"/todos","actor":"ada","second":9}"#, "second"),
    ] {
        let answer = api.operate(Method::POST, "/admin/routes/disable", order).await;
        answer.is_problem(422);
        assert!(answer.body.contains(part), "{}", answer.body);
    }
    assert_eq!(api.get("/todos").await.status.as_u16(), 200);
}
