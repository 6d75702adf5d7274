//! Counters of outgoing requests, by class of host.

use metrics::Label;
use monitor_core::{ClientOutcome, names};

use super::{Emit, Family, Series::OfMonitor, Value};
use crate::snapshot::Snapshot;

pub(super) static FAMILIES: &[Family] =
    &[Family::counter(names::CLIENT_REQUESTS, "Requests sent to other services.", OfMonitor(requests))];

fn requests(snapshot: &Snapshot, emit: &mut Emit<'_>) {
    for host in &snapshot.clients {
        for &outcome in ClientOutcome::ALL {
            let class = Label::new(names::HOST_CLASS, host.host_class);
            emit(vec![class, Label::new(names::STATUS_CLASS, outcome.as_str())], Value::Counter(host.count(outcome)));
        }
    }
}
