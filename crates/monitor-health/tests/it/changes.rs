//! Changes of status, as published to the log, to reporters and in gauges.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
    time::Duration,
};

use monitor_core::{HealthChange, MemoryReporter, Monitor, Signal};
use monitor_health::{Health, HealthStatus, Probe, ProbeResult};
use monitor_kit::PrometheusEndpoint;

use crate::support::{Runs, get, loaded, ms, pass};

/// Returns a probe that fails in its second to fourth run, and succeeds in all others.
fn flickering(runs: &Runs) -> Probe {
    let probe = runs.finding("database", |run| match run {
        2..=4 => ProbeResult::error("Database connection failed").source("no host db.internal: password=hunter2"),
        _ => ProbeResult::ok(),
    });
    probe.critical().ready().interval(ms(10_000)).interval_when_down(ms(10_000))
}

fn changes(memory: &MemoryReporter) -> Vec<HealthChange> {
    let signals = memory.signals();
    let changes = signals.into_iter().filter_map(|signal| match signal {
        Signal::HealthChanged(change) => Some((*change).clone()),
        _ => None,
    });
    changes.collect()
}

/// Xabaril#739: callbacks without a change of status. smallrye: no callbacks without a request.
#[tokio::test(start_paused = true)]
async fn each_transition_is_published_once_with_its_duration_without_a_caller() {
    let (memory, runs) = (MemoryReporter::new(), Runs::default());
    let monitor = loaded(Monitor::builder("shop").log(None).reporter(memory.clone()).build().unwrap());
    let health = Health::builder().monitor(&monitor).probe(flickering(&runs)).build().unwrap();
    pass(Duration::from_secs(120)).await;
    assert!(monitor.flush(Duration::from_secs(5)) && runs.count() > 8);
    let (of_probe, of_service): (Vec<_>, Vec<_>) =
        changes(&memory).into_iter().partition(|change| change.probe.is_some());
    let statuses = |changes: &[HealthChange]| changes.iter().map(|change| (change.from, change.to)).collect::<Vec<_>>();
    use HealthStatus::{Error, Ok, Unknown, Warning};
    let expected = [(Unknown, Ok), (Ok, Warning), (Warning, Error), (Error, Ok)];
    assert_eq!((statuses(&of_probe), statuses(&of_service)), (expected.into(), expected.into()));
    let recovered = &of_probe[3];
    assert!((10..=13).contains(&recovered.was_for.as_secs()), "an interval and a retry later: {:?}", recovered.was_for);
    let failed = &of_probe[1];
    assert_eq!(failed.message, "Database connection failed (1/3)");
    assert_eq!(failed.reason.as_deref(), Some("no host db.internal: password=[Filtered]"));
    assert_eq!((of_service[2].message.as_str(), of_service[2].reason.as_deref()), ("database", None));
    drop(health);
}

/// Panics after it has written part of its message.
#[derive(Debug)]
struct Torn;

impl std::error::Error for Torn {}

impl std::fmt::Display for Torn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no host db.internal")?;
        panic!("a bug in Display")
    }
}

#[tokio::test(start_paused = true)]
async fn a_reason_that_cannot_be_formatted_keeps_its_beginning() {
    let memory = MemoryReporter::new();
    let monitor = loaded(Monitor::builder("shop").log(None).reporter(memory.clone()).build().unwrap());
    let probe = Runs::default().finding("database", |_| ProbeResult::error("away").source(Torn));
    let health = Health::builder().monitor(&monitor).probe(probe).build().unwrap();
    pass(Duration::from_secs(1)).await;
    assert!(monitor.flush(Duration::from_secs(5)));
    let reasons: Vec<_> = changes(&memory).into_iter().filter_map(|change| change.reason).collect();
    assert_eq!(reasons[0], "no host db.internal… [formatting failed]");
    drop(health);
}

#[tokio::test(start_paused = true)]
async fn a_probe_without_callers_and_a_slow_first_run_raise_no_alarm() {
    let (memory, runs) = (MemoryReporter::new(), Runs::default());
    let monitor = loaded(Monitor::builder("shop").log(None).reporter(memory.clone()).build().unwrap());
    let health = Health::builder()
        .monitor(&monitor)
        .probe(runs.finding("costly", |_| ProbeResult::ok()).critical().ready().on_demand(ms(5_000)))
        .probe(runs.taking("slow", ms(500)))
        .probe(runs.finding("quick", |_| ProbeResult::ok()).critical())
        .build()
        .unwrap();
    for _ in 0..3 {
        assert_eq!(get(&health, "/ready").await.0, 200);
        pass(Duration::from_secs(60)).await;
        assert!(health.reading().is_ready, "it was, when it was last asked");
    }
    assert!(monitor.flush(Duration::from_secs(5)));
    let of_service = changes(&memory).into_iter().filter(|change| change.probe.is_none());
    let statuses: Vec<_> = of_service.map(|change| (change.from, change.to)).collect();
    assert_eq!(statuses, [(HealthStatus::Unknown, HealthStatus::Ok)]);
}

