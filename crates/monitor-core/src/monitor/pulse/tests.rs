use std::{
    sync::mpsc::{self, Receiver},
    time::Duration,
};

use super::*;
use crate::{
    base::{drops::DropCount, error::BoxError},
    monitor::Monitor,
    persist::{StoreState, StoreWrite, heartbeat::LastEnd},
    signal::Signal,
};

/// A store that records the calls.
#[derive(Clone)]
struct Recorded {
    calls: Arc<Mutex<Vec<Call>>>,
    trouble: Trouble,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Call {
    LastEnd,
    Beat,
    LastBeat,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Trouble {
    None,
    Busy,
    Error,
    Panic,
}

impl Recorded {
    fn with(trouble: Trouble) -> Self {
        Self { calls: Arc::default(), trouble }
    }

    fn calls(&self) -> Vec<Call> {
        self.calls.lock().expect("no thread panicked").clone()
    }

    fn answer<T>(&self, call: Call, answer: T) -> Result<T, BoxError> {
        self.calls.lock().expect("no thread panicked").push(call);
        match self.trouble {
            Trouble::Error => Err("the disk is full".into()),
            Trouble::Panic => panic!("the storage is broken"),
            Trouble::None | Trouble::Busy => Ok(answer),
        }
    }
}

impl Persist for Recorded {
    fn load(&self, _prefix: &str) -> Result<Vec<(String, Vec<u8>)>, BoxError> {
        Ok(Vec::new())
    }

    fn save(&self, _changes: &[StoreWrite]) -> Result<u64, BoxError> {
        Ok(0)
    }

    fn access(&self) -> Result<StoreState, BoxError> {
        Ok(if self.trouble == Trouble::Busy { StoreState::Busy } else { StoreState::Ready })
    }

    fn last_end(&self) -> Result<Option<ProcessEnded>, BoxError> {
        self.answer(Call::LastEnd, Some(ProcessEnded::not_recorded()))
    }

    fn beat(&self, heartbeat: &ProcessHeartbeat) -> Result<(), BoxError> {
        self.answer(if heartbeat.is_last { Call::LastBeat } else { Call::Beat }, ())
    }
}

/// Returns a monitor with this store, and the ends that it publishes.
fn monitor(store: &Recorded) -> (Monitor, Receiver<LastEnd>) {
    let (sender, published) = mpsc::channel();
    let report = move |signal: &Signal| {
        if let Signal::ProcessEnded(ended) = signal {
            let _ = sender.send(ended.end);
        }
    };
    let builder = Monitor::builder("shop").log(None).reporter_fn("ends", report).persist(store.clone());
    (builder.build().expect("the settings are good"), published)
}

fn pulse(monitor: &Monitor) -> Arc<Pulse> {
    Arc::clone(monitor.inner().and_then(|inner| inner.pulse.as_ref()).expect("there is a store"))
}

fn stop(monitor: &Monitor) {
    assert!(monitor.shutdown(Duration::from_secs(30)), "it ends in time");
}

#[test]
fn the_last_end_is_read_before_the_first_heartbeat_and_published_once() {
    let store = Recorded::with(Trouble::None);
    let (monitor, ends) = monitor(&store);
    assert_eq!(store.calls()[..2], [Call::LastEnd, Call::Beat], "before `build` returns");
    assert!(monitor.flush(Duration::from_secs(30)));
    stop(&monitor);
    assert_eq!(ends.try_iter().collect::<Vec<_>>(), [LastEnd::NotRecorded]);
}

#[test]
fn no_heartbeat_follows_the_last_one() {
    let store = Recorded::with(Trouble::None);
    let (monitor, _) = monitor(&store);
    let pulse = pulse(&monitor);
    pulse.beat();
    stop(&monitor);
    pulse.beat();
    pulse.end();
    let calls = store.calls();
    assert_eq!(calls.iter().position(|call| *call == Call::LastBeat), Some(calls.len() - 1), "{calls:?}");
}

#[test]
fn a_process_without_the_store_writes_no_heartbeat() {
    let store = Recorded::with(Trouble::Busy);
    let (monitor, ends) = monitor(&store);
    pulse(&monitor).beat();
    stop(&monitor);
    assert_eq!((store.calls(), ends.try_iter().count()), (vec![], 0));
}

#[test]
fn a_store_that_fails_or_panics_at_heartbeats_is_counted_and_nothing_else() {
    for trouble in [Trouble::Error, Trouble::Panic] {
        let store = Recorded::with(trouble);
        let (monitor, ends) = monitor(&store);
        stop(&monitor);
        let count = |reason| move |dropped: &DropCount| (dropped.reason == reason).then_some(dropped.count);
        let dropped = monitor.dropped();
        let counts =
            [DropReason::Unreadable, DropReason::NotPersisted].map(|reason| dropped.iter().find_map(count(reason)));
        assert_eq!(counts[0], Some(1));
        assert!(counts[1] >= Some(2), "the first and the last heartbeat: {counts:?}");
        assert_eq!(ends.try_iter().collect::<Vec<_>>(), [LastEnd::NotRecorded]);
    }
}
