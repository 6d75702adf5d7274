//! Tests of extensions: their calls, their state over restarts and takeovers, and their failures.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    time::Duration,
};

use serde_json::json;

use super::Extension;
use crate::{
    base::{
        clock,
        drops::DropReason,
        error::{BoxError, BuildError},
    },
    builder::{MonitorBuilder, limits::Limits},
    model::{identity::Identity, level::Level},
    monitor::Monitor,
    persist::{
        Persist, StoreState, StoreWrite,
        durable::{Durable, KeyPrefix, MergeReport},
        eraser::Eraser,
    },
    signal::Signal,
};

const PATIENCE: Duration = Duration::from_secs(30);

/// A store in memory, which another process may have.
#[derive(Clone, Default)]
struct Memory {
    values: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    is_busy: Arc<AtomicBool>,
}

impl Memory {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn value(&self, key: &str) -> Option<String> {
        self.lock().get(key).map(|value| String::from_utf8_lossy(value).into_owned())
    }
}

impl Persist for Memory {
    fn access(&self) -> Result<StoreState, BoxError> {
        Ok(if self.is_busy.load(Ordering::SeqCst) { StoreState::Busy } else { StoreState::Ready })
    }

    fn load(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, BoxError> {
        let values = self.lock();
        let found = values.iter().filter(|(key, _)| key.starts_with(prefix));
        Ok(found.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn save(&self, changes: &[StoreWrite]) -> Result<u64, BoxError> {
        for change in changes {
            match change {
                StoreWrite::Put { key, value } => drop(self.lock().insert(key.clone(), value.clone())),
                StoreWrite::Remove { key } => drop(self.lock().remove(key)),
            }
        }
        Ok(0)
    }
}

/// Notes by key, as an extension's state. Each process adds its notes to the stored ones.
#[derive(Default)]
struct Notes {
    notes: Mutex<BTreeMap<String, String>>,
    panics: AtomicBool,
    discarded: AtomicBool,
}

impl Notes {
    fn add(&self, key: &str, text: &str) {
        self.lock().insert(format!("note-{key}"), text.to_owned());
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Durable for Notes {
    fn prefixes(&self) -> Vec<KeyPrefix> {
        vec![KeyPrefix::new("note-")]
    }

    fn merge(&self, stored: Vec<(String, Vec<u8>)>) -> MergeReport {
        let mut report = MergeReport::default();
        for (key, value) in stored {
            match serde_json::from_slice::<String>(&value) {
                Ok(text) => _ = self.lock().entry(key).or_insert(text),
                Err(_) => report.unreadable(key, &value),
            }
        }
        report
    }

    fn take_changes(&self) -> Vec<StoreWrite> {
        self.everything()
    }

    fn everything(&self) -> Vec<StoreWrite> {
        assert!(!self.panics.load(Ordering::SeqCst), "the notes are illegible");
        let put = |(key, text): (&String, &String)| StoreWrite::Put {
            key: key.clone(),
            value: json!(text).to_string().into_bytes(),
        };
        self.lock().iter().map(put).collect()
    }

    fn discard_changes(&self) {
        self.discarded.store(true, Ordering::SeqCst);
    }

    fn erase(&self, eraser: &Eraser) {
        self.lock().values_mut().for_each(|text| *text = eraser.without_name(text));
    }
}

/// Sends a line for each call, and adds a note when it is flushed.
struct Diary {
    notes: Arc<Notes>,
    calls: Sender<String>,
}

impl Extension for Diary {
    fn name(&self) -> &str {
        "diary"
    }

    fn prepare(&mut self, _: &Identity) -> Result<Option<Arc<dyn Durable>>, BuildError> {
        Ok(Some(Arc::clone(&self.notes) as Arc<dyn Durable>))
    }

    fn begin(&mut self, _: &Monitor) -> Result<(), BoxError> {
        let _ = self.calls.send(format!("begin with {} notes", self.notes.lock().len()));
        Ok(())
    }

    fn signal(&mut self, signal: &Signal) -> Result<(), BoxError> {
        let line = match signal {
            Signal::Started(_) => "started",
            Signal::IssueOpened(_) => "opened",
            _ => return Ok(()),
        };
        let _ = self.calls.send(line.to_owned());
        Ok(())
    }

    fn second(&mut self, monitor: &Monitor) -> Result<(), BoxError> {
        let _ = self.calls.send(format!("second of {}", monitor.identity().map_or("", |identity| identity.service())));
        Err("it is late".into())
    }

    fn flush(&mut self) -> Result<(), BoxError> {
        self.notes.add("flushed", "yes");
        Ok(())
    }
}

fn builder() -> MonitorBuilder {
    Monitor::builder("shop").log(None)
}

fn diary() -> (Diary, Arc<Notes>, Receiver<String>) {
    let (calls, called) = mpsc::channel();
    let notes = Arc::<Notes>::default();
    (Diary { notes: Arc::clone(&notes), calls }, notes, called)
}

fn dropped(monitor: &Monitor, owner: &str, reason: DropReason) -> u64 {
    let counts = monitor.dropped().into_iter().filter(|drop| drop.reporter == owner && drop.reason == reason);
    counts.map(|drop| drop.count).sum()
}

#[test]
fn an_extension_begins_with_its_stored_state_and_then_receives_signals_and_seconds() {
    let (diary, _, called) = diary();
    let store = Memory::default();
    store.lock().insert("note-a".into(), b"\"hello\"".to_vec());
    let monitor = builder().persist(store).extend(diary).build().unwrap();
    monitor.capture_message("out of paper", Level::Error);
    let mut lines: Vec<_> = (0..4).map(|_| called.recv_timeout(PATIENCE).unwrap()).collect();
    assert_eq!(lines[..2], ["begin with 1 notes", "started"]);
    lines[2..].sort_unstable();
    assert_eq!(lines[2..], ["opened", "second of shop"]);
    assert!(monitor.flush(PATIENCE));
    assert!(dropped(&monitor, "diary", DropReason::Failed) >= 1, "{:?}", monitor.dropped());
}

#[test]
fn what_an_extension_changes_in_its_last_flush_is_saved() {
    for end in [|monitor: Monitor| _ = monitor.shutdown(PATIENCE), drop] {
        let ((diary, _, _called), store) = (diary(), Memory::default());
        let notes = Arc::downgrade(&diary.notes);
        end(builder().persist(store.clone()).extend(diary).build().unwrap());
        let ended = clock::now() + PATIENCE;
        while notes.upgrade().is_some_and(|_| store.value("note-flushed").is_none()) {
            assert!(clock::now() < ended, "the note was not saved");
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(store.value("note-flushed").as_deref(), Some("\"yes\""));
    }
}

#[test]
fn a_takeover_merges_the_states_of_both_processes_by_key() {
    let ((diary, notes, _called), store) = (diary(), Memory::default());
    store.is_busy.store(true, Ordering::SeqCst);
    let monitor = builder().persist(store.clone()).extend(diary).build().unwrap();
    notes.add("a", "of the second process");
    assert!(!monitor.save_now(PATIENCE), "another process has the store");
    store.lock().extend([("note-a".into(), b"\"of the first\"".to_vec()), ("note-b".into(), b"\"its own\"".to_vec())]);
    store.lock().insert("later-c".into(), b"of a newer release".to_vec());
    store.is_busy.store(false, Ordering::SeqCst);
    assert!(monitor.save_now(PATIENCE));
    assert_eq!(store.value("note-a").as_deref(), Some("\"of the second process\""));
    assert_eq!(store.value("note-b").as_deref(), Some("\"its own\""));
    assert_eq!(store.value("later-c").as_deref(), Some("of a newer release"));
}

#[test]
fn values_of_a_newer_release_stay_and_damaged_ones_are_removed_and_counted() {
    let ((diary, _notes, _called), store) = (diary(), Memory::default());
    store.lock().extend([("note-a".into(), b"{\"text\":1}".to_vec()), ("note-b".into(), b"\"torn".to_vec())]);
    let monitor = builder().persist(store.clone()).extend(diary).build().unwrap();
    assert!(monitor.save_now(PATIENCE));
    assert_eq!((store.value("note-a").as_deref(), store.value("note-b")), (Some("{\"text\":1}"), None));
    assert_eq!(dropped(&monitor, "store", DropReason::Unreadable), 1);
}

#[test]
fn a_state_that_panics_keeps_its_stored_values_and_no_other_state_from_being_saved() {
    let ((diary, notes, _called), store) = (diary(), Memory::default());
    store.lock().insert("note-a".into(), b"\"hello\"".to_vec());
    let monitor = builder().persist(store.clone()).extend(diary).build().unwrap();
    notes.panics.store(true, Ordering::SeqCst);
    monitor.capture_message("out of paper", Level::Error);
    assert!(monitor.flush(PATIENCE));
    assert!(!monitor.save_now(PATIENCE), "the notes are not saved");
    assert_eq!(store.value("note-a").as_deref(), Some("\"hello\""));
    assert!(store.lock().keys().any(|key| key.starts_with("issue/")), "{:?}", store.lock().keys());
    assert!(dropped(&monitor, "store", DropReason::NotPersisted) >= 1);

    notes.panics.store(false, Ordering::SeqCst);
    notes.add("b", "hello again");
    assert!(monitor.save_now(PATIENCE));
    assert_eq!(store.value("note-b").as_deref(), Some("\"hello again\""));
}

#[test]
fn a_user_erased_before_the_store_was_free_is_erased_from_what_it_holds() {
    let ((diary, _notes, _called), store) = (diary(), Memory::default());
    store.is_busy.store(true, Ordering::SeqCst);
    let monitor = builder().persist(store.clone()).extend(diary).build().unwrap();
    store.lock().insert("note-a".into(), b"\"ada called\"".to_vec());
    assert!(!monitor.erase_user("ada").is_persisted);
    store.is_busy.store(false, Ordering::SeqCst);
    assert!(monitor.save_now(PATIENCE));
    assert_eq!(store.value("note-a").as_deref(), Some("\"[erased] called\""));
}

#[test]
fn seconds_do_not_fill_the_queue_of_an_extension_that_hangs() {
    struct Hangs(Receiver<()>);
    impl Extension for Hangs {
        fn name(&self) -> &str {
            "hangs"
        }
        fn signal(&mut self, _: &Signal) -> Result<(), BoxError> {
            let _ = self.0.recv();
            Ok(())
        }
    }
    let (_release, hang) = mpsc::channel();
    let monitor = builder().limits(Limits::new().queue(3)).extend(Hangs(hang)).build().unwrap();
    // It hangs in its first signal, `Started`. One of three places is for the seconds.
    std::thread::sleep(Duration::from_millis(3_500));
    let identity = Arc::clone(&monitor.inner().unwrap().shared.identity);
    (0..2).for_each(|_| monitor.publish(Signal::Started(Arc::clone(&identity))));
    assert_eq!(dropped(&monitor, "hangs", DropReason::QueueFull), 0);
    monitor.publish(Signal::Started(identity));
    assert_eq!(dropped(&monitor, "hangs", DropReason::QueueFull), 1);
}

#[test]
fn without_a_store_changes_do_not_pile_up() {
    let (diary, notes, called) = diary();
    let _monitor = builder().extend(diary).build().unwrap();
    (0..4).for_each(|_| _ = called.recv_timeout(PATIENCE).unwrap());
    assert!(notes.discarded.load(Ordering::SeqCst));
}

#[test]
fn a_setting_that_cannot_work_is_refused_when_the_monitor_is_built() {
    struct Refuses;
    impl Extension for Refuses {
        fn name(&self) -> &str {
            "refuses"
        }
        fn prepare(&mut self, identity: &Identity) -> Result<Option<Arc<dyn Durable>>, BuildError> {
            Err(BuildError::setting(format!("{} has no receiver: name one", identity.service())))
        }
    }
    let refused = builder().extend(Refuses).build().unwrap_err();
    assert_eq!(refused.to_string(), "shop has no receiver: name one");
}

#[test]
fn prefixes_that_cannot_work_are_refused() {
    struct Keys(KeyPrefix);
    impl Durable for Keys {
        fn prefixes(&self) -> Vec<KeyPrefix> {
            vec![self.0.clone()]
        }
        fn merge(&self, _: Vec<(String, Vec<u8>)>) -> MergeReport {
            MergeReport::default()
        }
        fn take_changes(&self) -> Vec<StoreWrite> {
            Vec::new()
        }
        fn everything(&self) -> Vec<StoreWrite> {
            Vec::new()
        }
    }
    struct Keeper(KeyPrefix);
    impl Extension for Keeper {
        fn name(&self) -> &str {
            "keeper"
        }
        fn prepare(&mut self, _: &Identity) -> Result<Option<Arc<dyn Durable>>, BuildError> {
            Ok(Some(Arc::new(Keys(self.0.clone()))))
        }
    }
    let refused = |prefix: KeyPrefix| builder().extend(Keeper(prefix)).build().unwrap_err().to_string();
    assert_eq!(
        refused(KeyPrefix::new("issue/mine/")),
        "the key prefix `issue/mine/` is malformed: use lower-case letters, digits and `-`, and at most one `/` at its \
         end"
    );
    assert_eq!(
        refused(KeyPrefix::new("even")),
        "the key prefixes `event/` and `even` overlap: give each state its own"
    );
    assert_eq!(
        refused(KeyPrefix::new("note-").quota(10)),
        "the key prefix `note-` has a quota, but its values are never evicted: end it with `/`"
    );
    let malformed = refused(KeyPrefix::new(""));
    assert!(malformed.starts_with("the key prefix `` is malformed"), "{malformed}");
    assert!(builder().extend(Keeper(KeyPrefix::new("note/").quota(10))).build().is_ok());
}
