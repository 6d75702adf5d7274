//! Tests with a Redis server.

use monitor_health::{HealthProbe, HealthStatus, Probe, RedisProbe};
use redis::{Client, aio::MultiplexedConnection};

use crate::{
    server::Server,
    support::{INTERVAL, TIMEOUT, until, watching},
};

async fn connection(server: &Server) -> MultiplexedConnection {
    let client = Client::open(format!("redis://{}/", server.addr)).expect("a good address");
    client.get_multiplexed_async_connection().await.expect("it listens")
}

#[tokio::test]
#[ignore = "needs Redis"]
async fn a_value_is_set_got_and_compared_and_expires() {
    let server = Server::redis();
    let mut connection = connection(&server).await;
    let probe = RedisProbe::new(connection.clone()).key("probe:of:ours");
    let result = probe.check().await;
    assert_eq!(result.status(), HealthStatus::Ok, "{result:?}");
    let left: i64 = redis::cmd("TTL").arg("probe:of:ours").query_async(&mut connection).await.unwrap();
    assert!((1..=10).contains(&left), "{left}");
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut connection).await.unwrap();
    assert_eq!(keys, ["probe:of:ours"], "nothing else was touched");
}

/// A Redis without free memory rejects writes, although it answers.
#[tokio::test]
#[ignore = "needs Redis"]
async fn a_cache_that_takes_nothing_is_down_though_it_answers() {
    let server = Server::redis();
    let mut connection = connection(&server).await;
    let _: () = redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(1).query_async(&mut connection).await.unwrap();
    let result = RedisProbe::new(connection).check().await;
    assert_eq!((result.status(), result.message()), (HealthStatus::Error, "Cache connection failed"));
}

#[tokio::test]
#[ignore = "needs Redis"]
async fn a_cache_that_stands_still_is_down_in_time_and_up_again_when_it_goes_on() {
    let server = Server::redis();
    let health = watching(Probe::new("cache", RedisProbe::new(connection(&server).await)));
    until(&health, "/ready", 200).await;
    server.freeze();
    let (_, took) = until(&health, "/ready", 503).await;
    assert!(took < (TIMEOUT + INTERVAL * 2) * 3 + TIMEOUT, "{took:?}");
    server.thaw();
    let (_, took) = until(&health, "/ready", 200).await;
    assert!(took < (TIMEOUT + INTERVAL * 2) * 2 + TIMEOUT, "{took:?}");
}

#[tokio::test]
#[ignore = "needs Redis"]
async fn a_cache_that_is_killed_is_down_until_it_is_started_again() {
    let mut server = Server::redis();
    let client = Client::open(format!("redis://{}/", server.addr)).unwrap();
    let manager = client.get_connection_manager().await.unwrap();
    let health = watching(Probe::new("cache", RedisProbe::new(manager)));
    until(&health, "/ready", 200).await;
    server.kill();
    until(&health, "/ready", 503).await;
    server.start();
    until(&health, "/ready", 200).await;
}
