//! `/openapi.json`.

use axum::{Json, Router, routing::get};
use utoipa::OpenApi;

use crate::{store::Store, todos};

#[derive(OpenApi)]
#[openapi(
    info(title = "TODO API", description = "Errors are application/problem+json (RFC 9457)."),
    paths(todos::create, todos::list, todos::read, todos::update, todos::complete, todos::delete)
)]
struct Document;

pub(crate) fn router() -> Router<Store> {
    Router::new().route("/openapi.json", get(|| async { Json(Document::openapi()) }))
}
