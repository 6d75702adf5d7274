//! `/openapi.json`, and the error responses shared by its operations.

use axum::{Router, routing::get};
use utoipa::{IntoResponses, OpenApi, ToSchema};
use uuid::Uuid;

use crate::{json::Json, store::Store, todos};

#[derive(OpenApi)]
#[openapi(
    info(title = "TODO API", description = "Errors are application/problem+json (RFC 9457)."),
    paths(todos::create, todos::list, todos::read, todos::update, todos::complete, todos::delete)
)]
struct Document;

/// An error response as defined by RFC 9457.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a schema; the response is made by `monitor_kit::problem`")]
pub(crate) struct Problem {
    /// Kind of the problem. `about:blank` means that the status is sufficient.
    r#type: String,
    /// The error, and what to change.
    title: String,
    /// Status of the response.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// Identifies the request in the log.
    request_id: Uuid,
}

/// Refusals of a query.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "a schema")]
pub(crate) enum QueryRefusals {
    /// A parameter of the query is malformed or out of range.
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(Problem),
}

/// Refusals of a todo's identifier.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "a schema")]
pub(crate) enum IdRefusals {
    /// There is no such todo.
    #[response(status = 404, content_type = "application/problem+json")]
    NoSuchTodo(Problem),
}

/// Refusals of a body.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "a schema")]
pub(crate) enum BodyRefusals {
    /// The body is not JSON.
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(Problem),
    /// The body is longer than 16 KiB.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLong(Problem),
    /// The content type is not `application/json`.
    #[response(status = 415, content_type = "application/problem+json")]
    NotJson(Problem),
    /// The body does not fit the schema.
    #[response(status = 422, content_type = "application/problem+json")]
    Unfit(Problem),
}

pub(crate) fn router() -> Router<Store> {
    Router::new().route("/openapi.json", get(|| async { Json(Document::openapi()) }))
}
