//! One user in everything that is stored, and none after the erasure.

use std::{
    fs,
    path::{Path, PathBuf},
};

use monitor_alert::{AlertHandle, Alerts, DeliveryError};
use monitor_core::{BoxError, Monitor, Persist as _, Scope, StoreState, capture_error, instrument::panic, scope};
use monitor_store::Store;

use crate::support::{PATIENCE, Recorder, builder, until};

/// Returns a monitor whose notifications all wait.
fn shop(folder: &Path) -> (Monitor, AlertHandle) {
    let failing = Recorder::new("failing", |_| Err(DeliveryError::retryable("no answer")));
    let alerts = Alerts::to(failing);
    let handle = alerts.handle();
    let store = Store::open(folder).expect("the folder can be written to");
    (builder("1.0.0").persist(store).extend(alerts).build().expect("the settings are good"), handle)
}

/// Captures an error and a panic of a user, whose name is in their messages.
fn fail(monitor: &Monitor, user: &str) {
    Scope::new(monitor).in_scope(|| {
        scope::set_user(user);
        capture_error(&BoxError::from(format!("no order of {user}")));
        let says = format!("{user} has no address");
        let mut panicked = panic::catch(|| std::panic::panic_any(says)).expect_err("it panics");
        panicked.capture_by(monitor);
        panicked.drop_payload();
    });
    assert!(monitor.flush(PATIENCE));
}

#[test]
fn an_erased_user_is_in_no_issue_alert_page_or_incident() {
    let folder = tempfile::tempdir().unwrap();
    let (monitor, handle) = shop(folder.path());
    // Joined at run time, because the source excerpt around an error is stored as well.
    let user = &["ada", "lovelace"].join(".");
    fail(&monitor, user);
    let keys: Vec<_> = handle.active().into_iter().map(|active| active.alert.key.clone()).collect();
    assert_eq!(keys.len(), 2);
    keys.iter().for_each(|key| _ = handle.acknowledge(key, user).expect("it is active"));
    let id = handle.incidents().first().expect("a panic opens one").id.clone();
    handle.note_on_incident(&id, user, format!("{user} called")).expect("the incident is known");
    handle.close_incident(&id, user).expect("it is open");
    until("both alerts wait", || monitor.alert_counts().iter().any(|counts| counts.waiting == 2));
    assert!(monitor.flush(PATIENCE));
    assert_eq!(kinds_with(folder.path(), user), KINDS, "it was saved");

    assert!(monitor.erase_user(user).is_persisted);
    assert!(!format!("{:?} {:?}", handle.incidents(), handle.active()).contains(user));
    assert!(monitor.shutdown(PATIENCE));
    drop(monitor);
    assert!(!has(folder.path(), user), "it is in no file");
    let (next, handle) = shop(folder.path());
    assert!(next.flush(PATIENCE));
    assert_eq!((next.issues().len(), handle.active().len(), handle.incidents().len()), (2, 2, 1));
}

/// Returns the kinds of stored values that have this text, in a copy of a store that is open.
fn kinds_with(folder: &Path, text: &str) -> Vec<&'static str> {
    let copy = tempfile::tempdir().expect("a folder");
    for file in files(folder) {
        fs::copy(&file, copy.path().join(file.file_name().expect("a name"))).expect("it can be copied");
    }
    let store = Store::open(copy.path()).expect("a store");
    assert_eq!(store.access().expect("the copy is complete"), StoreState::Ready);
    let values = store.load("").expect("it can be read");
    let has = |kind: &&str| values.iter().any(|(key, value)| key.starts_with(kind) && is_in(value, text));
    KINDS.into_iter().filter(has).collect()
}

/// Returns whether any file of the folder has this text.
fn has(folder: &Path, text: &str) -> bool {
    files(folder).iter().any(|file| is_in(&fs::read(file).unwrap_or_default(), text))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).expect("the folder").map_while(Result::ok).map(|file| file.path()).collect()
}

fn is_in(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// The beginnings of the keys of all values that can mention a user.
const KINDS: [&str; 6] = ["alert-active-", "alert-entry-", "alert-page-", "event/", "incident-", "issue/"];
