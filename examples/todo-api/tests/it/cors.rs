//! A web page of the allowed origin can read every response, including those of the monitor.

use axum::http::Method;

use crate::support::Api;

#[tokio::test]
async fn a_page_of_the_given_origin_may_read_the_answers_to_a_panic_and_of_a_disabled_route() {
    let api = Api::start(&["--fault-routes", "--cors-origin=https://app.example"]).await;
    let ask = || {
        let mut request = api.request(Method::GET, "/error", "");
        request.headers_mut().insert("origin", "https://app.example".parse().expect("a value"));
        api.send(request)
    };
    let panicked = ask().await;
    let order = r#"{"route":"/error","actor":"on-call","reason":"divides by zero","seconds":60}"#;
    assert_eq!(api.operate(Method::POST, "/admin/routes/disable", order).await.status, 200);
    for (answer, status) in [(panicked, 500), (ask().await, 503)] {
        answer.is_problem(status);
        assert_eq!(answer.headers["access-control-allow-origin"], "https://app.example");
        assert_eq!(answer.headers["access-control-expose-headers"], "x-request-id");
    }
}

#[tokio::test]
async fn without_an_origin_no_page_may_read_anything() {
    let answer = Api::start(&[]).await.get("/todos").await;
    assert_eq!((answer.status.as_u16(), answer.headers.get("access-control-allow-origin")), (200, None));
}
