//! `/openapi.json` describes all requests and responses of the API.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::Api;

/// The document with every reference replaced by its target.
async fn document(api: &Api) -> Value {
    let document = api.get("/openapi.json").await.value();
    resolved(&document, &document)
}

fn resolved(value: &Value, document: &Value) -> Value {
    match value {
        Value::Object(object) => match object.get("$ref").and_then(Value::as_str) {
            Some(target) => {
                let found = target.strip_prefix('#').and_then(|path| document.pointer(path));
                resolved(found.unwrap_or_else(|| panic!("{target} is missing")), document)
            }
            None => object.iter().map(|(key, value)| (key.clone(), resolved(value, document))).collect(),
        },
        Value::Array(values) => values.iter().map(|value| resolved(value, document)).collect(),
        plain => plain.clone(),
    }
}

#[tokio::test]
async fn the_document_has_the_routes_and_the_version_of_the_program() {
    let answer = Api::start(&[]).await.get("/openapi.json").await;
    let document = answer.value();
    let paths = document["paths"].as_object().expect("there are paths");
    let documented = paths.iter().flat_map(|(path, operations)| {
        let methods = operations.as_object().expect("there are operations").keys();
        methods.map(move |method| (method.to_uppercase(), path.clone()))
    });
    let is_documented = |path: &str| path.starts_with("/todos") || path.starts_with("/incidents");
    let routes = todo_api::ROUTES.into_iter().filter(|(_, path)| is_documented(path));
    let routes: BTreeSet<_> = routes.map(|(method, path)| (method.to_owned(), path.to_owned())).collect();
    assert_eq!(documented.collect::<BTreeSet<_>>(), routes);
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(answer.content_type, "application/json");
}

#[tokio::test]
async fn every_parameter_of_a_path_is_declared_and_every_refusal_is_a_problem() {
    let document = document(&Api::start(&[]).await).await;
    for (path, operations) in document["paths"].as_object().expect("there are paths") {
        for (method, operation) in operations.as_object().expect("there are operations") {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let declared = parameters.iter().filter(|parameter| parameter["in"] == "path").count();
            assert_eq!(declared, path.matches('{').count(), "{method} {path}");
            for (status, response) in operation["responses"].as_object().expect("there are responses") {
                let is_problem = response["content"]["application/problem+json"].is_object();
                assert_eq!(is_problem, status.starts_with('4'), "{method} {path}: {status}");
            }
        }
    }
}

#[tokio::test]
async fn refusals_of_the_framework_are_in_the_document() {
    let api = Api::start(&[]).await;
    let document = document(&api).await;
    let todo = api.json(Method::POST, "/todos", r#"{"title":"x"}"#).await.value();
    let path = format!("/todos/{}", todo["id"].as_str().expect("an id"));
    for (method, path, template) in [(Method::POST, "/todos", "/todos"), (Method::PATCH, &path, "/todos/{id}")] {
        let responses = &document["paths"][template][method.as_str().to_lowercase()]["responses"];
        api.json(method.clone(), path, "{").await.is_problem(400);
        let mut unnamed = api.request(method.clone(), path, r#"{"title":"x"}"#);
        unnamed.headers_mut().remove("content-type");
        api.send(unnamed).await.is_problem(415);
        api.json(method, path, &"x".repeat(17 * 1024)).await.is_problem(413);
        assert!(["400", "413", "415"].iter().all(|status| responses[status].is_object()), "{responses:#}");
    }
    api.get("/todos?limit=many").await.is_problem(400);
    assert!(document["paths"]["/todos"]["get"]["responses"]["400"].is_object());
}

#[tokio::test]
async fn requests_that_the_schema_forbids_are_refused() {
    let api = Api::start(&[]).await;
    let todo = api.json(Method::POST, "/todos", r#"{"title":"x"}"#).await.value();
    let path = format!("/todos/{}", todo["id"].as_str().expect("an id"));
    for body in ["{}", r#"{"title":null}"#, r#"{"title":null,"done":null}"#, r#"{"title":"x","done":null}"#] {
        api.json(Method::PATCH, &path, body).await.is_problem(422);
    }
    for title in [" ", "a\u{0}", "a\nb", "\u{85}"] {
        api.json(Method::POST, "/todos", &json!({ "title": title }).to_string()).await.is_problem(422);
    }
    api.get("/todos?offset=4294967296").await.is_problem(400);
    assert_eq!(api.get("/todos?offset=4294967295&limit=100").await.value()["items"], json!([]));
    for id in ["%00", "%ff", "x", "00000000-0000-0000-0000-000000000000"] {
        api.get(&format!("/todos/{id}")).await.is_problem(404);
    }
    let document = document(&api).await;
    let limit = |name: &str| parameter(&document, name)["schema"].clone();
    assert_eq!((&limit("limit")["minimum"], &limit("limit")["maximum"]), (&json!(1), &json!(100)));
    assert_eq!((&limit("offset")["minimum"], &limit("offset")["maximum"]), (&json!(0), &json!(u32::MAX)));
}

fn parameter<'a>(document: &'a Value, name: &str) -> &'a Value {
    let parameters = document["paths"]["/todos"]["get"]["parameters"].as_array().expect("there are parameters");
    parameters.iter().find(|parameter| parameter["name"] == name).expect("it is declared")
}

#[tokio::test]
#[ignore = "needs schemathesis: cargo xtask test"]
async fn schemathesis_finds_no_answer_that_the_document_does_not_have() {
    // One incident is open; port 9 receives nothing.
    let api =
        Api::start(&["--admin-token=a-token-for-tests", "--slack-webhook-url=http://127.0.0.1:9", "--fault-routes"])
            .await;
    api.get("/error").await.is_problem(500);
    fs::write(api.path("schemathesis.toml"), SCHEMATHESIS).expect("a file");
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/python");
    let output = Command::new("python3")
        .args(["-m", "schemathesis.cli", "run", "--seed=1", "--max-examples=50", "--no-color", "--checks=all"])
        .args(["--header", "Authorization: Bearer a-token-for-tests"])
        .arg(format!("http://{}/openapi.json", api.addr))
        // It creates a folder in the working directory.
        .current_dir(api.path(""))
        .env("PYTHONPATH", python)
        .env("NO_PROXY", "*")
        .output()
        .expect("python3 is installed");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

/// No schema describes the names of all time zones.
const SCHEMATHESIS: &str = r#"
[[operations]]
include-path-regex = "^/incidents/"
checks.positive_data_acceptance.expected-statuses = ["200", "400", "404"]
"#;
