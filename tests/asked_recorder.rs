//! A program with a metrics recorder of its own, which no page shows. The recorder is global, so this test has a binary
//! of its own.

use std::{ops::ControlFlow, sync::mpsc, time::Duration};

use metrics_exporter_prometheus::PrometheusBuilder;
use monitor_core::instrument;
use monitor_kit::{FinalStatus, KnownMethod, Monitor, Outcome, metrics::publish};

fn monitor() -> Monitor {
    Monitor::builder("shop").log(None).build().expect("the settings are good")
}

fn request(monitor: &Monitor) {
    let recorder = instrument::recorder(monitor).expect("it is enabled");
    let series = recorder.series(KnownMethod::Get, "/items");
    recorder.start(series);
    recorder.end(series, FinalStatus::new(Outcome::Completed, 200), Duration::from_millis(1));
}

/// Waits until the monitor's periodic tasks that were added before the call have run.
fn pass_a_second(monitor: &Monitor) {
    let (sender, receiver) = mpsc::channel();
    monitor.every_second(move |_| {
        let _ = sender.send(());
        ControlFlow::Break(())
    });
    receiver.recv_timeout(Duration::from_secs(20)).expect("the tasks run");
}

#[test]
fn it_gets_nothing_unasked_and_then_the_numbers_of_one_monitor_to_the_end() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).expect("there is none yet");
    let (first, second) = (monitor(), monitor());
    request(&first);
    pass_a_second(&first);
    assert_eq!(handle.render(), "");

    publish(&first);
    publish(&second);
    pass_a_second(&first);
    pass_a_second(&second);
    let labels = r#"http_request_method="GET",http_route="/items""#;
    let started = |count: u64| format!("http_server_requests_started_total{{{labels}}} {count}\n");
    assert!(handle.render().contains(&started(1)), "{}", handle.render());

    request(&first);
    assert!(first.shutdown(Duration::from_secs(5)));
    assert!(handle.render().contains(&started(2)), "{}", handle.render());
}