#[tokio::test(start_paused = true)]
async fn starting_and_draining_publish_no_failure() {
    let memory = MemoryReporter::new();
    let monitor = loaded(Monitor::builder("shop").log(None).reporter(memory.clone()).build().unwrap());
    let health = Health::builder().monitor(&monitor).probe(flickering(&Runs::default())).build().unwrap();
    let gate = health.startup_gate("migrations");
    pass(Duration::from_secs(1)).await;
    drop(gate);
    health.drain_on(async {}, Duration::from_secs(100)).await;
    assert!(monitor.flush(Duration::from_secs(5)));
    let of_service = changes(&memory).into_iter().filter(|change| change.probe.is_none());
    let statuses: Vec<_> = of_service.map(|change| (change.from, change.to)).collect();
    assert_eq!(statuses, [(HealthStatus::Unknown, HealthStatus::Ok)]);
}

/// etcd#20741: the gauge is missing until the first request to the endpoint.
#[tokio::test(start_paused = true)]
async fn gauges_are_there_from_the_start_and_say_how_it_is_now() {
    let monitor = loaded(Monitor::builder("shop").log(None).build().unwrap());
    let endpoint = PrometheusEndpoint::local(&monitor);
    let health = Health::builder()
        .monitor(&monitor)
        .probe(flickering(&Runs::default()))
        .probe(Runs::default().taking("search", ms(300)).on_demand(ms(1_000)))
        .build()
        .unwrap();
    let page = || {
        let page = endpoint.render();
        let lines: Vec<_> = page.lines().filter(|line| line.starts_with("health_")).map(String::from).collect();
        lines
    };
    let says = |lines: &[String], line: &str| assert!(lines.iter().any(|is| is == line), "{line} of {lines:#?}");
    let lines = page();
    says(&lines, "health_probe_status{probe=\"database\"} -1");
    says(&lines, "health_probe_status{probe=\"search\"} -1");
    says(&lines, "health_probe_duration_seconds{probe=\"search\"} 0");
    says(&lines, "health_ready 0");
    says(&lines, "health_draining 0");
    assert_eq!(get(&health, "/").await.0, 200);
    let lines = page();
    says(&lines, "health_probe_status{probe=\"database\"} 2");
    assert!(
        lines.iter().any(|line| line.starts_with("health_probe_duration_seconds{probe=\"search\"} 0.3")),
        "{lines:#?}"
    );
    says(&lines, "health_ready 1");
    // By now the probe has failed three times and succeeded once.
    pass(ms(14_500)).await;
    let lines = page();
    says(&lines, "health_probe_status{probe=\"database\"} 0");
    says(&lines, "health_ready 0");
    health.drain_on(async {}, Duration::ZERO).await;
    says(&page(), "health_draining 1");
    drop(health);
    assert!(monitor.health().is_none());
}

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no thread panics with it").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// quarkus#4531: a check that blocks the event loop unnoticed.
#[tokio::test]
async fn a_probe_that_blocks_its_thread_for_a_while_is_named_in_the_log() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    let _subscribed = tracing::subscriber::set_default(subscriber);
    let blocking = Probe::new("slow", || async {
        std::thread::sleep(ms(60));
        ProbeResult::ok()
    });
    let health = Health::builder().probe(blocking).probe(Runs::default().taking("patient", ms(60))).build().unwrap();
    assert_eq!(get(&health, "/").await.0, 200);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let warned: Vec<_> = text.lines().filter(|line| line.contains("health_probe_blocks")).collect();
    assert!(warned.len() == 1 && warned[0].contains("probe=\"slow\""), "{text}");
}

#[tokio::test(start_paused = true)]
async fn only_a_change_is_logged_and_without_secrets() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    let _subscribed = tracing::subscriber::set_default(subscriber);
    let health = Health::builder().probe(flickering(&Runs::default())).build().unwrap();
    pass(Duration::from_secs(120)).await;
    drop(health);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let of = |event: &str| text.lines().filter(|line| line.contains(event)).collect::<Vec<_>>();
    let (failed, recovered) = (of("health_probe_failed"), of("health_probe_recovered"));
    assert_eq!((failed.len(), recovered.len()), (2, 1), "{text}");
    assert!(failed[0].contains("WARN") && failed[1].contains("ERROR"), "{text}");
    assert!(recovered[0].contains("was_for_seconds"), "{text}");
    assert!(text.contains("password=[Filtered]") && !text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn readiness_waits_until_the_symbols_are_loaded() {
    let monitor = Monitor::builder("shop").log(None).build().unwrap();
    let health = Health::builder().monitor(&monitor).build().unwrap();
    let (status, body) = get(&health, "/ready").await;
    assert_eq!((status, &body["error"]), (503, &"starting: symbols".into()), "{body}");
    let monitor = loaded(monitor);
    // The gate's callback was registered first, and ran on the same thread before the one that `loaded` waits for.
    assert_eq!(get(&health, "/ready").await.0, 200);
    let second = Health::builder().monitor(&monitor).build().unwrap();
    assert_eq!(get(&second, "/ready").await.0, 200);
}
