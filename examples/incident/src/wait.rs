//! Waits for a server to reach a state.

use std::net::SocketAddr;

use http::StatusCode;
use monitor_kit::clock;
use serde_json::Value;
use tokio::time::sleep;

use crate::{
    check::{Checked, POLL, START, sent, unmet},
    client::{self, Connection},
    scrape::Scrape,
    server::Server,
    world::World,
};

pub(crate) async fn scrape(world: &World) -> Checked<Scrape> {
    sent(Scrape::of(world.addr()).await)
}

pub(crate) async fn ready(world: &World, server: &mut Server) -> Checked<Value> {
    ready_at(world.addr(), server).await
}

/// Waits until the service at `addr` answers readiness with 200.
pub(crate) async fn ready_at(addr: SocketAddr, server: &mut Server) -> Checked<Value> {
    let mut last = String::from("no answer");
    let deadline = clock::now() + START;
    while clock::now() < deadline && server.is_running() {
        match client::get(addr, "/health/ready").await {
            Ok(response) if response.status == StatusCode::OK && response.json()["status"] == "ready" => {
                return Ok(response.json());
            }
            Ok(response) => last = response.body,
            Err(error) => last = error.to_string(),
        }
        sleep(POLL).await;
    }
    Err(unmet("the service becomes ready", format!("{last} {}", server.stderr())))
}

/// Waits until the release called `version` answers.
pub(crate) async fn answers_as(world: &World, version: &str, server: &mut Server) -> Checked {
    let deadline = clock::now() + START;
    while clock::now() < deadline && server.is_running() {
        if sent(client::get(world.addr(), "/health").await)?.json()["version"] == version {
            return Ok(());
        }
        sleep(POLL).await;
    }
    Err(unmet(&format!("release {version} answers"), server.stderr()))
}

/// Waits until readiness on this connection is 503.
pub(crate) async fn drained(connection: &mut Connection) -> Checked {
    let mut last = String::from("no answer");
    for _ in 0..40 {
        match connection.get("/health/ready").await {
            Ok(response) if response.status == StatusCode::SERVICE_UNAVAILABLE => return Ok(()),
            Ok(response) => last = response.status.to_string(),
            Err(error) => return Err(unmet("the old release's readiness turns 503", format!("{last}, then {error}"))),
        }
        sleep(POLL).await;
    }
    Err(unmet("the old release's readiness turns 503", last))
}
