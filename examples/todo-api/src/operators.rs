//! The routes of operators: issues, incidents, and decisions on issues and routes. Without the [token](crate::token)
//! they answer 404.

use axum::{Router, middleware::from_fn_with_state};
use monitor_kit::{Monitor, alert::AlertHandle};

use crate::{ApiError, admin, incidents, issues, store::Store, token, token::Token, triage};

pub(crate) fn router(monitor: &Monitor, alerts: AlertHandle, token: Token) -> Router<Store> {
    let routes = issues::router(monitor.clone())
        .merge(incidents::router(alerts))
        .merge(triage::router(monitor.clone()))
        .merge(admin::router(monitor.clone()))
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed);
    // Last, so that wrong methods require the token as well.
    routes.layer(from_fn_with_state(token, token::required))
}
