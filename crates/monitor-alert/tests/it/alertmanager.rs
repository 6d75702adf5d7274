//! Alerts in a real Alertmanager.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::Duration,
};

use monitor_alert::{Alertmanager, Alerts};
use monitor_core::Triage;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{PATIENCE, builder, fail, until};

/// An Alertmanager on a loopback port, which takes alerts that are not repeated for 3 seconds for resolved.
struct Server {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = "global: { resolve_timeout: 3s }\nroute: { receiver: none }\nreceivers: [{ name: none }]\n";
        let file = folder.path().join("alertmanager.yml");
        fs::write(&file, settings).expect("it can be written");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let mut command = Command::new("prometheus-alertmanager");
        command.arg(format!("--config.file={}", file.display()));
        command.arg(format!("--storage.path={}", folder.path().display()));
        command.arg(format!("--web.listen-address=127.0.0.1:{port}")).arg("--cluster.listen-address=");
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("Alertmanager starts");
        let server = Self { child, port, _folder: folder };
        until("Alertmanager is ready", || server.get("/-/ready").is_some());
        server
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns the alerts that are active in Alertmanager.
    fn active(&self) -> Vec<Value> {
        let body = self.get("/api/v2/alerts").unwrap_or_default();
        serde_json::from_str::<Vec<Value>>(&body).unwrap_or_default()
    }

    /// Returns the body of a response with status 200.
    fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        // HTTP 1.0: the body is neither chunked nor compressed, and ends with the connection.
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").ok()?;
        let mut response = String::new();
        stream.read_to_string(&mut response).ok()?;
        let (head, body) = response.split_once("\r\n\r\n")?;
        head.lines().next()?.contains(" 200 ").then(|| body.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "needs Alertmanager"]
fn an_alert_stays_active_while_it_is_repeated_and_ends_when_it_is_resolved() {
    let server = Server::start();
    let alertmanager = Alertmanager::new(&server.url()).unwrap().refresh_every(Duration::from_secs(1));
    let monitor = builder("1.4.2").extend(Alerts::to(alertmanager)).build().unwrap();
    fail(&monitor, "the printer is out of paper");
    let active = server.active();
    assert_eq!(active.len(), 1, "{active:?}");
    let (labels, annotations) = (&active[0]["labels"], &active[0]["annotations"]);
    assert_eq!((&labels["alertname"], &labels["service"]), (&"issue".into(), &"shop".into()));
    assert_eq!(annotations["summary"], "New issue: the printer is out of paper");

    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(server.active().len(), 1, "it is repeated");
    monitor.triage(monitor.issues()[0].fingerprint, Triage::Resolve, "ada").unwrap();
    assert!(monitor.flush(PATIENCE));
    until("it is over", || server.active().is_empty());
}

#[test]
#[ignore = "needs Alertmanager"]
fn the_alerts_of_a_process_that_has_ended_end_by_themselves() {
    let server = Server::start();
    let alertmanager = Alertmanager::new(&server.url()).unwrap().refresh_every(Duration::from_secs(1));
    let monitor = builder("1.4.2").extend(Alerts::to(alertmanager)).build().unwrap();
    fail(&monitor, "the printer is out of paper");
    assert_eq!(server.active().len(), 1);
    monitor.shutdown(PATIENCE);
    until("it is over", || server.active().is_empty());
}
