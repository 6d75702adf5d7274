//! The command line.

mod alerts;

use std::{fmt, net::SocketAddr, path::PathBuf};

use axum::http::HeaderValue;
use clap::{Parser, ValueEnum};

pub use self::alerts::AlertConfig;
use crate::Token;

/// A TODO API that shows every part of monitor-kit at work.
///
/// Paths: /todos, /todos/{id}, /todos/{id}/complete, /openapi.json, /metrics, /health, /health/ready, /health/live,
/// /health/{probe}; with the admin token in `Authorization: Bearer` also /issues, /issues/{fingerprint}, /incidents,
/// /incidents/{id}/report, /incidents/{id}/chart, /admin/routes, /admin/routes/disable, /admin/routes/enable,
/// /admin/incidents/note, /admin/issues/triage, /admin/users/erase. The header X-Demo-User names the user of a request.
#[derive(Clone, Parser)]
#[command(version)]
#[expect(clippy::exhaustive_structs, reason = "a program's own settings")]
pub struct Config {
    /// Address to listen on. A socket inherited through LISTEN_FDS takes precedence.
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Database: a SQLite file, created if missing, or PostgreSQL as in postgres://user@host/name.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, default_value = "sqlite://todo.db")]
    pub database: String,

    /// Redis server to monitor as the cache, as in redis://host.
    #[arg(long, env = "REDIS_URL", hide_env_values = true, value_name = "URL")]
    pub redis: Option<String>,

    /// Persist issues, disabled routes, incidents and waiting alerts in this folder, across restarts and rolling
    /// releases.
    #[arg(long, env = "DATA_DIR", value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,

    /// Token required by /issues, /incidents and /admin. Set it in the environment: other users can see the command
    /// line.
    #[arg(long, env = "ADMIN_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub admin_token: Option<Token>,

    /// File with the admin token if none is given. If the file is missing, a new token is written to it with mode 0600.
    #[arg(long, env = "ADMIN_TOKEN_FILE", value_name = "FILE", default_value = "todo-api.token")]
    pub admin_token_file: PathBuf,

    /// The settings of alerts.
    #[command(flatten)]
    pub alerts: AlertConfig,

    /// Origin of a web page whose scripts may call the API, as in `https://app.example`. Without it browsers block
    /// them.
    #[arg(long, env = "CORS_ORIGIN", value_name = "ORIGIN")]
    pub cors_origin: Option<HeaderValue>,

    /// Also write the log to this file.
    #[arg(long, value_name = "FILE")]
    pub log_file: Option<PathBuf>,

    /// Do not write the log to stdout.
    #[arg(long)]
    pub quiet: bool,

    /// Serve /error and /flaky, which fail on purpose.
    #[arg(long)]
    pub fault_routes: bool,

    /// Seconds between readiness turning 503 and the end of accepting connections.
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, value_parser = seconds)]
    pub drain: f64,

    /// Seconds that open connections have to finish after that.
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = seconds)]
    pub grace: f64,

    /// Release to report.
    #[arg(long, env = "RELEASE_VERSION", default_value = env!("CARGO_PKG_VERSION"))]
    pub release: String,

    /// Environment to report.
    #[arg(long, env = "ENVIRONMENT", default_value = "development")]
    pub environment: String,

    /// Version of the division in this release.
    #[arg(long, value_enum, default_value_t = Division::Unhandled, hide = true)]
    pub division: Division,
}

/// Omits the addresses of database, cache and receivers of alerts, which may contain passwords.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { listen, release, environment, .. } = self;
        f.debug_struct("Config")
            .field("listen", listen)
            .field("release", release)
            .field("environment", environment)
            .finish_non_exhaustive()
    }
}

/// The version of the division: the bug of the story, and its fix.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
#[expect(clippy::exhaustive_enums, reason = "the story has two releases")]
pub enum Division {
    /// A division by zero panics.
    Unhandled,
    /// A division by zero is a typed error.
    Handled,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.0..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err(String::from("give a number of seconds from 0 to 3600")),
    }
}
