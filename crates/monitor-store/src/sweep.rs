//! The sweep of storage faults: the same work is done again and again, with a fault in the first operation on the disk,
//! in the second, the third, until a run ends before its fault. After each fault, all acknowledged writes are there.

mod disk;
mod incidents;
mod outbox;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use monitor_core::{
    BoxError, DisableRoute, ErrorSettings, Issue, Monitor, Persist, Scope, StoreState, StoreWrite, Triage,
    capture_error, scope,
};
use uuid::Uuid;

use self::disk::{Disk, Fault};
use crate::store::Store;

type Values = BTreeMap<String, Vec<u8>>;

/// A store on a disk with a fault, and what the disk may hold.
struct Watched {
    store: Store,
    disk: Disk,
    /// One state after an acknowledged save. After a failed one two: with all of its changes, and with none.
    states: Mutex<Vec<Values>>,
}

impl Watched {
    fn open(folder: &Path, disk: &Disk) -> Self {
        let store = Store::builder(folder).backend(disk.backend()).open().expect("the folder can be written to");
        Self { store, disk: disk.clone(), states: Mutex::new(vec![Values::new()]) }
    }

    fn states(&self) -> Vec<Values> {
        self.states.lock().expect("no test panicked").clone()
    }
}

impl Persist for Watched {
    fn access(&self) -> Result<StoreState, BoxError> {
        self.store.access()
    }

