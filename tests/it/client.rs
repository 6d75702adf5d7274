//! A client that opens a connection per request.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Version, response::Parts};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

/// Sends a request on its own connection and returns the whole response, or `None` if it breaks off.
pub(crate) async fn ask(addr: SocketAddr, version: Version, path: &str) -> Option<(Parts, String)> {
    let request = Request::get(format!("http://{addr}{path}")).version(version).body(Empty::<Bytes>::new());
    let request = request.expect("a request");
    let stream = TokioIo::new(TcpStream::connect(addr).await.expect("it listens"));
    let response = if version == Version::HTTP_2 {
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.expect("it speaks HTTP/2");
        tokio::spawn(connection);
        sender.send_request(request).await
    } else {
        let (mut sender, connection) = http1::handshake(stream).await.expect("it speaks HTTP/1");
        tokio::spawn(connection);
        sender.send_request(request).await
    };
    let (head, body) = response.ok()?.into_parts();
    let body = body.collect().await.ok()?.to_bytes();
    Some((head, String::from_utf8_lossy(&body).into_owned()))
}
