//! Publication to a recorder other than Prometheus'.

use std::{
    net::UdpSocket,
    time::{Duration, Instant},
};

use metrics_exporter_dogstatsd::DogStatsDBuilder;
use monitor_core::instrument;
use monitor_kit::{FinalStatus, KnownMethod, Monitor, Outcome, clock, metrics::publish_to, names};

use crate::support::builder;

/// DogStatsD receives deltas, so the first value must not be lost.
#[test]
fn dogstatsd_receives_every_request_from_the_first() {
    let agent = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    agent.set_read_timeout(Some(Duration::from_secs(5))).expect("a time-out");
    let addr = agent.local_addr().expect("an address").to_string();
    let dogstatsd = DogStatsDBuilder::default().with_remote_address(addr).expect("an address");
    let dogstatsd = dogstatsd.with_flush_interval(Duration::from_millis(50)).with_telemetry(false);
    let monitor = builder().build().expect("the settings are good");
    publish_to(&monitor, dogstatsd.build().expect("its thread starts"));
    let (mut requests, mut durations) = (0.0, 0);
    for round in 1..=2 {
        (0..3).for_each(|_| request(&monitor));
        let begun: Instant = clock::now();
        while (requests, durations) != (f64::from(round) * 3.0, round as usize * 3) {
            assert!(begun.elapsed() < Duration::from_secs(20), "{requests} requests and {durations} durations arrived");
            let mut packet = [0; 8192];
            let Ok(length) = agent.recv(&mut packet) else { continue };
            for line in String::from_utf8_lossy(&packet[..length]).lines() {
                let (name, values) = line.split_once(':').expect("a name and its values");
                let values = values.split('|').next().unwrap_or_default().split(':').map(|value| value.parse::<f64>());
                let values: Vec<_> = values.map(|value| value.expect("a number")).collect();
                match name {
                    names::REQUESTS => requests += values.iter().sum::<f64>(),
                    names::DURATION => durations += values.len(),
                    _ => {}
                }
            }
        }
    }
}

fn request(monitor: &Monitor) {
    let recorder = instrument::recorder(monitor).expect("it is enabled");
    let series = recorder.series(KnownMethod::Get, "/a");
    recorder.start(series);
    recorder.end(series, FinalStatus::new(Outcome::Completed, 200), Duration::from_millis(1));
}
