//! The health probes of the service.

#[cfg(feature = "postgres")]
use monitor_kit::health::PostgresProbe;
#[cfg(feature = "redis")]
use monitor_kit::health::RedisProbe;
use monitor_kit::{
    BoxError, Monitor,
    health::{DetailLevel, DetailPolicy, DiskProbe, Health, Probe, RuntimeProbe, SqliteProbe},
};

use crate::{Config, Token, store::Store};

/// Probes the database, the cache if there is one, the disk and the runtime. Readiness depends on the database, because
/// no request can be served without it.
pub(crate) fn health(config: &Config, monitor: &Monitor, store: &Store, token: &Token) -> Result<Health, BoxError> {
    let database = match store {
        Store::Sqlite(pool) => Probe::new("database", SqliteProbe::new(pool.clone())),
        #[cfg(feature = "postgres")]
        Store::Postgres(pool) => Probe::new("database", PostgresProbe::new(pool.clone())),
    };
    let mut health = Health::builder()
        .monitor(monitor)
        .probe(database.critical().ready())
        .probe(Probe::blocking("disk", DiskProbe::new(".")))
        .probe(Probe::new("runtime", RuntimeProbe::new()))
        .alias("db", "database")
        .details(DetailPolicy::default().bearer(token.as_str(), DetailLevel::Full));
    if let Some(url) = &config.redis {
        health = health.probe(cache(url)?.critical());
    }
    Ok(health.build()?)
}

#[cfg(feature = "redis")]
fn cache(url: &str) -> Result<Probe, BoxError> {
    let client = redis::Client::open(url);
    let client = client.map_err(|error| format!("REDIS_URL is not the address of a Redis server: {error}"))?;
    // Connects at the first probe, so that the service starts without its cache.
    let cache = client.get_connection_manager_lazy(Default::default())?;
    Ok(Probe::new("cache", RedisProbe::new(cache)))
}

#[cfg(not(feature = "redis"))]
fn cache(_: &str) -> Result<Probe, BoxError> {
    Err("this build has no Redis: build todo-api with the feature `redis`".into())
}
