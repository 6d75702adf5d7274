//! The world the story plays in: a socket, processes, a database, logs, traffic, receivers of alerts.

use std::{
    error::Error,
    fs,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
};

use http::Method;
use tempfile::TempDir;

use crate::{
    check::{Checked, sent, unmet},
    client::{self, Response},
    load::Load,
    receivers::{self, Receivers},
    sabotage::{self, Sabotage},
    server::Server,
};

pub(crate) struct World {
    sabotage: Option<Sabotage>,
    listener: TcpListener,
    addr: SocketAddr,
    receivers: Receivers,
    /// Held only for its `Drop`: the traffic runs until then.
    extra_load: Vec<Load>,
    stderrs: Vec<PathBuf>,
    // Last, so that the processes end before their folder is removed.
    folder: TempDir,
}

/// A release of the TODO API with its settings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Release {
    pub(crate) version: &'static str,
    pub(crate) fault_routes: bool,
    pub(crate) divides: &'static str,
    /// The name of its log.
    pub(crate) name: &'static str,
}

impl World {
    pub(crate) fn new(sabotage: Option<Sabotage>) -> Result<Self, Box<dyn Error>> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let folder = tempfile::Builder::new().prefix("incident-").tempdir()?;
        fs::write(folder.path().join(RULES_FILE), RULES)?;
        Ok(Self {
            sabotage,
            addr: listener.local_addr()?,
            listener,
            receivers: Receivers::start()?,
            extra_load: Vec::new(),
            stderrs: Vec::new(),
            folder,
        })
    }

    /// Returns the address of the service, whichever release serves it.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns the receivers of the service's alerts.
    pub(crate) fn receivers(&self) -> &Receivers {
        &self.receivers
    }

    /// Starts a release on the service's own socket.
    pub(crate) fn start(&mut self, release: Release) -> Result<Server, Box<dyn Error>> {
        let listener = self.listener.try_clone()?;
        self.start_on(&listener, release, "todos")
    }

    /// Starts a release next to the service, with its own socket and database, and without alerts.
    pub(crate) fn start_aside(&mut self, release: Release) -> Result<(Server, SocketAddr), Box<dyn Error>> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let addr = listener.local_addr()?;
        Ok((self.start_on(&listener, release, "aside")?, addr))
    }

    fn start_on(&mut self, listener: &TcpListener, release: Release, db: &str) -> Result<Server, Box<dyn Error>> {
        let mut args = vec![
            format!("--database={}", self.database(db)),
            format!("--release={}", release.version),
            format!("--division={}", release.divides),
            format!("--log-file={}", self.log_file(release).display()),
            format!("--admin-token-file={}", self.token_file().display()),
            String::from("--environment=drill"),
            String::from("--quiet"),
            String::from("--drain=1"),
        ];
        if db == "todos" {
            args.push(format!("--data-dir={}", self.folder.path().join("data").display()));
            args.push(format!("--alert-rules={}", self.folder.path().join(RULES_FILE).display()));
            args.push(format!("--incident-quiet={}", self.quiet()));
            args.extend(self.receivers.settings(self.secret()));
        }
        if release.fault_routes {
            args.push(String::from("--fault-routes"));
        }
        if let Some(Sabotage::Tamper(tampering)) = self.sabotage {
            args.push(format!("--tamper={}", tampering.as_arg()));
        }
        let stderr = self.folder.path().join(format!("{}.stderr", release.name));
        self.stderrs.push(stderr.clone());
        Server::start(listener, &args, &stderr)
    }

    /// Starts the service's traffic.
    pub(crate) fn start_load(&mut self) -> Load {
        if self.sabotage == Some(Sabotage::Dilute) {
            self.extra_load.push(Load::start(self.addr, 10 * PER_SECOND));
        }
        Load::start(self.addr, PER_SECOND)
    }

    /// Sends an operator's request to the service, with the token from the service's token file.
    pub(crate) async fn operate(&self, method: Method, path: &str, body: &str) -> Checked<Response> {
        let token = fs::read_to_string(self.token_file());
        let token = token.map_err(|error| unmet("the service has written its admin token", error))?;
        sent(client::operate(self.addr, method, path, token.trim_end(), body).await)
    }

    /// Returns the log of a release so far.
    pub(crate) fn log(&self, release: Release) -> String {
        fs::read_to_string(self.folder.path().join(log_name(release))).unwrap_or_default()
    }

    /// Breaks the database after step 9, if that is the sabotage.
    pub(crate) async fn go_on_after(&self, step: u8) {
        if self.sabotage == Some(Sabotage::Database) && step == 9 {
            sabotage::break_database(&self.database("todos")).await;
        }
    }

    /// Returns the stderr of all processes.
    pub(crate) fn last_words(&self) -> String {
        let words = self.stderrs.iter().filter_map(|path| fs::read_to_string(path).ok());
        words.filter(|words| !words.is_empty()).map(|words| format!("\n{}", words.trim_end())).collect()
    }

    /// Returns the secret that the service signs its alerts with.
    fn secret(&self) -> &'static str {
        if self.sabotage == Some(Sabotage::Secret) { sabotage::OTHER_SECRET } else { receivers::SECRET }
    }

    /// Returns the seconds without an alert after which the service closes its incident.
    fn quiet(&self) -> u32 {
        if self.sabotage == Some(Sabotage::Quiet) { 3_600 } else { 2 }
    }

    fn token_file(&self) -> PathBuf {
        self.folder.path().join("token")
    }

    fn database(&self, name: &str) -> String {
        format!("sqlite://{}", self.folder.path().join(name).with_extension("db").display())
    }

    fn log_file(&self, release: Release) -> PathBuf {
        match self.sabotage {
            Some(Sabotage::NoLog) => PathBuf::from("/dev/null"),
            _ => self.folder.path().join(log_name(release)),
        }
    }
}

fn log_name(release: Release) -> String {
    format!("{}.log", release.name)
}

const RULES_FILE: &str = "rules.toml";
const RULES: &str = include_str!("rules.toml");
const PER_SECOND: u32 = 20;
