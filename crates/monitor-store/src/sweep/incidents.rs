//! The sweep of storage faults for incidents.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use monitor_alert::{AlertHandle, Alerts};
use monitor_core::{ErrorSettings, Monitor, Persist, instrument::panic};

use super::{
    Values, Watched,
    disk::{Disk, Fault},
    found,
    outbox::Collector,
    sweep,
};
use crate::store::Store;

fn shop(persist: impl Persist) -> (Monitor, AlertHandle) {
    let alerts = Alerts::to(Collector::default());
    let handle = alerts.handle();
    let settings = Monitor::builder("shop").log(None).errors(ErrorSettings::new().source_excerpts(false));
    (settings.persist(persist).extend(alerts).build().expect("the settings are good"), handle)
}

/// A panic opens an incident, and two people write notes to it. Returns the states that the disk may have.
fn run_incident(folder: &Path, disk: &Disk) -> Vec<Values> {
    let watched = Arc::new(Watched::open(folder, disk));
    let (shop, handle) = shop(Arc::clone(&watched));
    let mut panicked =
        panic::catch(|| assert!(Vec::<u8>::new().pop().is_some(), "out of paper")).expect_err("it panics");
    panicked.capture_by(&shop);
    panicked.drop_payload();
    shop.flush(Duration::from_secs(10));
    let id = handle.incidents().first().expect("a panic opens an incident").id.clone();
    for by in NOTES {
        handle.note_on_incident(&id, by, "a deploy").expect("it is known");
        shop.flush(Duration::from_millis(500));
    }
    shop.shutdown(Duration::from_secs(5));
    drop(shop);
    watched.states()
}

/// Returns the incidents of the next process: the authors of notes, by ID.
fn known(folder: &Path) -> BTreeMap<String, Vec<&'static str>> {
    let (shop, handle) = shop(Store::open(folder).expect("the folder can be written to"));
    shop.flush(Duration::from_secs(10));
    let incidents = handle.incidents().into_iter().map(|incident| {
        let timeline = format!("{:?}", incident.timeline);
        (incident.id, NOTES.into_iter().filter(|by| timeline.contains(&format!("by: \"{by}\""))).collect())
    });
    let incidents = incidents.collect();
    shop.shutdown(Duration::from_secs(5));
    incidents
}

/// Returns the same of stored values.
fn stored(values: &Values) -> BTreeMap<String, Vec<&'static str>> {
    let incidents = values.iter().filter_map(|(key, value)| Some((key.strip_prefix("incident-")?, value)));
    let notes = |value: &[u8]| {
        let text = String::from_utf8_lossy(value).into_owned();
        NOTES.into_iter().filter(|by| text.contains(&format!("\"by\":\"{by}\""))).collect()
    };
    incidents.map(|(id, value)| (id.to_owned(), notes(value))).collect()
}

#[test]
fn one_failed_operation_loses_no_incident() {
    sweep(Fault::Fails, run_incident, |folder, states| {
        let stored = stored(&found(folder, &states));
        assert_eq!(stored.values().collect::<Vec<_>>(), [&NOTES.to_vec()]);
        assert_eq!(known(folder), stored);
    });
}

#[test]
fn after_a_loss_of_power_the_saved_incidents_are_known() {
    for fault in [Fault::Dropped, Fault::Torn] {
        sweep(fault, run_incident, |folder, states| {
            let stored = stored(&found(folder, &states));
            let known = known(folder);
            // A panic that was saved before its incident opens it again.
            assert!(stored.iter().all(|(id, notes)| known.get(id) == Some(notes)), "{stored:?} {known:?}");
            assert!(known.len() <= 1, "{known:?}");
        });
    }
}

const NOTES: [&str; 2] = ["ada", "bob"];
