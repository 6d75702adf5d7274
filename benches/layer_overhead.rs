//! What a layer adds to a request whose service does nothing, beside the nearest stack of peers, without a subscriber.
//!
//! ```sh
//! cargo bench -p benches
//! ```

use std::{
    convert::Infallible,
    pin::pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use monitor_kit::{CatchPanicLayer, Monitor, MonitorLayer, RequestIdLayer, TimingLayer};
use tower::{Service, ServiceBuilder, service_fn};
use tower_http::{
    catch_panic::CatchPanicLayer as PeerCatchPanicLayer,
    request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer},
    trace::TraceLayer,
};

async fn answer(_: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::from("hello")))
}

/// Drives one request to the end of its body. Nothing in it ever waits.
fn drive<S, B>(service: &mut S)
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>>,
    B: Body,
{
    let mut context = Context::from_waker(Waker::noop());
    let _ = service.poll_ready(&mut context);
    let request =
        Request::builder().uri("/items/7").header("user-agent", "bench").body(Full::default()).unwrap_or_default();
    if let Poll::Ready(Ok(response)) = pin!(service.call(request)).poll(&mut context) {
        let mut body = pin!(response.into_body());
        while let Poll::Ready(Some(_)) = body.as_mut().poll_frame(&mut context) {}
    }
}

fn overhead(criterion: &mut Criterion) {
    let monitor = Monitor::builder("bench").log(None).build().expect("the settings are good");
    let mut group = criterion.benchmark_group("layer_overhead");
    macro_rules! case {
        ($name:literal, $($layer:expr),*) => {{
            let mut service = ServiceBuilder::new()$(.layer($layer))*.service(service_fn(answer));
            group.bench_function($name, |bencher| bencher.iter(|| drive(&mut service)));
        }};
    }
    case!("bare",);
    case!("off", MonitorLayer::new(&Monitor::disabled()));
    case!("request id", RequestIdLayer::new());
    case!("timing", TimingLayer::new(&monitor));
    case!("catch panic", CatchPanicLayer::new(&monitor));
    case!("all", MonitorLayer::new(&monitor));
    case!(
        "peers: request id, trace, catch panic",
        SetRequestIdLayer::x_request_id(MakeRequestUuid),
        TraceLayer::new_for_http(),
        PropagateRequestIdLayer::x_request_id(),
        PeerCatchPanicLayer::new()
    );
    group.finish();
}

criterion_group!(benches, overhead);
criterion_main!(benches);
