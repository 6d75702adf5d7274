//! Identifies the user of a request. The demo takes it from a header without authentication.

use axum::{extract::Request, middleware::Next, response::Response};
use monitor_kit::scope;

/// Sets the user of the request's scope.
pub(crate) async fn note(request: Request, next: Next) -> Response {
    let user = request.headers().get(HEADER).and_then(|value| value.to_str().ok());
    if let Some(user) = user.filter(|user| (1..=64).contains(&user.len())) {
        scope::set_user(user);
    }
    next.run(request).await
}

/// Name of the header, in lower case.
pub(crate) const HEADER: &str = "x-demo-user";
