//! Gauges of health: the service as a whole, and each probe.

use metrics::Label;
use monitor_core::{HealthReading, ProbeReading, names};

use super::{Emit, Family, Series::OfMonitor, Value, flag};
use crate::snapshot::Snapshot;

pub(super) static FAMILIES: &[Family] = &[
    Family::gauge(names::HEALTH_READY, "1 if the service is ready for traffic.", OfMonitor(ready)),
    Family::gauge(names::HEALTH_DRAINING, "1 if the service is draining before a stop.", OfMonitor(draining)),
    Family::gauge(
        names::PROBE_STATUS,
        "Status of a health probe: 2 ok, 1 warning, 0 error, -1 unknown.",
        OfMonitor(statuses),
    ),
    Family::gauge(
        names::PROBE_DURATION,
        "Duration of the last run of a health probe, in seconds.",
        OfMonitor(durations),
    ),
];

fn ready(snapshot: &Snapshot, emit: &mut Emit<'_>) {
    whole(snapshot, |health| health.is_ready, emit);
}

fn draining(snapshot: &Snapshot, emit: &mut Emit<'_>) {
    whole(snapshot, |health| health.is_draining, emit);
}

fn whole(snapshot: &Snapshot, of: fn(&HealthReading) -> bool, emit: &mut Emit<'_>) {
    if let Some(health) = &snapshot.health {
        emit(Vec::new(), Value::Gauge(flag(of(health))));
    }
}

fn statuses(snapshot: &Snapshot, emit: &mut Emit<'_>) {
    each_probe(snapshot, |probe| probe.status.as_gauge(), emit);
}

fn durations(snapshot: &Snapshot, emit: &mut Emit<'_>) {
    each_probe(snapshot, |probe| probe.last_run.as_secs_f64(), emit);
}

fn each_probe(snapshot: &Snapshot, of: fn(&ProbeReading) -> f64, emit: &mut Emit<'_>) {
    for probe in snapshot.health.iter().flat_map(|health| &health.probes) {
        emit(vec![Label::new(names::PROBE, probe.probe.clone())], Value::Gauge(of(probe)));
    }
}
