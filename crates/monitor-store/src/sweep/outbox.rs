//! The sweep of storage faults for the outbox of alerts.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use monitor_alert::{Alerts, DeliveryError, Notification, Notifier};
use monitor_core::{AlertCounts, ErrorSettings, Level, Monitor, Persist};

use super::{
    Values, Watched,
    disk::{Disk, Fault},
    found, sweep,
};
use crate::store::Store;

/// Collects the IDs of notifications. Fails the first attempts.
#[derive(Clone, Default)]
pub(super) struct Collector {
    failures: usize,
    attempts: Arc<Mutex<Vec<String>>>,
}

impl Collector {
    fn failing(failures: usize) -> Self {
        Self { failures, ..Self::default() }
    }

    /// Returns the IDs of the accepted notifications.
    fn accepted(&self) -> BTreeSet<String> {
        self.attempts.lock().expect("no test panicked").iter().skip(self.failures).cloned().collect()
    }
}

impl Notifier for Collector {
    fn name(&self) -> &str {
        "collector"
    }

    fn deliver(&mut self, notification: &Notification) -> Result<(), DeliveryError> {
        let mut attempts = self.attempts.lock().expect("no test panicked");
        attempts.push(notification.id.clone());
        if attempts.len() > self.failures { Ok(()) } else { Err(DeliveryError::retryable("the line is busy")) }
    }
}

fn shop(persist: impl Persist, collector: &Collector) -> Monitor {
    let settings = Monitor::builder("shop").log(None).errors(ErrorSettings::new().source_excerpts(false));
    let settings = settings.persist(persist).extend(Alerts::to(collector.clone()));
    settings.build().expect("the settings are good")
}

/// Two alerts, of which the first one waits for another attempt at the end. Returns the states that the disk may have,
/// and the IDs of the accepted notifications.
fn run_alerts(folder: &Path, disk: &Disk) -> (Vec<Values>, BTreeSet<String>) {
    let (watched, collector) = (Arc::new(Watched::open(folder, disk)), Collector::failing(1));
    let shop = shop(Arc::clone(&watched), &collector);
    for message in ["out of stock", "out of paper"] {
        shop.capture_message(message, Level::Error);
        shop.flush(Duration::from_millis(500));
    }
    shop.shutdown(Duration::from_secs(5));
    drop(shop);
    (watched.states(), collector.accepted())
}

/// Returns the IDs that the next process delivers, and its counts.
fn delivered_next(folder: &Path) -> (BTreeSet<String>, AlertCounts) {
    let collector = Collector::default();
    let store = Store::open(folder).expect("the folder can be written to");
    let shop = shop(store, &collector);
    // Twice: an entry may have been about to be attempted at the first one.
    (0..2).for_each(|_| _ = shop.flush(Duration::from_secs(10)));
    let deadline = monitor_core::clock::now() + Duration::from_secs(60);
    let mut counts = shop.alert_counts();
    while counts.iter().any(|counts| counts.waiting > 0) && monitor_core::clock::now() < deadline {
        std::thread::sleep(Duration::from_millis(10));
        counts = shop.alert_counts();
    }
    shop.shutdown(Duration::from_secs(5));
    (collector.accepted(), counts.remove(0))
}

fn check_counts(counts: &AlertCounts) {
    let given_up: u64 = counts.given_up.iter().map(|(_, count)| count).sum();
    assert_eq!(counts.fired, counts.delivered + counts.waiting + given_up, "{counts:?}");
    assert_eq!((counts.waiting, given_up), (0, 0), "{counts:?}");
}

fn waiting_in(values: &Values) -> BTreeSet<String> {
    values.keys().filter_map(|key| key.strip_prefix("alert-entry-")).map(str::to_owned).collect()
}

#[test]
fn one_failed_operation_loses_and_repeats_no_notification() {
    sweep(Fault::Fails, run_alerts, |folder, (states, first)| {
        let waiting = waiting_in(&found(folder, &states));
        let (second, counts) = delivered_next(folder);
        assert_eq!(second, waiting);
        assert!(first.is_disjoint(&second), "{first:?} {second:?}");
        assert_eq!((first.len() + second.len(), counts.fired, counts.delivered), (2, 2, 2));
        check_counts(&counts);
    });
}

#[test]
fn after_a_loss_of_power_exactly_the_saved_notifications_are_delivered() {
    for fault in [Fault::Dropped, Fault::Torn] {
        sweep(fault, run_alerts, |folder, (states, _)| {
            let waiting = waiting_in(&found(folder, &states));
            let (second, counts) = delivered_next(folder);
            assert_eq!(second, waiting);
            check_counts(&counts);
        });
    }
}
