//! For callers on the same machine only.

use std::net::SocketAddr;

use axum::{
    extract::{ConnectInfo, Request},
    middleware::Next,
    response::Response,
};
use monitor_kit::health::is_local;

use crate::ApiError;

/// Refuses everybody else.
pub(crate) async fn only(request: Request, next: Next) -> Result<Response, ApiError> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    if is_local(&request, peer) { Ok(next.run(request).await) } else { Err(ApiError::Forbidden) }
}
