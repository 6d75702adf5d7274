//! `/openapi.json`: the document in the folder of this package, which the tests compare with the API.

use axum::{Router, http::header::CONTENT_TYPE, routing::get};

use crate::store::Store;

pub(crate) fn router() -> Router<Store> {
    Router::new().route("/openapi.json", get(async || ([(CONTENT_TYPE, "application/json")], DOCUMENT)))
}

const DOCUMENT: &str = include_str!("../openapi.json");
