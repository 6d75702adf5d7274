//! Tests with a PostgreSQL server.

use std::time::Duration;

use monitor_health::{DetailLevel, DetailPolicy, Health, HealthProbe, HealthStatus, PostgresProbe, Probe};
use serde_json::json;
use sqlx::{
    Connection, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{
    server::Server,
    support::{INTERVAL, TIMEOUT, get, until, watching},
};

fn options(server: &Server, user: &str) -> PgConnectOptions {
    PgConnectOptions::new().host("127.0.0.1").port(server.addr.port()).username(user).database("postgres")
}

fn pool(server: &Server, user: &str, most: u32) -> PgPool {
    PgPoolOptions::new().max_connections(most).connect_lazy_with(options(server, user))
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_database_that_stands_still_is_down_in_time_and_up_again_when_it_goes_on() {
    let server = Server::postgres();
    let probe = Probe::new("database", PostgresProbe::new(pool(&server, "app", 5)));
    let health = watching(probe);
    until(&health, "/ready", 200).await;
    server.freeze();
    let (body, took) = until(&health, "/ready", 503).await;
    assert_eq!(body["error"], "database");
    // The failure threshold takes three runs, each of which reaches its time-out.
    assert!(took < (TIMEOUT + INTERVAL * 2) * 3 + TIMEOUT, "{took:?}");
    let (status, body) = get(&health, "/").await;
    assert_eq!((status, &body["checks"]["database"]["message"]), (503, &"no answer within 1000 ms".into()));
    server.thaw();
    let (_, took) = until(&health, "/ready", 200).await;
    assert!(took < (TIMEOUT + INTERVAL * 2) * 2 + TIMEOUT, "{took:?}");
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_database_that_is_killed_is_down_at_once_and_up_again_once_it_is_started() {
    let mut server = Server::postgres();
    let health = watching(Probe::new("database", PostgresProbe::new(pool(&server, "app", 5))));
    until(&health, "/ready", 200).await;
    server.kill();
    let (_, took) = until(&health, "/ready", 503).await;
    assert!(took < TIMEOUT + INTERVAL * 3, "who refuses connections is down without doubt: {took:?}");
    let text = get(&health, "/").await.1.to_string();
    assert!(text.contains("Database connection failed"), "{text}");
    server.start();
    until(&health, "/ready", 200).await;
}

/// gonka#1602, spicedb#2765: a pool without a free connection looks like a database that is down.
#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn an_exhausted_pool_is_a_warning_and_a_lost_database_an_error() {
    let mut server = Server::postgres();
    let pool = pool(&server, "app", 2);
    let probe = PostgresProbe::new(pool.clone()).patience(Duration::from_millis(100));
    let held = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    let result = probe.check().await;
    assert_eq!((result.status(), result.message()), (HealthStatus::Warning, "No connection free in the pool"));
    assert_eq!(result.values()["connections_detail"]["pool"], json!({ "size": 2, "idle": 0, "max": 2 }));
    server.kill();
    let result = probe.check().await;
    assert_eq!((result.status(), result.message()), (HealthStatus::Error, "Database connection failed"));
    drop(held);
}

/// django-health-check#164, Xabaril#552: checks that write, or need connections of their own. This probe uses the
/// pool's only connection, with a role without privileges.
#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn it_says_who_is_connected_and_what_of_it_is_hidden() {
    let server = Server::postgres();
    let mut admin = PgConnection::connect_with(&options(&server, "app")).await.unwrap();
    for statement in ["CREATE ROLE small LOGIN", "BEGIN", "SELECT 1"] {
        sqlx::raw_sql(statement).execute(&mut admin).await.unwrap();
    }
    let pool = pool(&server, "small", 1);
    let probe = PostgresProbe::new(pool);
    let hidden = probe.check().await;
    assert_eq!((hidden.status(), &hidden.values()["connections"]), (HealthStatus::Ok, &2.into()));
    assert_eq!(hidden.values()["connections_detail"]["visibility"], "partial");
    let mut other = PgConnection::connect_with(&options(&server, "app")).await.unwrap();
    sqlx::raw_sql("GRANT pg_monitor TO small").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    // The server notices a moment later that a connection was closed.
    let mut seen = probe.check().await;
    for _ in 0..1_000 {
        if seen.values()["connections"] == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        seen = probe.check().await;
    }
    let detail = &seen.values()["connections_detail"];
    let expected = json!({
        "active": 1, "idle": 0, "idle_in_transaction": 1, "max": 20, "visibility": "full",
        "pool": { "size": 1, "idle": 0, "max": 1 },
    });
    assert_eq!((&seen.values()["connections"], detail), (&2.into(), &expected));
    assert!(seen.values()["oldest_connection_seconds"].as_f64().unwrap() > 0.0, "{seen:?}");
    admin.close().await.unwrap();
}

/// FerroEHR#2048, gofr#3802: responses contain the driver's error, with host, user and statement.
#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn nothing_of_what_the_driver_says_reaches_a_caller() {
    let server = Server::postgres();
    let details = DetailPolicy::public(DetailLevel::Full);
    for (user, database) in [("nobody-of-ours", "postgres"), ("app", "no-such-database")] {
        let options = options(&server, user).database(database);
        let pool = PgPoolOptions::new().connect_lazy_with(options);
        let probe = Probe::new("database", PostgresProbe::new(pool)).critical();
        let health = Health::builder().probe(probe).details(details.clone()).alias("db", "database").build().unwrap();
        for path in ["/", "/db/", "/ready"] {
            let text = get(&health, path).await.1.to_string();
            for word in [user, database, "127.0.0.1", "role", "SELECT", &server.addr.port().to_string()] {
                assert!(word == "app" || !text.contains(word), "{word} in {text}");
            }
        }
        let (status, body) = get(&health, "/db/").await;
        assert_eq!(
            (status, &body["status"], &body["message"]),
            (503, &"error".into(), &"Database connection failed".into())
        );
    }
    let refused = PostgresProbe::new(pool(&server, "nobody-of-ours", 1)).check().await;
    assert!(refused.is_decisive(), "{refused:?}");
}
