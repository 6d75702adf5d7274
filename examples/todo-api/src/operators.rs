//! The routes of operators: issues, and what is decided on them and on routes. Without the [token](crate::token) they do
//! not exist.

use axum::{Router, middleware::from_fn_with_state};
use monitor_kit::Monitor;

use crate::{ApiError, admin, issues, store::Store, token, token::Token, triage};

pub(crate) fn router(monitor: &Monitor, token: Token) -> Router<Store> {
    let routes = issues::router(monitor.clone())
        .merge(triage::router(monitor.clone()))
        .merge(admin::router(monitor.clone()))
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed);
    // Last, so that a wrong method is answered behind it as well.
    routes.layer(from_fn_with_state(token, token::required))
}
