//! A rolling restart: one of two instances stops while requests arrive, and no request is lost.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::{Router, routing::get};
use bytes::Bytes;
use http::{StatusCode, Uri};
use http_body_util::{BodyExt, Empty};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use monitor_kit::health::{Health, Probe, ProbeResult};
use tokio::{
    net::TcpListener,
    sync::oneshot,
    task::{JoinHandle, JoinSet},
    time::{sleep, timeout},
};

type HttpClient = Client<HttpConnector, Empty<Bytes>>;

/// A server, and its state in the load balancer.
struct Instance {
    addr: SocketAddr,
    is_ready: AtomicBool,
    answered: Arc<AtomicU32>,
}

/// Serves until `stopping` completes, and for another `grace`.
async fn serve(stopping: oneshot::Receiver<()>, grace: Duration) -> (Arc<Instance>, JoinHandle<std::io::Result<()>>) {
    let probe = Probe::new("database", || async { ProbeResult::ok() }).critical().ready();
    let health = Health::builder().probe(probe).build().expect("the settings are good");
    let answered = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&answered);
    let work = async move || {
        sleep(Duration::from_millis(5)).await;
        counted.fetch_add(1, Relaxed);
        "done"
    };
    let app = Router::new().route("/work", get(work)).nest_service("/health", health.service());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    let served = axum::serve(listener, app).with_graceful_shutdown(health.drain_on(stopping, grace));
    (Arc::new(Instance { addr, is_ready: AtomicBool::new(false), answered }), tokio::spawn(async { served.await }))
}

async fn ask(client: &HttpClient, addr: SocketAddr, path: &str) -> Option<StatusCode> {
    let uri: Uri = format!("http://{addr}{path}").parse().expect("a URI");
    let response = client.get(uri).await.ok()?;
    let status = response.status();
    response.into_body().collect().await.ok()?;
    Some(status)
}

/// Polls the readiness of an instance, as a load balancer does.
async fn watch(client: HttpClient, instance: Arc<Instance>) {
    loop {
        let is_ready = ask(&client, instance.addr, "/health/ready").await == Some(StatusCode::OK);
        instance.is_ready.store(is_ready, Relaxed);
        sleep(Duration::from_millis(10)).await;
    }
}

/// sglang#39016, nestjs/terminus#2569: each rollout causes a burst of connection errors, because the listener closes
/// before the load balancer has noticed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_stop_under_load_loses_no_request() {
    let client: HttpClient = Client::builder(TokioExecutor::new()).build_http();
    let (stop, stopping) = oneshot::channel();
    let (_keep, never) = oneshot::channel();
    let (old, stopped) = serve(stopping, Duration::from_millis(500)).await;
    let (new, _running) = serve(never, Duration::ZERO).await;
    let instances = [old, new];
    let mut background = JoinSet::new();
    for instance in &instances {
        background.spawn(watch(client.clone(), Arc::clone(instance)));
    }
    while !instances.iter().all(|instance| instance.is_ready.load(Relaxed)) {
        sleep(Duration::from_millis(5)).await;
    }
    let enough = Arc::new(AtomicBool::new(false));
    let mut workers = JoinSet::new();
    for number in 0..8 {
        let (client, instances, enough) = (client.clone(), instances.clone(), Arc::clone(&enough));
        workers.spawn(async move {
            let mut statuses = Vec::new();
            while !enough.load(Relaxed) {
                let ready = instances.iter().filter(|instance| instance.is_ready.load(Relaxed));
                let ready: Vec<_> = ready.map(|instance| instance.addr).collect();
                let addr = ready[(statuses.len() + number) % ready.len()];
                statuses.push(ask(&client, addr, "/work").await);
            }
            statuses
        });
    }
    let answered = |instance: &Instance| instance.answered.load(Relaxed);
    while answered(&instances[0]) < 200 {
        sleep(Duration::from_millis(5)).await;
    }
    stop.send(()).expect("it runs");
    timeout(Duration::from_secs(10), stopped).await.expect("in time").expect("no panic").expect("no error");
    let (at_stop, so_far) = (answered(&instances[0]), answered(&instances[1]));
    while answered(&instances[1]) < so_far + 200 {
        sleep(Duration::from_millis(5)).await;
    }
    enough.store(true, Relaxed);
    let statuses = workers.join_all().await.concat();
    let lost = statuses.iter().filter(|status| **status != Some(StatusCode::OK)).count();
    assert_eq!((lost, answered(&instances[0])), (0, at_stop), "of {}", statuses.len());
}
