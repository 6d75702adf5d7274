//! Todos in a database.

use std::str::FromStr;

use monitor_kit::{clock, scope};
use serde::Serialize;
use sqlx::{
    ConnectOptions, Connection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};
use utoipa::ToSchema;

/// Something to do.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema, sqlx::FromRow)]
pub(crate) struct Todo {
    /// Identifies it.
    pub(crate) id: String,
    /// What is to be done.
    pub(crate) title: String,
    /// Whether it is done.
    pub(crate) done: bool,
    /// When it was created, in RFC 3339.
    pub(crate) created_at: String,
}

/// All todos. The queries are such as both SQLite and PostgreSQL take.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pool: SqlitePool,
}

impl Store {
    /// Opens the database at `url` and brings its tables up to date.
    pub(crate) async fn open(url: &str) -> Result<Self, sqlx::Error> {
        if url.contains(":memory:") {
            let text = "a database in memory is another one for each connection: give a file";
            return Err(sqlx::Error::Configuration(text.into()));
        }
        let options = SqliteConnectOptions::from_str(url)?.create_if_missing(true);
        // A file is made ready by one connection, before there are others to lock it against each other.
        let mut first = options.clone().journal_mode(SqliteJournalMode::Wal).connect().await?;
        sqlx::migrate!().run(&mut first).await?;
        first.close().await?;
        let pool = SqlitePoolOptions::new().max_lifetime(None).idle_timeout(None).connect_with(options).await?;
        Ok(Self { pool })
    }

    pub(crate) fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    pub(crate) async fn create(&self, id: String, title: String) -> Result<Todo, sqlx::Error> {
        step("insert a todo");
        sqlx::query_as("INSERT INTO todos (id, title, done, created_at) VALUES ($1, $2, $3, $4) RETURNING *")
            .bind(id)
            .bind(title)
            .bind(false)
            .bind(clock::rfc3339(clock::wall()))
            .fetch_one(&self.pool)
            .await
    }

    pub(crate) async fn list(&self, offset: u32, limit: u32) -> Result<Vec<Todo>, sqlx::Error> {
        step("list todos");
        sqlx::query_as("SELECT * FROM todos ORDER BY created_at, id LIMIT $1 OFFSET $2")
            .bind(i64::from(limit))
            .bind(i64::from(offset))
            .fetch_all(&self.pool)
            .await
    }

    pub(crate) async fn count(&self) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar("SELECT COUNT(*) FROM todos").fetch_one(&self.pool).await
    }

    pub(crate) async fn get(&self, id: &str) -> Result<Todo, sqlx::Error> {
        step("select a todo");
        sqlx::query_as("SELECT * FROM todos WHERE id = $1").bind(id).fetch_one(&self.pool).await
    }

    pub(crate) async fn update(
        &self,
        id: &str,
        title: Option<String>,
        done: Option<bool>,
    ) -> Result<Todo, sqlx::Error> {
        step("update a todo");
        sqlx::query_as(
            "UPDATE todos SET title = COALESCE($2, title), done = COALESCE($3, done) WHERE id = $1 RETURNING *",
        )
        .bind(id)
        .bind(title)
        .bind(done)
        .fetch_one(&self.pool)
        .await
    }

    pub(crate) async fn delete(&self, id: &str) -> Result<(), sqlx::Error> {
        step("delete a todo");
        let deleted = sqlx::query("DELETE FROM todos WHERE id = $1").bind(id).execute(&self.pool).await?;
        if deleted.rows_affected() == 0 { Err(sqlx::Error::RowNotFound) } else { Ok(()) }
    }
}

/// Leaves a breadcrumb: an error further on shows which query came before it.
fn step(what: &str) {
    scope::add_breadcrumb("db", what);
}
