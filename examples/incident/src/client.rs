//! A small HTTP client that controls which connection a request uses.

use std::{fmt, net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};

/// A connection that is reused for as many requests as it lasts.
pub(crate) struct Connection {
    addr: SocketAddr,
    sender: SendRequest<Full<Bytes>>,
}

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// The reason why no response arrived.
#[derive(Debug)]
pub(crate) struct NoResponse(String);

impl Connection {
    pub(crate) async fn open(addr: SocketAddr) -> Result<Self, NoResponse> {
        within("connect", async {
            let stream = TcpStream::connect(addr).await.map_err(|error| NoResponse(format!("connect: {error}")))?;
            let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(no_response("handshake"))?;
            tokio::spawn(connection);
            Ok(Self { addr, sender })
        })
        .await
    }

    pub(crate) async fn send(&mut self, request: http::request::Builder, body: &str) -> Result<Response, NoResponse> {
        let request = request.header(header::HOST, self.addr.to_string()).body(Full::from(body.to_owned()));
        let request = request.map_err(no_response("request"))?;
        within("response", async {
            self.sender.ready().await.map_err(no_response("send"))?;
            let response = self.sender.send_request(request).await.map_err(no_response("send"))?;
            let (head, body) = response.into_parts();
            let body = body.collect().await.map_err(no_response("body"))?.to_bytes();
            Ok(Response {
                status: head.status,
                headers: head.headers,
                body: String::from_utf8_lossy(&body).into_owned(),
            })
        })
        .await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<Response, NoResponse> {
        self.send(Request::get(path), "").await
    }
}

/// Sends a user's request over a connection of its own.
pub(crate) async fn send(
    addr: SocketAddr,
    method: Method,
    path: &str,
    user: &str,
    body: &str,
) -> Result<Response, NoResponse> {
    send_with(addr, method, path, ("x-demo-user", user), body).await
}

/// Sends an operator's request over a connection of its own.
pub(crate) async fn operate(
    addr: SocketAddr,
    method: Method,
    path: &str,
    token: &str,
    body: &str,
) -> Result<Response, NoResponse> {
    send_with(addr, method, path, ("authorization", &format!("Bearer {token}")), body).await
}

async fn send_with(
    addr: SocketAddr,
    method: Method,
    path: &str,
    (name, value): (&str, &str),
    body: &str,
) -> Result<Response, NoResponse> {
    let mut request = Request::builder().method(method).uri(path).header(name, value);
    if !body.is_empty() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    Connection::open(addr).await?.send(request.header(header::CONNECTION, "close"), body).await
}

/// Gets `path` over a connection of its own.
pub(crate) async fn get(addr: SocketAddr, path: &str) -> Result<Response, NoResponse> {
    send(addr, Method::GET, path, "0", "").await
}

impl Response {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

async fn within<T>(what: &str, work: impl Future<Output = Result<T, NoResponse>>) -> Result<T, NoResponse> {
    timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(NoResponse(format!("{what}: nothing within {PATIENCE:?}"))))
}

fn no_response<E: fmt::Display>(what: &'static str) -> impl Fn(E) -> NoResponse {
    move |error| NoResponse(format!("{what}: {error}"))
}

impl fmt::Display for NoResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const PATIENCE: Duration = Duration::from_secs(5);
