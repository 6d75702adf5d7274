//! Tests of the slots, against a naive model.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{book::Place, *};
use crate::{
    base::{
        clock::{self, WrongClock},
        drops::DropCounter,
    },
    model::outcome::{FinalStatus, Outcome},
    traffic::recorder::{Measured, TrafficRecorder},
};

/// A process with a history.
struct Process {
    release: &'static str,
    book: Book,
    recorder: TrafficRecorder,
    /// Number of events of each issue, with those of stored issues.
    issues: BTreeMap<Fingerprint, u64>,
    /// The requests in closed slots, and those of the open minute.
    closed: Vec<Request>,
    open: Vec<Request>,
}

/// A request, as the model has it.
#[derive(Clone, Debug)]
struct Request {
    minute: i64,
    release: &'static str,
    route: &'static str,
    has_failed: bool,
    millis: u64,
}

/// The store, with the requests in its slots.
#[derive(Default)]
struct Store {
    values: BTreeMap<String, Vec<u8>>,
    requests: Vec<Request>,
    issues: BTreeMap<Fingerprint, u64>,
}

#[derive(Clone, Debug)]
enum Step {
    Pass {
        seconds: i64,
    },
    Serve {
        route: usize,
        has_failed: bool,
        millis: u64,
    },
    Save,
    Stop,
    Kill,
    /// A process without the store serves a request, ends, and its successor takes the store over.
    TakeOver {
        after: i64,
        route: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0i64..200).prop_map(|seconds| Step::Pass { seconds }),
        1 => (0i64..20_000).prop_map(|seconds| Step::Pass { seconds }),
        6 => (0..3usize, any::<bool>(), 0u64..12_000)
            .prop_map(|(route, has_failed, millis)| Step::Serve { route, has_failed, millis }),
        2 => Just(Step::Save),
        1 => Just(Step::Stop),
        1 => Just(Step::Kill),
        1 => (0i64..200, 0..3usize).prop_map(|(after, route)| Step::TakeOver { after, route }),
    ]
}

impl Process {
    fn start(release: &'static str, now: Moment) -> Self {
        let recorder = TrafficRecorder::new(8, Measured::default(), Arc::new(DropCounter::new("traffic")));
        let book = Book::new(release, usize::MAX, now);
        Self { release, book, recorder, issues: BTreeMap::new(), closed: Vec::new(), open: Vec::new() }
    }

    fn totals(&self) -> Totals {
        let issues = self.issues.iter().map(|(fingerprint, count)| (*fingerprint, *count)).collect();
        Totals { routes: self.recorder.read(), issues }
    }

    fn tick(&mut self, now: Moment) {
        if self.book.is_due(now) {
            self.close(now);
        }
    }

    fn close(&mut self, now: Moment) {
        self.book.close(&self.totals(), now);
        self.closed.append(&mut self.open);
    }

    fn serve(&mut self, route: usize, has_failed: bool, millis: u64) {
        let route = ["/a", "/b", "/c"][route];
        let series = self.recorder.series(KnownMethod::Get, route);
        self.recorder.start(series);
        let status = FinalStatus::new(Outcome::Completed, if has_failed { 500 } else { 200 });
        self.recorder.end(series, status, Duration::from_millis(millis));
        if has_failed {
            *self.issues.entry(issue(route)).or_default() += 1;
        }
        let minute = self.book.open_minute();
        self.open.push(Request { minute, release: self.release, route, has_failed, millis });
    }

    fn save(&mut self, store: &mut Store) {
        for change in self.book.take_changes() {
            match change {
                StoreWrite::Put { key, value } => drop(store.values.insert(key, value)),
                StoreWrite::Remove { key } => drop(store.values.remove(&key)),
            }
        }
        store.requests = self.closed.clone();
        store.issues = self.issues.clone();
    }

    fn load(&mut self, store: &Store, now: Moment) {
        self.close(now);
        let report = self.book.merge(store.values.clone().into_iter().collect());
        assert_eq!(report, MergeReport::default());
        self.book.fold_old();
        for (issue, count) in &store.issues {
            *self.issues.entry(*issue).or_default() += count;
        }
        let issues = self.issues.clone();
        self.book.end_restoration(|| issues.into_iter().collect());
        self.closed.extend(store.requests.iter().cloned());
    }