    fn load(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, BoxError> {
        self.store.load(prefix)
    }

    fn save(&self, changes: &[StoreWrite]) -> Result<u64, BoxError> {
        // After a loss of power there is no process that would save anything.
        if !self.disk.has_power() {
            return Err("power is lost".into());
        }
        let mut states = self.states.lock().expect("no test panicked");
        let mut changed = states.clone();
        changed.iter_mut().for_each(|values| changes.iter().for_each(|change| apply(change, values)));
        let saved = self.store.save(changes);
        if saved.is_ok() {
            states.clear();
        }
        states.append(&mut changed);
        states.dedup();
        saved
    }

    fn secret(&self) -> Result<Uuid, BoxError> {
        self.store.secret()
    }

    fn purge(&self) -> Result<(), BoxError> {
        self.store.purge()
    }
}

fn apply(change: &StoreWrite, values: &mut Values) {
    match change {
        StoreWrite::Put { key, value } => drop(values.insert(key.clone(), value.clone())),
        StoreWrite::Remove { key } => drop(values.remove(key)),
    }
}

/// Does `work` with a fault in the first operation, the second, and so on. `check` gets the folder after the fault, as
/// the next process finds it, and what `work` returned.
fn sweep<R>(fault: Fault, work: impl Fn(&Path, &Disk) -> R, check: impl Fn(&Path, R)) {
    for nth in 1.. {
        let (folder, wreck) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let disk = Disk::new(folder.path(), wreck.path(), fault, nth);
        let done = work(folder.path(), &disk);
        check(if disk.has_power() { folder.path() } else { wreck.path() }, done);
        if !disk.had_fault() {
            assert!(nth > 20, "the work has {nth} operations only");
            return;
        }
    }
}

/// Saves values, changes and removes some of them, and purges the rest of what was removed.
fn save_and_purge(folder: &Path, disk: &Disk) -> Vec<Values> {
    let watched = Watched::open(folder, disk);
    let put = |key: &str, value: &str| StoreWrite::Put { key: key.to_owned(), value: value.as_bytes().to_vec() };
    let saves = [
        vec![put("routes", "/error"), put("issue/1", "one")],
        vec![put("issue/1", "two"), put("event/1/a", &"x".repeat(10_000))],
        vec![StoreWrite::Remove { key: "event/1/a".to_owned() }, put("event/1/b", "y")],
    ];
    for changes in saves {
        // As the saver does: a failed save is repeated once the store can be used again.
        let is_saved = || watched.access().and_then(|_| watched.save(&changes)).is_ok();
        let _ = is_saved() || is_saved();
    }
    let purged = || watched.access().and_then(|_| watched.purge()).is_ok();
    let _ = purged() || purged();
    watched.states()
}

/// Fails if the next process finds none of these states. Returns the one it finds.
fn found(folder: &Path, states: &[Values]) -> Values {
    let store = Store::open(folder).expect("the folder can be written to");
    let state = store.access().expect("the store can be used");
    assert_eq!(state, StoreState::Ready, "nothing is damaged");
    let values: Values = store.load("").expect("it can be read").into_iter().collect();
    let keys: Vec<Vec<_>> = states.iter().map(|state| state.keys().collect()).collect();
    assert!(states.contains(&values), "{:?} instead of one of {keys:?}", values.keys());
    values
}

#[test]
fn a_failed_operation_loses_nothing_acknowledged_and_fails_one_save_at_most() {
    sweep(Fault::Fails, save_and_purge, |folder, states| {
        let values = found(folder, &states);
        let values: Vec<_> = values.iter().map(|(key, value)| (key.as_str(), value.as_slice())).collect();
        assert_eq!(values, [("event/1/b", b"y".as_slice()), ("issue/1", b"two"), ("routes", b"/error")]);
    });
}

#[test]
fn a_loss_of_power_loses_nothing_acknowledged() {
    for fault in [Fault::Dropped, Fault::Torn] {
        sweep(fault, save_and_purge, |folder, states| drop(found(folder, &states)));
    }
}

/// Captures errors, disables a route, decides on an issue and erases a user, each followed by a flush.
fn run_monitor(folder: &Path, disk: &Disk) -> Vec<Values> {
    let watched = Arc::new(Watched::open(folder, disk));
    let errors = ErrorSettings::new().source_excerpts(false);
    let settings = Monitor::builder("shop").log(None).errors(errors).routes([("GET", "/error")]);
    let shop = settings.persist(Arc::clone(&watched)).build().expect("the settings are good");
    let flush = || _ = shop.flush(Duration::from_millis(200));
    fail(&shop, "ada");
    fail(&shop, "bob");
    flush();
    shop.disable_route(DisableRoute::new("/error", "ada")).expect("it is declared");
    flush();
    for issue in shop.issues() {
        shop.triage(issue.fingerprint, Triage::Resolve, "ada").expect("it is known");
    }
    shop.erase_user("bob");
    shop.shutdown(Duration::from_secs(5));
    drop(shop);
    watched.states()
}

fn fail(shop: &Monitor, user: &str) {
    Scope::new(shop).in_scope(|| {
        scope::set_user(user);
        capture_error(&BoxError::from("out of stock"));
    });
}

/// Returns the issues of the next process, its number of disabled routes, and the number of events in its history.
/// Fails if it does not know those in `stored`.
fn known(folder: &Path, stored: &Values) -> (Vec<Issue>, usize, u64) {
    let store = Store::open(folder).expect("the folder can be written to");
    let shop = Monitor::builder("shop").log(None).persist(store).build().expect("the settings are good");
    shop.flush(Duration::from_secs(10));
    let (issues, routes) = (shop.issues(), shop.disabled_routes().len());
    assert!(issues.len() >= stored.keys().filter(|key| key.starts_with("issue/")).count(), "{issues:?}");
    let is_disabled = stored.get("disabled-routes").is_some_and(|routes| is_in(routes, "/error"));
    assert_eq!(routes, usize::from(is_disabled));
    let history = shop.history().expect("the monitor is not disabled");
    let events = history.issue_events(Duration::from_secs(3600)).iter().map(|(_, count)| count).sum();
    assert!(events > 0 || !stored.keys().any(|key| key.starts_with("history-m/")), "the history is lost");
    shop.shutdown(Duration::from_secs(5));
    (issues, routes, events)
}

fn is_in(value: &[u8], text: &str) -> bool {
    String::from_utf8_lossy(value).contains(text)
}

#[test]
fn a_monitor_saves_everything_although_one_operation_fails() {
    sweep(Fault::Fails, run_monitor, |folder, states| {
        let (issues, routes, events) = known(folder, &found(folder, &states));
        assert_eq!((issues.iter().map(|issue| issue.count).sum(), routes, events), (2, 1, 2));
    });
}

#[test]
fn a_monitor_knows_what_was_acknowledged_before_unsynced_writes_were_dropped() {
    sweep(Fault::Dropped, run_monitor, |folder, states| drop(known(folder, &found(folder, &states))));
}

#[test]
fn a_monitor_knows_what_was_acknowledged_before_unsynced_writes_were_torn() {
    sweep(Fault::Torn, run_monitor, |folder, states| drop(known(folder, &found(folder, &states))));
}
