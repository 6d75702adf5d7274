//! A SQLite database that answers queries.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use monitor_core::clock;
use sqlx::SqlitePool;

use crate::probe::{HealthProbe, ProbeFuture, result::ProbeResult};

/// Runs `SELECT 1` on a SQLite database, on a connection of the program's own pool.
///
/// Publishes `connections`, and `oldest_connection_seconds`: the time for which this probe has seen the pool hold
/// connections, because SQLite does not report their ages.
///
/// # Example
///
/// ```
/// use monitor_kit::health::{Probe, SqliteProbe};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), sqlx::Error> {
/// let pool = sqlx::SqlitePool::connect("sqlite::memory:").await?;
/// let probe = Probe::new("database", SqliteProbe::new(pool)).critical().ready();
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SqliteProbe {
    pool: SqlitePool,
    connected_since: Mutex<Option<Instant>>,
}

impl SqliteProbe {
    /// Creates a probe of the database behind `pool`.
    #[must_use]
    pub fn new(pool: SqlitePool) -> Self {
        let connected_since = Mutex::new((pool.size() > 0).then(clock::now));
        Self { pool, connected_since }
    }

    fn seconds_connected(&self) -> u64 {
        let mut since = self.connected_since.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::now();
        now.duration_since(*since.get_or_insert(now)).as_secs()
    }

    fn forget(&self) {
        if self.pool.size() == 0 {
            *self.connected_since.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}

impl HealthProbe for SqliteProbe {
    fn check(&self) -> ProbeFuture<'_> {
        Box::pin(async move {
            match sqlx::query("SELECT 1").execute(&self.pool).await {
                Ok(_) => ProbeResult::ok()
                    .value("connections", self.pool.size())
                    .value("oldest_connection_seconds", self.seconds_connected()),
                Err(error) => {
                    self.forget();
                    ProbeResult::error("Database connection failed").source(error)
                }
            }
        })
    }
}
