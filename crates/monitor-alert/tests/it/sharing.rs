//! Two processes with one store, as during a rolling release, and a rollback.

use monitor_alert::Transition;
use monitor_core::Triage;
use monitor_store::Store;

use crate::support::{PATIENCE, Recorder, builder, counts, fail, shop, until};

#[test]
fn both_processes_alert_and_the_counts_are_added_at_the_takeover() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second, third] = [(); 3].map(|()| Recorder::accepting());
    let old = shop(folder.path(), "1.0.0", first.clone());
    fail(&old, "the printer is out of paper");
    let new = shop(folder.path(), "1.0.1", second.clone());
    fail(&new, "the printer burns");
    assert_eq!((first.delivered().len(), second.delivered().len()), (1, 1));
    assert!(first.delivered()[0].is_saved && !second.delivered()[0].is_saved);
    assert!(old.shutdown(PATIENCE));
    drop(old);
    until("the counts are added", || counts(&new).fired == 2);
    assert!(new.shutdown(PATIENCE));
    drop(new);
    let next = shop(folder.path(), "1.0.1", third.clone());
    fail(&next, "the printer burns");
    assert!(third.delivered().is_empty(), "both issues are known: {:?}", third.delivered());
    let counts = counts(&next);
    assert_eq!((counts.fired, counts.delivered, counts.unsaved), (2, 2, 1));
}

#[test]
fn rolling_releases_and_a_rollback_lose_and_repeat_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::accepting();
    let messages = ["paper", "ink", "toner", "cables", "power"];
    let mut running = shop(folder.path(), "0", recorder.clone());
    for (release, message) in messages.into_iter().enumerate() {
        // The third release is rolled back to the second.
        let next = shop(folder.path(), &(release % 3).to_string(), recorder.clone());
        fail(&running, &format!("the printer is out of {message}"));
        assert!(running.shutdown(PATIENCE));
        running = next;
        until("the next process has the store", || counts(&running).fired == release as u64 + 1);
    }
    assert_eq!((recorder.delivered().len(), recorder.ids().len()), (messages.len(), messages.len()));
}

#[test]
fn an_issue_resolved_without_the_alerts_resolves_its_alert_in_the_next_process() {
    let (folder, recorder) = (tempfile::tempdir().unwrap(), Recorder::accepting());
    let monitor = shop(folder.path(), "1.0.0", recorder.clone());
    fail(&monitor, "the printer is out of paper");
    assert!(monitor.shutdown(PATIENCE));
    drop(monitor);
    let store = Store::open(folder.path()).unwrap();
    let without_alerts = builder("1.0.0").persist(store).build().unwrap();
    let fingerprint = without_alerts.issues()[0].fingerprint;
    without_alerts.triage(fingerprint, Triage::Resolve, "ada").unwrap();
    assert!(without_alerts.shutdown(PATIENCE));
    drop(without_alerts);
    let monitor = shop(folder.path(), "1.0.0", recorder.clone());
    (0..2).for_each(|_| assert!(monitor.flush(PATIENCE)));
    assert_eq!(recorder.titles(Transition::Resolved).len(), 1);
}
