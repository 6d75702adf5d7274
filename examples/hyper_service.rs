//! A service on hyper, with tower but without a router.
//!
//! ```sh
//! cargo run --example hyper_service
//! ```

use std::{
    convert::Infallible,
    io::{Write, stdout},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use monitor_kit::{BoxError, Monitor, MonitorLayer};
use tokio::net::TcpListener;
use tower::ServiceBuilder;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    // Without a router, only paths declared word for word are routes.
    let monitor = Monitor::builder("shop").routes([("GET", "/items"), ("GET", "/error")]).build()?;
    let service = ServiceBuilder::new().layer(MonitorLayer::new(&monitor)).service_fn(items);

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(service.clone());
            tokio::spawn(async move {
                auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await
            });
        }
    });

    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    for path in ["/items", "/error", "/wp-login.php"] {
        let response = client.get(format!("http://{addr}{path}").parse()?).await?;
        let (status, has_id) = (response.status(), response.headers().contains_key("x-request-id"));
        let body = response.into_body().collect().await?.to_bytes();
        writeln!(
            stdout(),
            "GET {path} answers {status}, with a request ID: {has_id}\n  {}",
            String::from_utf8_lossy(&body)
        )?;
    }
    for counts in monitor.traffic().into_iter().flat_map(monitor_kit::Traffic::read) {
        let failed: u64 = counts.failures().iter().map(|(_, count)| count).sum();
        writeln!(stdout(), "{}: {} started, {failed} failed", counts.route, counts.started)?;
    }
    Ok(())
}

async fn items(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    match request.uri().path() {
        "/items" => Ok(Response::new(Full::from("two items"))),
        "/error" => panic!("the shelf fell"),
        _ => {
            let mut response = Response::new(Full::default());
            *response.status_mut() = StatusCode::NOT_FOUND;
            Ok(response)
        }
    }
}
