//! A receiver over HTTP, a notifier in memory, and monitors of a shop that fails.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    panic::{self, AssertUnwindSafe},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use http::{HeaderMap, HeaderName, HeaderValue};
use monitor_alert::{Alerts, DeliveryError, Notification, Notifier, Transition, Webhook};
use monitor_core::{AlertCounts, FinalStatus, KnownMethod, Level, Monitor, MonitorBuilder, Outcome, clock, instrument};
use monitor_store::Store;
use serde_json::Value;

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A request that the receiver accepted.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// A receiver on a loopback port, which accepts every request.
#[derive(Clone)]
pub(crate) struct Receiver {
    port: u16,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let receiver = Self { port, received: Arc::default() };
        let serving = receiver.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let serving = serving.clone();
                thread::spawn(move || serving.serve(stream));
            }
        });
        receiver
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/alerts", self.port)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        locked(&self.received).clone()
    }

    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream);
        while let Some(request) = Received::read(&mut reader) {
            locked(&self.received).push(request);
            if reader.get_mut().write_all(b"HTTP/1.1 204 No Content\r\n\r\n").is_err() {
                return;
            }
        }
    }
}

impl Received {
    fn read(reader: &mut BufReader<TcpStream>) -> Option<Self> {
        let mut lines = reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty());
        lines.next()?;
        let split = |line: String| {
            let (name, value) = line.split_once(": ")?;
            Some((name.parse::<HeaderName>().ok()?, value.parse::<HeaderValue>().ok()?))
        };
        let headers: HeaderMap = lines.filter_map(split).collect();
        let length = headers["content-length"].to_str().ok()?.parse().ok()?;
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        Some(Self { headers, body: String::from_utf8(body).ok()? })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }
}

/// Collects notifications, after calling a function that may fail them.
#[derive(Clone)]
pub(crate) struct Recorder {
    name: &'static str,
    deliver: Arc<Deliver>,
    delivered: Arc<Mutex<Vec<Notification>>>,
}

type Deliver = dyn Fn(&Notification) -> Result<(), DeliveryError> + Send + Sync;

impl Recorder {
    pub(crate) fn new(
        name: &'static str,
        deliver: impl Fn(&Notification) -> Result<(), DeliveryError> + Send + Sync + 'static,
    ) -> Self {
        Self { name, deliver: Arc::new(deliver), delivered: Arc::default() }
    }

    pub(crate) fn accepting() -> Self {
        Self::new("recorder", |_| Ok(()))
    }

    pub(crate) fn delivered(&self) -> Vec<Notification> {
        locked(&self.delivered).clone()
    }

    pub(crate) fn titles(&self, transition: Transition) -> Vec<String> {
        let delivered = self.delivered().into_iter().filter(|notification| notification.transition == transition);
        delivered.map(|notification| notification.alert.title.clone()).collect()
    }

    pub(crate) fn ids(&self) -> BTreeSet<String> {
        self.delivered().into_iter().map(|notification| notification.id).collect()
    }
}

impl Notifier for Recorder {
    fn name(&self) -> &str {
        self.name
    }

    fn deliver(&mut self, notification: &Notification) -> Result<(), DeliveryError> {
        (self.deliver)(notification)?;
        locked(&self.delivered).push(notification.clone());
        Ok(())
    }
}

pub(crate) fn builder(release: &str) -> MonitorBuilder {
    Monitor::builder("shop").environment("test").release(release).log(None)
}

/// Returns a monitor with a store in `folder`, whose alerts `notifier` delivers.
pub(crate) fn shop(folder: &Path, release: &str, notifier: impl Notifier) -> Monitor {
    let store = Store::open(folder).expect("the folder can be written to");
    builder(release).persist(store).extend(Alerts::to(notifier)).build().expect("the settings are good")
}

pub(crate) fn webhook(receiver: &Receiver) -> Webhook {
    Webhook::new(&receiver.url()).and_then(|webhook| webhook.secret(SECRET)).expect("the URL is good")
}

/// Captures a message, which opens an issue of its own.
pub(crate) fn fail(monitor: &Monitor, message: &str) {
    monitor.capture_message(message, Level::Error);
    assert!(monitor.flush(PATIENCE));
}

/// Captures a panic, whose alert is critical.
pub(crate) fn crash(monitor: &Monitor) {
    let job = monitor.job("print", async { assert!(Vec::<u8>::new().pop().is_some(), "out of paper") });
    assert!(panic::catch_unwind(AssertUnwindSafe(|| run(job))).is_err());
    assert!(monitor.flush(PATIENCE));
}

pub(crate) fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

/// Counts requests of `GET /error` that end with this status.
pub(crate) fn serve(monitor: &Monitor, requests: u64, status: u16) {
    serve_route(monitor, "/error", requests, status);
}

/// Counts requests of a route that end with this status.
pub(crate) fn serve_route(monitor: &Monitor, route: &str, requests: u64, status: u16) {
    let recorder = instrument::recorder(monitor).expect("the monitor is not disabled");
    let series = recorder.series(KnownMethod::Get, route);
    for _ in 0..requests {
        recorder.start(series);
        recorder.end(series, FinalStatus::new(Outcome::Completed, status), Duration::from_millis(1));
    }
}

#[track_caller]
pub(crate) fn counts(monitor: &Monitor) -> AlertCounts {
    let mut counts = monitor.alert_counts();
    assert_eq!(counts.len(), 1, "{counts:?}");
    let counts = counts.remove(0);
    let given_up: u64 = counts.given_up.iter().map(|(_, count)| count).sum();
    assert_eq!(counts.fired, counts.delivered + counts.waiting + given_up, "{counts:?}");
    counts
}

#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = clock::now() + PATIENCE;
    while !is_so() {
        assert!(clock::now() < deadline, "in time: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
