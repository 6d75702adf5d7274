//! Todos in a database.

use std::str::FromStr;
#[cfg(feature = "postgres")]
use std::time::Duration;

use monitor_kit::{clock, scope};
use serde::Serialize;
#[cfg(feature = "postgres")]
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::{
    ColumnIndex, ConnectOptions, Connection, Decode, Error, FromRow, Row, SqlSafeStr, SqlitePool, Type,
    migrate::{Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};

/// Something to do.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Todo {
    /// ID of the todo.
    pub(crate) id: String,
    /// The task.
    pub(crate) title: String,
    /// Whether it is done.
    pub(crate) done: bool,
    /// Creation time in RFC 3339.
    pub(crate) created_at: String,
}

/// All todos. The queries work on both databases.
#[derive(Clone, Debug)]
pub(crate) enum Store {
    Sqlite(SqlitePool),
    #[cfg(feature = "postgres")]
    Postgres(PgPool),
}

/// Runs the same query on either pool.
macro_rules! with {
    ($store:expr, $pool:ident => $query:expr) => {
        match $store {
            Store::Sqlite($pool) => $query,
            #[cfg(feature = "postgres")]
            Store::Postgres($pool) => $query,
        }
    };
}

impl Store {
    /// Opens the database at `url` and brings its tables up to date.
    pub(crate) async fn open(url: &str) -> Result<Self, Error> {
        match url.split_once(':') {
            Some(("sqlite", _)) => Self::open_sqlite(url).await,
            Some(("postgres" | "postgresql", _)) => Self::open_postgres(url).await,
            _ => Err(Error::Configuration("it is neither a sqlite:// nor a postgres:// address".into())),
        }
    }

    #[cfg(feature = "postgres")]
    async fn open_postgres(url: &str) -> Result<Self, Error> {
        /// Maximum time that a request waits for a connection.
        const PATIENCE: Duration = Duration::from_secs(3);
        let pool = PgPoolOptions::new().acquire_timeout(PATIENCE).connect(url).await?;
        migrations().run(&pool).await?;
        Ok(Self::Postgres(pool))
    }

    #[cfg(not(feature = "postgres"))]
    async fn open_postgres(_: &str) -> Result<Self, Error> {
        let text = "this build has no PostgreSQL: build todo-api with the feature `postgres`";
        Err(Error::Configuration(text.into()))
    }

    async fn open_sqlite(url: &str) -> Result<Self, Error> {
        if url.contains(":memory:") {
            let text = "a database in memory is another one for each connection: give a file";
            return Err(Error::Configuration(text.into()));
        }
        let options = SqliteConnectOptions::from_str(url)?.create_if_missing(true);
        // A single connection prepares the file. Several at once would lock it against each other.
        let mut first = options.clone().journal_mode(SqliteJournalMode::Wal).connect().await?;
        migrations().run(&mut first).await?;
        first.close().await?;
        let pool = SqlitePoolOptions::new().max_lifetime(None).idle_timeout(None).connect_with(options).await?;
        Ok(Self::Sqlite(pool))
    }

    pub(crate) async fn create(&self, id: String, title: String) -> Result<Todo, Error> {
        step("insert a todo");
        let insert = "INSERT INTO todos (id, title, done, created_at) VALUES ($1, $2, $3, $4) RETURNING *";
        let created_at = clock::rfc3339(clock::wall());
        with!(self, pool => {
            sqlx::query_as(insert).bind(id).bind(title).bind(false).bind(created_at).fetch_one(pool).await
        })
    }

    pub(crate) async fn list(&self, offset: u32, limit: u32) -> Result<Vec<Todo>, Error> {
        step("list todos");
        let select = "SELECT * FROM todos ORDER BY created_at, id LIMIT $1 OFFSET $2";
        with!(self, pool => {
            sqlx::query_as(select).bind(i64::from(limit)).bind(i64::from(offset)).fetch_all(pool).await
        })
    }

    pub(crate) async fn count(&self) -> Result<i64, Error> {
        with!(self, pool => sqlx::query_scalar("SELECT COUNT(*) FROM todos").fetch_one(pool).await)
    }

    pub(crate) async fn get(&self, id: &str) -> Result<Todo, Error> {
        step("select a todo");
        with!(self, pool => sqlx::query_as("SELECT * FROM todos WHERE id = $1").bind(id).fetch_one(pool).await)
    }

    pub(crate) async fn update(&self, id: &str, title: Option<String>, done: Option<bool>) -> Result<Todo, Error> {
        step("update a todo");
        let update =
            "UPDATE todos SET title = COALESCE($2, title), done = COALESCE($3, done) WHERE id = $1 RETURNING *";
        with!(self, pool => sqlx::query_as(update).bind(id).bind(title).bind(done).fetch_one(pool).await)
    }

    pub(crate) async fn delete(&self, id: &str) -> Result<(), Error> {
        step("delete a todo");
        let delete = "DELETE FROM todos WHERE id = $1";
        let deleted = with!(self, pool => sqlx::query(delete).bind(id).execute(pool).await?.rows_affected());
        if deleted == 0 { Err(Error::RowNotFound) } else { Ok(()) }
    }
}

// By hand, because the derive macro would compile every driver a second time.
impl<'r, R: Row> FromRow<'r, R> for Todo
where
    &'static str: ColumnIndex<R>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    bool: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, Error> {
        Ok(Self {
            id: row.try_get("id")?,
            title: row.try_get("title")?,
            done: row.try_get("done")?,
            created_at: row.try_get("created_at")?,
        })
    }
}

/// Returns the migrations in the order of their versions. A released one never changes: its checksum is stored.
fn migrations() -> Migrator {
    let migrations = [(1, "todos", include_str!("../migrations/0001_todos.sql"))];
    let migrations = migrations.map(|(version, name, sql)| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.into())
}

/// Leaves a breadcrumb, so that a later error shows the queries before it.
fn step(what: &str) {
    scope::add_breadcrumb("db", what);
}
