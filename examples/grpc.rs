//! A gRPC service on tonic: calls are counted by method and fail by their own status, wherever it is.
//!
//! ```sh
//! cargo run --example grpc
//! ```

use std::{
    convert::Infallible,
    future::Future,
    io::{Write, stdout},
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response};
use monitor_kit::{BoxError, Monitor, MonitorLayer};
use tonic::{
    Status,
    body::Body,
    client, server,
    transport::{
        Channel, Server,
        server::{TcpConnectInfo, TcpIncoming},
    },
};
use tonic_prost::ProstCodec;
use tower::{Service, service_fn};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    // A method that is declared is a series of its own; all others are one.
    let monitor = Monitor::builder("greeter").grpc_methods(["/hello.Greeter/Greet"]).build()?;
    let layer = MonitorLayer::new(&monitor)
        .peer(|head| head.extensions.get::<TcpConnectInfo>()?.remote_addr().map(|addr| addr.ip()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    let serving = Server::builder().layer(layer).add_service(Greeter).serve_with_incoming(TcpIncoming::from(listener));
    tokio::spawn(serving);

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
    for counts in monitor.traffic().into_iter().flat_map(monitor_kit::Traffic::read) {
        for (kind, count) in counts.failures().into_iter().filter(|(_, count)| *count > 0) {
            writeln!(stdout(), "{} failed with {}: {count}", counts.route, kind.label())?;
        }
    }
    Ok(())
}

async fn greet(request: tonic::Request<String>) -> Result<tonic::Response<String>, Status> {
    match request.into_inner().as_str() {
        "nobody" => Err(Status::internal("there is nobody to greet")),
        "panic" => panic!("the greeter fell"),
        name => Ok(tonic::Response::new(format!("hello, {name}"))),
    }
}

/// What tonic generates from a `.proto` file, written by hand so that this example needs no compiler for one.
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
