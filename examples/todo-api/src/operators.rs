//! The routes of operators: issues, and decisions on issues and routes. Without the [token](crate::token) they answer
//! 404.

use axum::{Router, middleware::from_fn_with_state};
use monitor_kit::Monitor;

use crate::{ApiError, admin, issues, store::Store, token, token::Token, triage};

pub(crate) fn router(monitor: &Monitor, token: Token) -> Router<Store> {
    let routes = issues::router(monitor.clone())
        .merge(triage::router(monitor.clone()))
        .merge(admin::router(monitor.clone()))
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed);
    // Last, so that wrong methods require the token as well.
    routes.layer(from_fn_with_state(token, token::required))
}
