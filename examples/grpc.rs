//! A gRPC service on tonic. Calls are counted by method and classified by their gRPC status, whether it is in the head
//! or in the trailers. `/metrics` and `/health` are on the same port.
//!
//! ```sh
//! cargo run --example grpc --features prometheus,tonic
//! ```

use std::{
    convert::Infallible,
    future::Future,
    io::{self, Write, stdout},
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use monitor_kit::{BoxError, ErrorSettings, Monitor, MonitorLayer, PrometheusEndpoint, health::Health};
use tonic::{
    Status,
    body::Body,
    client, server,
    service::Routes,
    transport::{
        Channel, Server,
        server::{TcpConnectInfo, TcpIncoming},
    },
};
use tonic_prost::ProstCodec;
use tower::{Service, service_fn};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    // A declared method has a series of its own; all others share one.
    let monitor = Monitor::builder("greeter")
        .grpc_methods(["/hello.Greeter/Greet"])
        .errors(ErrorSettings::new().error_type::<io::Error>())
        .build()?;
    let layer = MonitorLayer::new(&monitor)
        .peer(|head| head.extensions.get::<TcpConnectInfo>()?.remote_addr().map(|addr| addr.ip()));
    let health = Health::builder().monitor(&monitor).build()?;
    // tonic's routes are an axum router, which accepts any service. Prometheus and Kubernetes use HTTP/1.1.
    let router = Routes::new(Greeter)
        .into_axum_router()
        .route_service("/metrics", PrometheusEndpoint::install(&monitor)?)
        .nest_service("/health", health.service());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    let server = Server::builder().accept_http1(true).layer(layer).add_routes(router.into());
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));

    let channel = Channel::from_shared(format!("http://{addr}"))?.connect().await?;
    let methods = ["/hello.Greeter/Greet", "/hello.Greeter/Greet", "/hello.Greeter/Greet", "/hello.Greeter/Steal"];
    for (name, method) in ["Ada", "nobody", "panic", "Ada"].into_iter().zip(methods) {
        let mut client = client::Grpc::new(channel.clone());
        client.ready().await?;
        let request = tonic::Request::new(name.to_owned());
        let answer = client.unary(request, method.parse()?, ProstCodec::<String, String>::default()).await;
        let said = answer.map_or_else(|status| format!("{:?}", status.code()), tonic::Response::into_inner);
        writeln!(stdout(), "{method}({name}): {said}")?;
    }
    monitor.flush(Duration::from_secs(20));
    for issue in monitor.issues() {
        writeln!(stdout(), "issue: {}: {}", issue.type_name, issue.message)?;
    }
    for counts in monitor.traffic().into_iter().flat_map(monitor_kit::Traffic::read) {
        for (kind, count) in counts.failures().into_iter().filter(|(_, count)| *count > 0) {
            writeln!(stdout(), "{} failed with {}: {count}", counts.route, kind.label())?;
        }
    }
    writeln!(stdout(), "GET /health/ready: {}", get(addr, "/health/ready").await?.status())?;
    let page = get(addr, "/metrics").await?.into_body().collect().await?.to_bytes();
    let failed = |line: &&str| line.starts_with("http_server_errors_total") && !line.ends_with(" 0");
    for line in str::from_utf8(&page)?.lines().filter(failed) {
        writeln!(stdout(), "GET /metrics: {line}")?;
    }
    Ok(())
}

async fn get(addr: SocketAddr, path: &str) -> Result<Response<Incoming>, BoxError> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    Ok(client.get(format!("http://{addr}{path}").parse()?).await?)
}

async fn greet(request: tonic::Request<String>) -> Result<tonic::Response<String>, Status> {
    match request.into_inner().as_str() {
        "nobody" => Err(to_status(io::Error::other("the list of guests is gone"))),
        "panic" => panic!("the greeter fell"),
        name => Ok(tonic::Response::new(format!("hello, {name}"))),
    }
}

/// Clients see the message of the status. The issue has the type and message of its source.
fn to_status(error: io::Error) -> Status {
    let mut status = Status::internal("there is nobody to greet");
    status.set_source(Arc::new(error));
    status
}

/// The code that tonic generates from a `.proto` file, written by hand so that this example needs no protobuf compiler.
#[derive(Clone, Copy, Debug)]
struct Greeter;

impl server::NamedService for Greeter {
    const NAME: &'static str = "hello.Greeter";
}

impl Service<Request<Body>> for Greeter {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = server::Grpc::new(ProstCodec::<String, String>::default());
            match request.uri().path() {
                "/hello.Greeter/Greet" => Ok(grpc.unary(service_fn(greet), request).await),
                _ => Ok(Status::unimplemented("").into_http()),
            }
        })
    }
}
