//! Counters of alerts' notifications, by notifier.

use metrics::Label;
use monitor_core::{AlertCounts, names};

use super::{Emit, Family, Series::OfMonitor, Value};
use crate::snapshot::Snapshot;

pub(super) static FAMILIES: &[Family] = &[
    Family::counter(names::ALERTS_FIRED, "Notifications of alerts.", OfMonitor(fired)),
    Family::counter(names::ALERTS_DELIVERED, "Notifications that their receiver accepted.", OfMonitor(delivered)),
    Family::counter(names::ALERTS_GIVEN_UP, "Notifications that were given up.", OfMonitor(given_up)),
    Family::gauge(names::ALERTS_WAITING, "Notifications that wait for an attempt.", OfMonitor(waiting)),
    Family::counter(names::ALERTS_UNSAVED, "Notifications sent without being saved before.", OfMonitor(unsaved)),
];

fn fired(snapshot: &Snapshot, emit: &mut Emit<'_>) {
    each_notifier(snapshot, |counts| Value::Counter(counts.fired), emit);
}

fn delivered(snapshot: &Snapshot, emit: &mut Emit<'_>) {
    each_notifier(snapshot, |counts| Value::Counter(counts.delivered), emit);
}

fn given_up(snapshot: &Snapshot, emit: &mut Emit<'_>) {
    for counts in &snapshot.alerts {
        for (reason, count) in &counts.given_up {
            emit(vec![notifier(counts), Label::new("reason", reason.clone())], Value::Counter(*count));
        }
    }
}

fn waiting(snapshot: &Snapshot, emit: &mut Emit<'_>) {
    each_notifier(snapshot, |counts| Value::Gauge(counts.waiting as f64), emit);
}

fn unsaved(snapshot: &Snapshot, emit: &mut Emit<'_>) {
    each_notifier(snapshot, |counts| Value::Counter(counts.unsaved), emit);
}

fn each_notifier(snapshot: &Snapshot, of: fn(&AlertCounts) -> Value<'static>, emit: &mut Emit<'_>) {
    for counts in &snapshot.alerts {
        emit(vec![notifier(counts)], of(counts));
    }
}

fn notifier(counts: &AlertCounts) -> Label {
    Label::new("notifier", counts.notifier.clone())
}
