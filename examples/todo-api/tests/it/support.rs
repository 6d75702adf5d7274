//! A process of the API, and a client for it.

use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use axum::{
    body::Bytes,
    http::{HeaderMap, Method, Request, StatusCode},
};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{net::TcpStream, time::sleep};

/// A process that is killed when its handle is dropped.
pub(crate) struct Api {
    child: Child,
    pub(crate) addr: SocketAddr,
    folder: TempDir,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) content_type: String,
    pub(crate) body: String,
}

/// Returns the program as a command, in an empty folder of its own.
pub(crate) fn program(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_todo-api"));
    command.current_dir(folder.path()).stdin(Stdio::null()).env_remove("LISTEN_FDS");
    // No test may ring the receivers of the developer who runs it.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if ["SLACK_", "PAGERDUTY_", "ALERT_", "INCIDENT_"].iter().any(|begin| name.starts_with(begin)) {
            command.env_remove(&*name);
        }
    }
    command
}

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Runs the program to its end.
pub(crate) fn output(folder: &TempDir, args: &[&str]) -> Output {
    program(folder).args(args).output().expect("it starts")
}

impl Api {
    pub(crate) async fn start(args: &[&str]) -> Self {
        let folder = folder();
        let mut command = program(&folder);
        command.args(["--listen=127.0.0.1:0", "--log-file=log", "--quiet", "--drain=0"]).args(args);
        let child = command.spawn().expect("it starts");
        let mut api = Self { child, addr: SocketAddr::from(([0, 0, 0, 0], 0)), folder };
        api.addr = api.wait_for("listening").await["addr"].as_str().expect("an address").parse().expect("an address");
        api
    }

    /// Waits for a log line with this message.
    pub(crate) async fn wait_for(&mut self, message: &str) -> Value {
        for _ in 0..1000 {
            if let Some(line) = self.log().into_iter().find(|line| line["message"] == message) {
                return line;
            }
            assert!(matches!(self.child.try_wait(), Ok(None)), "the process has ended");
            sleep(Duration::from_millis(10)).await;
        }
        panic!("no line says {message}");
    }

    pub(crate) async fn is_ready(&self) {
        for _ in 0..1000 {
            if self.get("/health/ready/").await.status == StatusCode::OK {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("it is never ready");
    }

    /// Stops the process as a rollout does, waits until it has ended, and returns its log.
    pub(crate) async fn stop(mut self) -> Vec<Value> {
        self.terminate();
        for _ in 0..1000 {
            if self.child.try_wait().expect("it is a child").is_some() {
                return self.log();
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("it does not end");
    }

    pub(crate) fn terminate(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it runs");
    }

    /// Limits the process to one more open file.
    pub(crate) fn limit_files(&self) {
        let open = fs::read_dir(format!("/proc/{}/fd", self.child.id())).expect("it runs").count() as u64 + 1;
        let limit = Rlimit { current: Some(open), maximum: Some(open) };
        prlimit(Some(Pid::from_child(&self.child)), Resource::Nofile, limit).expect("it runs");
    }

    pub(crate) fn log(&self) -> Vec<Value> {
        let log = fs::read_to_string(self.path("log")).unwrap_or_default();
        log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) async fn send(&self, request: Request<String>) -> Answer {
        let stream = TcpStream::connect(self.addr).await.expect("it listens");
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await.expect("it speaks HTTP");
        let connection = tokio::spawn(connection);
        let response = sender.send_request(request.map(|body| Full::new(Bytes::from(body)))).await.expect("an answer");
        let (head, body) = response.into_parts();
        let content_type = head.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let body = body.collect().await.expect("a whole body").to_bytes();
        connection.abort();
        let content_type = content_type.to_owned();
        Answer {
            status: head.status,
            headers: head.headers,
            content_type,
            body: String::from_utf8(body.to_vec()).expect("text"),
        }
    }

    /// Sends a request with the operator's token.
    pub(crate) async fn operate(&self, method: Method, path: &str, body: &str) -> Answer {
        self.send(self.with_token(self.request(method, path, body))).await
    }

    /// Sends a request with the operator's token and another header.
    pub(crate) async fn operate_with(&self, method: Method, path: &str, header: (&'static str, &str)) -> Answer {
        let mut request = self.with_token(self.request(method, path, ""));
        request.headers_mut().insert(header.0, header.1.parse().expect("a value"));
        self.send(request).await
    }

    fn with_token(&self, mut request: Request<String>) -> Request<String> {
        let token = fs::read_to_string(self.path("todo-api.token")).expect("it was written");
        let bearer = format!("Bearer {}", token.trim_end()).parse().expect("a value");
        request.headers_mut().insert("authorization", bearer);
        request
    }

    pub(crate) async fn issues(&self, query: &str) -> Value {
        self.operate(Method::GET, &format!("/issues{query}"), "").await.value()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path, "")).await
    }

    pub(crate) async fn json(&self, method: Method, path: &str, body: &str) -> Answer {
        self.send(self.request(method, path, body)).await
    }

    pub(crate) fn request(&self, method: Method, path: &str, body: &str) -> Request<String> {
        let request = Request::builder().method(method).uri(path).header("host", self.addr.to_string());
        let request = request.header("content-type", "application/json");
        request.body(body.to_owned()).expect("a request")
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Answer {
    pub(crate) fn value(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// Asserts that the response is a problem of this status.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16) {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        assert_eq!(self.content_type, "application/problem+json");
        let problem = self.value();
        assert_eq!(problem["status"], status);
        assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()));
        assert!(problem["request_id"].is_string(), "{problem}");
    }
}
