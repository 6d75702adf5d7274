//! Health over gRPC, as clients see it.

use std::time::Duration;

use monitor_health::{Health, ProbeResult};
use tokio::{net::TcpListener, task::AbortHandle};
use tonic::{Code, transport::Channel};
use tonic_health::pb::{
    HealthCheckRequest,
    health_check_response::ServingStatus::{self, NotServing, Serving},
    health_client::HealthClient,
};

use crate::support::{Runs, built, ms};

/// Serves until it is dropped.
struct Served(AbortHandle);

impl Drop for Served {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn serve(health: &Health) -> (Served, HealthClient<Channel>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    let router = tonic::transport::Server::builder().add_service(health.grpc_service(["shop.Orders"]));
    let incoming = tonic::transport::server::TcpIncoming::from(listener);
    let task = tokio::spawn(router.serve_with_incoming(incoming));
    let channel = Channel::from_shared(format!("http://{addr}")).expect("an address").connect_lazy();
    (Served(task.abort_handle()), HealthClient::new(channel))
}

fn of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: service.to_owned() }
}

async fn check(client: &mut HealthClient<Channel>, service: &str) -> ServingStatus {
    client.check(of(service)).await.expect("an answer").into_inner().status()
}

/// tonic-health reports `SERVING` from the start, before any probe has run.
#[tokio::test]
async fn a_client_sees_not_serving_until_it_is_ready_and_for_good_once_it_drains() {
    let health = built([Runs::default().finding("database", |_| ProbeResult::ok()).critical().ready()]);
    let gate = health.startup_gate("migrations");
    let (_served, mut client) = serve(&health).await;
    for service in ["", "shop.Orders"] {
        assert_eq!(check(&mut client, service).await, NotServing, "`{service}`");
    }
    assert_eq!(client.check(of("shop.Nothing")).await.expect_err("unknown").code(), Code::NotFound);
    let mut watched = client.watch(of("shop.Orders")).await.expect("a stream").into_inner();
    let mut next = async || watched.message().await.expect("no error").expect("it goes on").status();
    assert_eq!(next().await, NotServing);
    drop(gate);
    assert_eq!(next().await, Serving);
    assert_eq!(check(&mut client, "").await, Serving);
    health.drain_on(async {}, Duration::ZERO).await;
    assert_eq!(next().await, NotServing);
    let late = health.startup_gate("late");
    drop(late);
    assert_eq!(check(&mut client, "shop.Orders").await, NotServing);
}

/// tokio's budget may be exhausted when the service is created, and there may be more names than one budget allows.
#[tokio::test]
async fn every_name_is_not_serving_from_the_first_moment() {
    let health = built([]);
    let _gate = health.startup_gate("migrations");
    let (sender, mut receiver) = tokio::sync::mpsc::channel(200);
    for number in 0..128 {
        sender.send(number).await.unwrap();
    }
    tokio::task::yield_now().await;
    for _ in 0..128 {
        receiver.recv().await.unwrap();
    }
    let mut client = HealthClient::new(health.grpc_service((0..200).map(|number| format!("shop.S{number}"))));
    for service in ["", "shop.S0", "shop.S127", "shop.S199"] {
        let status = client.check(of(service)).await.expect(service).into_inner().status();
        assert_eq!(status, NotServing, "`{service}`");
    }
}

#[tokio::test]
async fn a_client_sees_a_probe_of_readiness_fail_and_recover() {
    let runs = Runs::default();
    let probe = runs
        .finding("database", |run| if run == 5 { ProbeResult::error("away").decisive() } else { ProbeResult::ok() });
    let health = built([probe.critical().ready().interval(ms(20)).interval_when_down(ms(20))]);
    let (_served, mut client) = serve(&health).await;
    let mut watched = client.watch(of("")).await.expect("a stream").into_inner();
    let mut seen = Vec::new();
    while seen.len() < 3 || seen[seen.len() - 3..] != [Serving, NotServing, Serving] {
        assert!(seen.len() < 10, "{seen:?}");
        seen.push(watched.message().await.expect("no error").expect("it goes on").status());
    }
    drop(health);
    assert_eq!(
        watched.message().await.expect("no error").expect("it goes on").status(),
        NotServing,
        "the task has ended"
    );
}