    /// Returns the counts of each release and route, as the book and as the model have them.
    fn both(&mut self, minutes: i64) -> [Vec<(String, u64, u64, u64)>; 2] {
        let totals = self.totals();
        let (open, slot) = self.book.open_slot(&totals);
        let mut sums = Sums::default();
        self.book.within(minutes).for_each(|(_, slot)| sums.add(slot, Times::Different));
        sums.add(&slot, Times::Different);
        let row = |row: RouteHistory| {
            let HistoryCounts { ended, duration_sum, .. } = row.counts;
            let millis = u64::try_from(duration_sum.as_millis()).expect("it is small");
            (format!("{} {}", row.release, row.route), ended.count, ended.failed, millis)
        };
        let mut read: Vec<_> = routes(&self.book, &sums).into_iter().map(row).collect();
        read.sort();
        let mut model: BTreeMap<String, (u64, u64, u64)> = BTreeMap::new();
        for request in self.closed.iter().chain(&self.open).filter(|request| request.minute > open - minutes) {
            let counts = model.entry(format!("{} {}", request.release, request.route)).or_default();
            counts.0 += 1;
            counts.1 += u64::from(request.has_failed);
            counts.2 += request.millis;
        }
        let events: u64 = sums.events().map(|(_, count)| count).sum();
        assert_eq!(events, model.values().map(|(_, failed, _)| failed).sum::<u64>(), "events of issues");
        [read, model.into_iter().map(|(name, (count, failed, millis))| (name, count, failed, millis)).collect()]
    }
}

fn issue(route: &str) -> Fingerprint {
    Fingerprint::parse(&format!("v2-{:032x}", route.bytes().map(u128::from).sum::<u128>())).expect("a fingerprint")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_history_equals_a_naive_model(steps in proptest::collection::vec(step(), 1..60)) {
        let start = Moment::now();
        let mut time = Duration::ZERO;
        let at = |time: Duration| Moment {
            wall: start.wall + time,
            steady: start.steady + i64::try_from(time.as_micros()).expect("a few days"),
        };
        let (mut store, mut process) = (Store::default(), Process::start("1.0", at(time)));
        process.load(&store, at(time));
        for step in steps {
            process.tick(at(time));
            match step {
                Step::Pass { seconds } => time += Duration::from_secs(seconds.unsigned_abs()),
                Step::Serve { route, has_failed, millis } => process.serve(route, has_failed, millis),
                Step::Save => process.save(&mut store),
                Step::Stop | Step::Kill => {
                    if matches!(step, Step::Stop) {
                        process.close(at(time));
                        process.save(&mut store);
                    }
                    process = Process::start("1.1", at(time));
                    process.load(&store, at(time));
                }
                Step::TakeOver { after, route } => {
                    let mut next = Process::start("1.2", at(time));
                    next.serve(route, true, 5);
                    time += Duration::from_secs(after.unsigned_abs());
                    [&mut process, &mut next].into_iter().for_each(|process| process.tick(at(time)));
                    process.close(at(time));
                    process.save(&mut store);
                    next.load(&store, at(time));
                    process = next;
                }
            }
            process.tick(at(time));
            for minutes in [1, 5, 60, 2880, 30 * 24 * 60] {
                let [read, model] = process.both(minutes);
                prop_assert_eq!(read, model, "the last {} minutes", minutes);
            }
        }
    }
}

fn minutes_later(now: Moment, minutes: i64) -> Moment {
    Moment { steady: now.steady + minutes * 60_000_000, ..now }
}

