//! The routes of operators exist only for requests with the token.

use std::{fs, os::unix::fs::PermissionsExt};

use axum::http::Method;
use serde_json::json;

use crate::support::{Api, folder, output};

const GUARDED: [(Method, &str); 13] = [
    (Method::GET, "/issues"),
    (Method::GET, "/issues/v1-00000000000000000000000000000000"),
    (Method::GET, "/incidents"),
    (Method::GET, "/incidents/20261128-3f9a1c/report"),
    (Method::GET, "/incidents/20261128-3f9a1c/chart"),
    (Method::GET, "/admin/routes"),
    (Method::POST, "/admin/routes/disable"),
    (Method::POST, "/admin/routes/enable"),
    (Method::POST, "/admin/incidents/note"),
    (Method::POST, "/admin/issues/triage"),
    (Method::POST, "/admin/users/erase"),
    // Wrong methods reveal no more than wrong paths.
    (Method::DELETE, "/issues"),
    (Method::OPTIONS, "/admin/routes/disable"),
];

/// As nginx's plain `proxy_pass` sends it: from the same machine, with its name as the host, and without forwarding
/// headers.
#[tokio::test]
async fn without_the_token_they_are_not_there_for_local_callers_either() {
    let api = Api::start(&["--admin-token=a-token-for-tests"]).await;
    let unlike = |body: &serde_json::Value| [&body["title"], &body["status"], &body["detail"]].map(Clone::clone);
    let nothing = api.get("/nothing").await.value();
    for (method, path) in GUARDED {
        for authorization in
            ["", "Bearer", "Bearer ", "Bearer a-token-for-test", "Bearer A-token-for-tests", "Basic a-token-for-tests"]
        {
            let mut request = api.request(method.clone(), path, "{}");
            request.headers_mut().insert("authorization", authorization.parse().expect("a value"));
            let answer = api.send(request).await;
            answer.is_problem(404);
            assert_eq!(unlike(&answer.value()), unlike(&nothing), "{method} {path} with `{authorization}`");
        }
    }
}

#[tokio::test]
async fn a_token_is_made_at_the_start_and_used_again_after_it() {
    let folder = folder();
    let file = folder.path().join("token");
    let option = format!("--admin-token-file={}", file.display());
    let ask = async || {
        let api = Api::start(&[&option]).await;
        let token = fs::read_to_string(&file).expect("it was written");
        let mut request = api.request(Method::GET, "/issues", "");
        request.headers_mut().insert("authorization", format!("Bearer {}", token.trim_end()).parse().expect("a value"));
        assert_eq!(api.send(request).await.value(), json!([]));
        token
    };
    let first = ask().await;
    assert_eq!(first.trim_end().len(), 32);
    assert_eq!(fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o600);
    assert_eq!(ask().await, first);
}

#[test]
fn a_token_that_others_can_read_or_anyone_can_guess_is_refused() {
    let folder = folder();
    let file = folder.path().join("token");
    let refusal = |args: &[&str]| String::from_utf8(output(&folder, args).stderr).expect("text");
    let args = ["--listen=127.0.0.1:0", "--quiet", "--admin-token-file=token"];
    fs::write(&file, "a-token-for-tests").expect("a file");
    fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).expect("it is ours");
    assert!(refusal(&args).contains("the admin token in token: other users can read it: make it mode 0600"));
    fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).expect("it is ours");
    fs::write(&file, "").expect("a file");
    assert!(refusal(&args).contains("the admin token in token: give at least 16 characters"));
    assert!(refusal(&["--admin-token=short"]).contains("give at least 16 characters"));
}

#[tokio::test]
async fn details_of_health_are_for_operators_as_well() {
    let api = Api::start(&[]).await;
    assert!(!api.get("/health/").await.body.contains("latency"));
    let full = api.operate(Method::GET, "/health/", "").await;
    assert!(full.body.contains("latency"), "{}", full.body);
}
