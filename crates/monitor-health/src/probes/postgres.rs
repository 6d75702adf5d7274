//! A PostgreSQL database that answers queries.
//!
//! A pool without a free connection looks like a server that is down. The probe tells the two apart, because they call
//! for different actions.

use std::{io::ErrorKind, time::Duration};

use serde_json::json;
use sqlx::{Connection, Error, PgConnection, PgPool};
use tokio::time::timeout;

use crate::probe::{HealthProbe, ProbeFuture, result::ProbeResult};

/// Runs `SELECT 1` on a PostgreSQL database, on a connection of the program's own pool, and then counts the sessions of
/// the database.
///
/// Publishes `connections` and `oldest_connection_seconds` of the database, and `connections_detail`: the number of
/// `active`, `idle` and `idle_in_transaction` sessions, the server's limit (`max`), the state of the `pool`, and
/// `visibility`. It is `partial` if there are sessions that the probe's role may not inspect: they are counted, but
/// their states and ages are unknown. `GRANT pg_monitor` makes it `full`.
///
/// If the pool has no free connection, the probe opens a connection of its own. The result is a warning if the server
/// answers there, and an error otherwise.
///
/// # Example
///
/// ```
/// use monitor_kit::health::{PostgresProbe, Probe};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), sqlx::Error> {
/// let pool = sqlx::PgPool::connect_lazy("postgres://app@db.example/shop")?;
/// let probe = Probe::new("database", PostgresProbe::new(pool)).critical().ready();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PostgresProbe {
    pool: PgPool,
    patience: Duration,
}

/// Sessions of the database: all, hidden, active, idle, idle in a transaction; age of the oldest in seconds; limit of
/// the server.
type Activity = (i64, i64, i64, i64, i64, Option<f64>, i32);

impl PostgresProbe {
    /// Creates a probe of the database behind `pool`.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self { pool, patience: Duration::from_millis(500) }
    }

    /// Sets the time to wait for a connection of the pool, after which the probe opens one of its own. Defaults to
    /// 500 ms, which leaves the rest of the probe's [time-out](crate::Probe::timeout) for the second attempt.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use monitor_kit::health::{PostgresProbe, Probe};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), sqlx::Error> {
    /// // A database on another continent: both steps take longer.
    /// let pool = sqlx::PgPool::connect_lazy("postgres://app@db.example/shop")?;
    /// let database = PostgresProbe::new(pool).patience(Duration::from_secs(1));
    /// let probe = Probe::new("database", database).timeout(Duration::from_secs(4));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    async fn ask(&self) -> Result<ProbeResult, Error> {
        match timeout(self.patience, self.pool.acquire()).await {
            Ok(Ok(mut connection)) => self.ask_over(&mut connection).await,
            // An exhausted pool says nothing about the server, so use a connection outside of the pool.
            Err(_) | Ok(Err(Error::PoolTimedOut)) if self.pool.num_idle() == 0 => {
                let mut own = PgConnection::connect_with(&self.pool.connect_options()).await?;
                let result = self.ask_over(&mut own).await?;
                own.close().await?;
                Ok(ProbeResult { values: result.values, ..ProbeResult::warning("No connection free in the pool") })
            }
            Err(_) => Err(Error::PoolTimedOut),
            Ok(Err(error)) => Err(error),
        }
    }

    /// Runs `SELECT 1`, and then counts the sessions. A failure of the second query is ignored.
    async fn ask_over(&self, connection: &mut PgConnection) -> Result<ProbeResult, Error> {
        sqlx::query("SELECT 1").execute(&mut *connection).await?;
        let activity = sqlx::query_as::<_, Activity>(ACTIVITY).fetch_one(connection).await;
        let Ok((connections, hidden, active, idle, idle_in_transaction, oldest, max)) = activity else {
            return Ok(ProbeResult::ok());
        };
        let pool = json!({
            "size": self.pool.size(),
            "idle": self.pool.num_idle(),
            "max": self.pool.options().get_max_connections(),
        });
        let detail = json!({
            "active": active,
            "idle": idle,
            "idle_in_transaction": idle_in_transaction,
            "max": max,
            "pool": pool,
            "visibility": if hidden == 0 { "full" } else { "partial" },
        });
        Ok(ProbeResult::ok()
            .value("connections", connections)
            .value("oldest_connection_seconds", (oldest.unwrap_or(0.0) * 100.0).round() / 100.0)
            .value("connections_detail", detail))
    }
}

impl HealthProbe for PostgresProbe {
    fn check(&self) -> ProbeFuture<'_> {
        Box::pin(async {
            self.ask().await.unwrap_or_else(|error| {
                let result = ProbeResult::error("Database connection failed");
                let result = if is_decisive(&error) { result.decisive() } else { result };
                result.source(error)
            })
        })
    }
}

/// Returns whether the connection is refused, authentication fails (class 28) or the database does not exist (3D000),
/// see appendix A of PostgreSQL's documentation.
fn is_decisive(error: &Error) -> bool {
    match error {
        Error::Io(error) => error.kind() == ErrorKind::ConnectionRefused,
        Error::Database(error) => error.code().is_some_and(|code| code.starts_with("28") || code == "3D000"),
        _ => false,
    }
}

/// Without `pg_monitor`, the state, age and type of other roles' sessions are NULL.
const ACTIVITY: &str = "
SELECT count(*) AS connections,
       count(*) FILTER (WHERE backend_start IS NULL) AS hidden,
       count(*) FILTER (WHERE state IN ('active', 'fastpath function call')) AS active,
       count(*) FILTER (WHERE state = 'idle') AS idle,
       count(*) FILTER (WHERE state LIKE 'idle in transaction%') AS idle_in_transaction,
       extract(epoch FROM clock_timestamp() - min(backend_start))::float8 AS oldest_connection_seconds,
       current_setting('max_connections')::int4 AS max
FROM pg_stat_activity
WHERE datname = current_database() AND coalesce(backend_type, 'client backend') = 'client backend'";
