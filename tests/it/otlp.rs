//! Spans exported through OTLP to a third-party collector.

use std::{
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use crate::examples::{run, with_environment};

#[test]
#[ignore = "needs rotel: cargo xtask test"]
fn a_collector_receives_name_parent_status_and_attributes() {
    let collector = Collector::start();
    let output = run(with_environment("otlp", "OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint));
    assert!(output.contains("GET /items/7 answers 200 OK\nGET /broken answers 503"), "{output}");
    let received = collector.received(2);
    for (name, status, attributes) in [
        (
            "GET /items/{id}",
            "STATUS_CODE_UNSET",
            &["http.response.status_code: Str(200)", "http.route: Str(/items/{id})"][..],
        ),
        ("GET /broken", "STATUS_CODE_ERROR", &["http.response.status_code: Str(503)", "error.type: Str(503)"]),
    ] {
        let span = received.split("Span #").find(|span| span.contains(&format!("Name           : {name}\n")));
        let span = span.unwrap_or_else(|| panic!("{name} is missing:\n{received}"));
        let expected = [
            "Trace ID       : 4bf92f3577b34da6a3ce929d0e0e4736",
            "Parent ID      : 00f067aa0ba902b7",
            "Kind           : SPAN_KIND_SERVER",
            "http.request.method: Str(GET)",
            status,
        ];
        for text in expected.iter().chain(attributes) {
            assert!(span.contains(text), "`{text}` is not in\n{span}");
        }
    }
    assert!(received.contains("service.name: Str(shop)"), "{received}");
}

/// A collector on a free port that logs everything it receives, killed when dropped.
struct Collector {
    process: Child,
    endpoint: String,
    log: PathBuf,
}

impl Collector {
    fn start() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target");
        let [grpc, http] = free_ports();
        let endpoint = format!("http://127.0.0.1:{grpc}");
        let log = folder.join(format!("rotel-{grpc}.log"));
        let (grpc, http) = (format!("127.0.0.1:{grpc}"), format!("127.0.0.1:{http}"));
        let mut command = Command::new(folder.join("python/rotel/rotel-agent"));
        command.args([
            "start",
            "--otlp-grpc-endpoint",
            &grpc,
            "--otlp-http-endpoint",
            &http,
            "--exporter",
            "blackhole",
        ]);
        command.args(["--debug-log", "traces", "--debug-log-verbosity", "detailed"]);
        let out = File::create(&log).expect("a log");
        command.stdin(Stdio::null()).stderr(out.try_clone().expect("the same log")).stdout(out);
        let process = command.spawn().expect("rotel starts");
        let collector = Self { process, endpoint, log };
        until(|| std::net::TcpStream::connect(&grpc).is_ok(), "it listens");
        collector
    }

    fn received(&self, spans: usize) -> String {
        let read = || fs::read_to_string(&self.log).unwrap_or_default();
        // A span is complete with its event, the line in the log.
        until(|| read().matches("-> code.line.number").count() == 2 * spans, "the spans arrive");
        read()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_file(&self.log);
    }
}

fn until(holds: impl Fn() -> bool, what: &str) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        sleep(Duration::from_millis(10));
    }
    panic!("{what}: not within ten seconds");
}

/// Returns two ports that were free a moment ago.
fn free_ports() -> [u16; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("an address").port())
}
