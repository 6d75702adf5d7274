//! Whether a PostgreSQL database answers.

use std::{io::ErrorKind, time::Duration};

use serde_json::json;
use sqlx::{Connection, Error, PgConnection, PgPool};
use tokio::time::timeout;

use crate::probe::{HealthProbe, ProbeFuture, outcome::Outcome};

/// Asks a PostgreSQL database `SELECT 1` over the program's own pool, and then who is connected to it.
///
/// Publishes `connections` and `oldest_connection_seconds` of this database, and beside them `connections_detail`: how
/// many are `active`, `idle` and `idle_in_transaction`, how many the server takes at most (`max`), the `pool`'s own, and
/// `visibility`. That is `partial` where others are connected by a role whose sessions this one may not see: they are
/// counted, but their states and ages are not known. `GRANT pg_monitor` makes it `full`.
///
/// A pool that has no connection free is told apart from a server that is away: the server is asked over a connection of
/// the probe's own then, and one that answers is a warning.
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

/// Who is connected to this database: all, hidden, active, idle, idle in a transaction, the oldest one's seconds, and how
/// many the server takes at most.
type Activity = (i64, i64, i64, i64, i64, Option<f64>, i32);

impl PostgresProbe {
    /// Looks at the database behind `pool`.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self { pool, patience: Duration::from_millis(500) }
    }

    /// Sets how long to wait for a connection of the pool before the probe makes one of its own. Defaults to 500 ms, which
    /// leaves the rest of the probe's [time-out](crate::Probe::timeout) for that.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    async fn ask(&self) -> Result<Outcome, Error> {
        match timeout(self.patience, self.pool.acquire()).await {
            Ok(Ok(mut connection)) => self.ask_over(&mut connection).await,
            Err(_) | Ok(Err(Error::PoolTimedOut)) if self.pool.num_idle() == 0 => {
                let mut own = PgConnection::connect_with(&self.pool.connect_options()).await?;
                let outcome = self.ask_over(&mut own).await?;
                own.close().await?;
                Ok(Outcome { values: outcome.values, ..Outcome::warning("No connection free in the pool") })
            }
            Err(_) => Err(Error::PoolTimedOut),
            Ok(Err(error)) => Err(error),
        }
    }

    /// Asks whether it answers, and then who is connected; the second may fail.
    async fn ask_over(&self, connection: &mut PgConnection) -> Result<Outcome, Error> {
        sqlx::query("SELECT 1").execute(&mut *connection).await?;
        let activity = sqlx::query_as::<_, Activity>(ACTIVITY).fetch_one(connection).await;
        let Ok((connections, hidden, active, idle, idle_in_transaction, oldest, max)) = activity else {
            return Ok(Outcome::ok());
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
        Ok(Outcome::ok()
            .value("connections", connections)
            .value("oldest_connection_seconds", (oldest.unwrap_or(0.0) * 100.0).round() / 100.0)
            .value("connections_detail", detail))
    }
}

impl HealthProbe for PostgresProbe {
    fn check(&self) -> ProbeFuture<'_> {
        Box::pin(async {
            self.ask().await.unwrap_or_else(|error| {
                let outcome = Outcome::error("Database connection failed");
                let outcome = if is_decisive(&error) { outcome.decisive() } else { outcome };
                outcome.source(error)
            })
        })
    }
}

/// Nobody listens there, or whoever does will not have us (PostgreSQL, appendix A: class 28, and no such database).
fn is_decisive(error: &Error) -> bool {
    match error {
        Error::Io(error) => error.kind() == ErrorKind::ConnectionRefused,
        Error::Database(error) => error.code().is_some_and(|code| code.starts_with("28") || code == "3D000"),
        _ => false,
    }
}

/// Sessions of others have no state and no age for a role without `pg_monitor`, and no kind.
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
