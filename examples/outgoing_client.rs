//! Two services in a row: the first one calls the second, and both log the same trace and request ID.
//!
//! ```sh
//! cargo run --example outgoing_client --features axum
//! ```

use std::{
    io::{Write, stdout},
    net::SocketAddr,
};

use axum::{Router, body::Body, extract::State, routing::get};
use http::{Request, StatusCode, Uri};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use monitor_kit::{BoxError, ClientOutcome, IdPolicy, Monitor, MonitorLayer, Networks, Propagate, PropagateLayer};
use tower::ServiceExt;

type HttpClient = Propagate<Client<HttpConnector, Body>>;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    tracing_subscriber::fmt().json().flatten_event(true).with_writer(stdout).init();

    let stock = Monitor::builder("stock").build()?;
    let stock_addr = serve(&stock, Router::new().route("/count", get(|| async { "7" }))).await?;

    let shop = Monitor::builder("shop").build()?;
    let client = Client::builder(TokioExecutor::new()).build_http();
    let class_of = move |uri: &Uri| if uri.port_u16() == Some(stock_addr.port()) { "stock" } else { "other" };
    let client = PropagateLayer::new(&shop).host_class(class_of).layer(client);
    let app = Router::new().route("/items", get(items)).with_state((client.clone(), stock_addr));
    let shop_addr = serve(&shop, app).await?;

    let answer = ask(client, shop_addr, "/items").await?;
    writeln!(stdout(), "{answer}")?;
    for host in shop.outgoing().into_iter().flat_map(monitor_kit::Outgoing::read) {
        writeln!(
            stdout(),
            "requests to {} answered with 2xx: {}",
            host.host_class,
            host.count(ClientOutcome::Status2xx)
        )?;
    }
    Ok(())
}

async fn items(State((client, stock)): State<(HttpClient, SocketAddr)>) -> Result<String, StatusCode> {
    let count = ask(client, stock, "/count").await.map_err(|_| StatusCode::BAD_GATEWAY)?;
    Ok(format!("{count} items in stock"))
}

async fn ask(client: HttpClient, addr: SocketAddr, path: &str) -> Result<String, BoxError> {
    let request = Request::get(format!("http://{addr}{path}")).body(Body::empty())?;
    let response = client.oneshot(request).await?;
    let body = axum::body::to_bytes(Body::new(response.into_body()), 1024).await?;
    Ok(String::from_utf8(body.into())?)
}

/// Serves `app` to local callers, whose traces it continues.
async fn serve(monitor: &Monitor, app: Router) -> Result<SocketAddr, BoxError> {
    let layer = MonitorLayer::new(monitor).id_policy(IdPolicy::TrustedPeer(Networks::loopback()));
    let app = app.layer(layer).into_make_service_with_connect_info::<SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(addr)
}
