//! A Redis server that stores and returns a value.

use monitor_core::RequestId;
use redis::aio::ConnectionLike;

use crate::probe::{HealthProbe, ProbeFuture, result::ProbeResult};

/// Sets a key in Redis, reads it back and compares the values. The key is the probe's own, and expires after ten
/// seconds.
///
/// The probe does not reconnect: give it a connection that does, such as `ConnectionManager`.
///
/// # Example
///
/// ```no_run
/// use monitor_kit::health::{Probe, RedisProbe};
///
/// # async fn connected() -> redis::RedisResult<()> {
/// let connection = redis::Client::open("redis://cache")?.get_multiplexed_async_connection().await?;
/// let probe = Probe::new("cache", RedisProbe::new(connection)).critical();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RedisProbe<C> {
    connection: C,
    key: String,
}

impl<C> RedisProbe<C> {
    /// Creates a probe that uses `connection`.
    #[must_use]
    pub fn new(connection: C) -> Self {
        // A random key, so that instances that share a server do not overwrite each other's.
        Self { connection, key: format!("monitor_health:{}", RequestId::new()) }
    }

    /// Sets the key. Defaults to `monitor_health:` and a random suffix.
    ///
    /// # Example
    ///
    /// ```no_run
    /// use monitor_kit::health::{Probe, RedisProbe};
    ///
    /// # async fn connected() -> redis::RedisResult<()> {
    /// // The ACL of this user permits no other keys than `shop:*`.
    /// let connection = redis::Client::open("redis://shop@cache")?.get_connection_manager().await?;
    /// let probe = Probe::new("cache", RedisProbe::new(connection).key("shop:health:instance-1"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = key.into();
        self
    }
}

impl<C> HealthProbe for RedisProbe<C>
where
    C: ConnectionLike + Clone + Send + Sync + 'static,
{
    fn check(&self) -> ProbeFuture<'_> {
        Box::pin(async {
            let (mut connection, sent) = (self.connection.clone(), RequestId::new().to_string());
            let mut both = redis::pipe();
            both.cmd("SET").arg(&self.key).arg(&sent).arg("EX").arg(EXPIRY).ignore().cmd("GET").arg(&self.key);
            match both.query_async::<(Option<String>,)>(&mut connection).await {
                Ok((Some(got),)) if got == sent => ProbeResult::ok(),
                Ok(_) => ProbeResult::error("Cache returned another value than was set"),
                Err(error) if error.is_connection_refusal() => {
                    ProbeResult::error("Cache connection refused").source(error).decisive()
                }
                Err(error) => ProbeResult::error("Cache connection failed").source(error),
            }
        })
    }
}

/// The lifetime of the key, in seconds.
const EXPIRY: u32 = 10;
