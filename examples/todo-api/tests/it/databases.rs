//! The API on PostgreSQL and Redis.

use axum::http::Method;
use serde_json::{Value, json};

use crate::{server::Server, support::Api};

async fn until(api: &Api, path: &str, wanted: impl Fn(u16, &Value) -> bool) -> Value {
    for _ in 0..2_000 {
        let answer = api.get(path).await;
        let (status, body) = (answer.status.as_u16(), answer.value());
        if wanted(status, &body) {
            return body;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{path} stays {}", api.get(path).await.body);
}

#[tokio::test]
#[ignore = "needs PostgreSQL and Redis"]
async fn it_keeps_todos_in_postgresql_and_looks_after_it_and_after_its_cache() {
    let (postgres, mut redis) = (Server::postgres(), Server::redis());
    let database = format!("--database=postgres://app@{}/postgres", postgres.addr);
    let cache = format!("--redis=redis://{}", redis.addr);
    let api = Api::start(&[&database, &cache]).await;
    let created = api.json(Method::POST, "/todos", r#"{"title":"remember"}"#).await.value();
    let path = format!("/todos/{}", created["id"].as_str().unwrap());
    api.json(Method::POST, &format!("{path}/complete"), "").await;
    let renamed = api.json(Method::PATCH, &path, r#"{"title":"remembered"}"#).await.value();
    assert_eq!((&renamed["title"], &renamed["done"]), (&json!("remembered"), &json!(true)));
    assert_eq!(api.get("/todos").await.value()["total"], 1);
    assert_eq!(api.send(api.request(Method::DELETE, &path, "")).await.status.as_u16(), 204);
    api.get(&path).await.is_problem(404);

    let body = until(&api, "/health", |status, _| status == 200).await;
    for check in ["database", "cache", "disk", "runtime"] {
        assert_eq!(body["checks"][check]["status"], "ok", "{body:#}");
    }
    let database = api.get("/health/db/").await.value();
    assert!(database["connections"].as_u64().unwrap() >= 1 && database["oldest_connection_seconds"].is_number());
    assert_eq!(database["connections_detail"]["visibility"], "full");

    redis.kill();
    let body = until(&api, "/health", |_, body| body["checks"]["cache"]["status"] != "ok").await;
    assert!(!body.to_string().contains(&redis.addr.port().to_string()), "{body:#}");
    assert_eq!(api.get("/health/ready").await.status.as_u16(), 200, "todos are served without the cache");
}