#[test]
fn minutes_become_hours_after_two_days_and_hours_end_after_a_month() {
    let now = Moment::now();
    let mut process = Process::start("1.0", now);
    process.serve(0, false, 5);
    process.close(minutes_later(now, 1));
    assert_eq!((process.book.minutes.len(), process.book.hours.len()), (1, 0));
    process.close(minutes_later(now, 47 * 60));
    assert_eq!(process.book.minutes.len(), 1);
    process.close(minutes_later(now, 50 * 60));
    assert_eq!((process.book.minutes.len(), process.book.hours.len()), (0, 1));
    process.close(minutes_later(now, 29 * 24 * 60));
    assert_eq!(process.book.hours.len(), 1);
    process.close(minutes_later(now, 31 * 24 * 60));
    assert_eq!(process.book.hours.len(), 0);
    let removed = process.book.take_changes();
    assert!(removed.iter().any(|change| matches!(change, StoreWrite::Remove { .. })), "{removed:?}");
}

#[test]
fn past_the_bound_the_oldest_minutes_become_hours_and_the_oldest_hours_are_dropped_and_counted() {
    let now = Moment::now();
    let mut process = Process { book: Book::new("1.0", 30_000, now), ..Process::start("1.0", now) };
    let mut dropped = 0;
    for minute in 1..8_000 {
        process.serve(0, false, 5);
        dropped += process.book.close(&process.totals(), minutes_later(now, minute));
    }
    assert!(dropped > 0 && !process.book.hours.is_empty() && !process.book.minutes.is_empty());
    let minutes: BTreeSet<_> = process.book.minutes.keys().map(|minute| minute.div_euclid(60)).collect();
    assert!(process.book.hours.keys().all(|hour| !minutes.contains(hour)), "no request is in both");
}

#[test]
fn a_wrong_wall_clock_moves_nothing() {
    let (now, mut store) = (Moment::now(), Store::default());
    let mut process = Process::start("1.0", now);
    process.serve(0, false, 5);
    process.close(minutes_later(now, 1));
    process.save(&mut store);
    for clock in [WrongClock::ahead, WrongClock::behind] {
        let _clock = clock(Duration::from_secs(400 * 24 * 60 * 60));
        let mut next = Process::start("1.1", Moment { wall: clock::wall(), ..now });
        next.load(&store, now);
        assert_eq!(next.book.minutes.keys().collect::<Vec<_>>(), process.book.minutes.keys().collect::<Vec<_>>());
    }
}

#[test]
fn slots_keep_fields_of_a_newer_release_and_unreadable_ones_are_reported() {
    let (now, mut store) = (Moment::now(), Store::default());
    let mut process = Process::start("1.0", now);
    process.serve(0, false, 5);
    process.close(now);
    process.save(&mut store);
    let key = store.values.keys().find(|key| key.starts_with("history-m/")).expect("a minute").clone();
    let mut value: serde_json::Value = serde_json::from_slice(&store.values[&key]).expect("JSON");
    value["new"] = "value".into();
    store.values.insert(key.clone(), value.to_string().into_bytes());
    store.values.insert("history-m/7".to_owned(), b"{\"rows\":7}".to_vec());
    store.values.insert("history-h/x".to_owned(), b"no JSON".to_vec());

    let mut next = Process::start("1.1", now);
    let report = next.book.merge(store.values.clone().into_iter().collect());
    assert_eq!(report.foreign, ["history-m/7"]);
    assert_eq!(report.damaged, ["history-h/x"]);
    next.serve(1, false, 5);
    next.close(now);
    next.save(&mut store);
    let rewritten: serde_json::Value = serde_json::from_slice(&store.values[&key]).expect("JSON");
    assert_eq!((&rewritten["new"], rewritten["rows"].as_array().map(Vec::len)), (&"value".into(), Some(2)));
}

#[test]
fn an_unchanged_stored_slot_is_not_written_again() {
    let (now, mut store) = (Moment::now(), Store::default());
    let mut process = Process::start("1.0", now);
    process.serve(0, false, 5);
    process.close(now);
    process.save(&mut store);
    let mut next = Process::start("1.1", now);
    next.load(&store, now);
    assert_eq!(next.book.take_changes(), []);
    assert!(next.book.changed.is_empty() && next.book.minutes.len() == 1);
    assert_eq!(next.book.everything().len(), 2, "the slot and the line");
    let place = Place::Minute(*next.book.minutes.keys().next().expect("a minute"));
    assert!(place.number() > 0);
}
