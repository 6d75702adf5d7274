//! The layer directly on hyper, over real sockets.

use std::{convert::Infallible, future, net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Version, header};
use http_body::Body;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use monitor_kit::{BoxError, Monitor, MonitorLayer, Outcome, RequestHead, problem};
use tokio::{net::TcpListener, time::sleep};
use tower::{Service, ServiceBuilder, limit::ConcurrencyLimitLayer, load_shed::LoadShedLayer, timeout::TimeoutLayer};

use crate::{
    client::ask,
    support::{Script, Step, monitor, script},
};

const VERSIONS: [Version; 2] = [Version::HTTP_11, Version::HTTP_2];

#[tokio::test]
async fn a_stack_of_towers_layers_is_served_over_both_versions() {
    for version in VERSIONS {
        let monitor = monitor();
        let stack = ServiceBuilder::new()
            .layer(MonitorLayer::new(&monitor).route(template).respond_to_errors())
            .layer(LoadShedLayer::new())
            .layer(ConcurrencyLimitLayer::new(8))
            .layer(TimeoutLayer::new(Duration::from_secs(60)))
            .service_fn(item);
        let addr = serve(stack).await;
        for (path, status) in [("/items/7", 200), ("/items/0", 500), ("/items/x", 500), ("/wp-login.php", 404)] {
            let (head, _) = ask(addr, version, path).await.expect("an answer");
            assert_eq!(head.status, status, "{path}");
            assert!(head.headers.contains_key("x-request-id"), "{path}");
        }
        let outcomes = |route: &str| {
            let read = monitor.traffic().unwrap().read();
            let found = read.into_iter().find(|series| &*series.route == route).expect("it was visited");
            (
                found.started,
                [Outcome::Completed, Outcome::Panic, Outcome::ServiceError].map(|outcome| found.outcome(outcome)),
            )
        };
        assert_eq!(outcomes("/items/{id}"), (3, [1, 1, 1]));
        assert_eq!(outcomes("_unmatched"), (1, [1, 0, 0]));
    }
}

#[tokio::test]
async fn a_body_short_of_its_length_breaks_off_at_the_client_and_is_an_error_of_the_body() {
    for version in VERSIONS {
        let monitor = monitor();
        let addr = answering(&monitor, || promising("10", [Step::Data("four")])).await;
        assert!(ask(addr, version, "/").await.is_none(), "the client expects a longer body");
        assert_eq!(ended(&monitor).await, Outcome::BodyError, "{version:?}");
    }
}

/// linkerd2#1003: hyper drops a body once its Content-Length is reached.
#[tokio::test]
async fn a_body_of_unknown_length_that_meets_its_content_length_is_completed() {
    for version in VERSIONS {
        let monitor = monitor();
        let addr = answering(&monitor, || promising("8", [Step::Data("four"), Step::Data("more")])).await;
        assert_eq!(ask(addr, version, "/").await.expect("an answer").1, "fourmore");
        assert_eq!(ended(&monitor).await, Outcome::Completed, "{version:?}");
    }
}

#[tokio::test]
async fn a_panic_in_the_body_never_looks_like_its_end() {
    for version in VERSIONS {
        let monitor = monitor();
        let addr = answering(&monitor, || script([Step::Data("four"), Step::Panic("boom")])).await;
        assert!(ask(addr, version, "/").await.is_none());
        assert_eq!(ended(&monitor).await, Outcome::PanicInBody, "{version:?}");
    }
}

/// hyper#2279: a wrapper that loses the size hint makes the response chunked.
#[tokio::test]
async fn a_watched_body_keeps_its_content_length() {
    let monitor = monitor();
    let addr = answering(&monitor, || Response::new(Full::<Bytes>::from("four"))).await;
    let (head, body) = ask(addr, Version::HTTP_11, "/").await.expect("an answer");
    assert_eq!((head.headers[header::CONTENT_LENGTH].as_bytes(), &*body), (&b"4"[..], "four"));
}

fn template<'a>(head: &RequestHead<'a>) -> Option<&'a str> {
    head.uri.path().starts_with("/items/").then_some("/items/{id}")
}

async fn item(request: Request<Incoming>) -> Result<Response<monitor_kit::TextBody>, BoxError> {
    match request.uri().path() {
        "/items/0" => panic!("no such number"),
        "/items/x" => Err("no number".into()),
        path if path.starts_with("/items/") => Ok(Response::new(monitor_kit::TextBody::new("item"))),
        _ => Ok(problem(StatusCode::NOT_FOUND, "")),
    }
}

fn promising(length: &'static str, steps: impl IntoIterator<Item = Step>) -> Response<Script> {
    let mut response = script(steps);
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static(length));
    response
}

/// Serves the result of `answer` for every request.
async fn answering<B>(monitor: &Monitor, answer: impl Fn() -> Response<B> + Clone + Send + 'static) -> SocketAddr
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let answer = move |_| future::ready(Ok::<_, Infallible>(answer()));
    serve(ServiceBuilder::new().layer(MonitorLayer::new(monitor)).service_fn(answer)).await
}

/// Serves `service` on a free port while the test runs.
async fn serve<S, B>(service: S) -> SocketAddr
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send> + Clone + Send + 'static,
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let addr = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(service.clone());
            tokio::spawn(async move {
                auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await
            });
        }
    });
    addr
}

/// Waits for the only request to end and returns its outcome.
async fn ended(monitor: &Monitor) -> Outcome {
    for _ in 0..2000 {
        let route = monitor.traffic().expect("it is enabled").read().remove(0);
        if let Some(outcome) = Outcome::ALL.iter().copied().find(|outcome| route.outcome(*outcome) > 0) {
            assert_eq!((route.started, route.active()), (1, 0));
            return outcome;
        }
        sleep(Duration::from_millis(5)).await;
    }
    panic!("the request is still in flight");
}
