//! Tests of concurrent code under a scheduler that explores interleavings. Built with `--cfg shuttle`; the command
//! `cargo xtask test` sets it.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use shuttle::{Config, Runner, check_pct, scheduler::RandomScheduler, sync::mpsc::Sender};
use uuid::Uuid;

use crate::{
    base::{
        clock,
        drops::{DropCounter, DropReason},
        queue::{Handler, Queue},
        sync::{Mutex, mpsc, thread},
    },
    event::{ErrorEvent, EventKind, Failure, ScopeRecord},
    issue::{
        Issue, IssueLimits, IssueQuery, Issues,
        site::{Counted, Site, Sites},
    },
    model::{
        fingerprint::Fingerprint,
        identity::Identity,
        method::KnownMethod,
        names,
        outcome::{FinalStatus, Outcome},
    },
    traffic::{
        BucketCount, Traffic,
        recorder::{Measured, TrafficRecorder},
    },
};

/// Number of interleavings that each test tries.
const TRIES: usize = 2000;

/// Number of preemptions per interleaving.
const DEPTH: usize = 3;

/// Runs with a larger stack: events are large, and a frame of an unoptimised function holds several of them.
fn check_random(check: impl Fn() + Send + Sync + 'static, tries: usize) {
    let mut config = Config::new();
    config.stack_size = 1 << 20;
    Runner::new(RandomScheduler::new(tries), config).run(check);
}

fn traffic(limit: usize) -> Arc<Traffic> {
    Arc::new(Traffic::new(TrafficRecorder::new(limit, Measured::default(), Arc::new(DropCounter::new("traffic")))))
}

fn visit(traffic: &Traffic, route: &str, nanos: u64) {
    let series = traffic.recorder().series(KnownMethod::Get, route);
    traffic.recorder().start(series);
    traffic.recorder().end(series, FinalStatus::new(Outcome::Completed, 200), Duration::from_nanos(nanos));
}

#[test]
fn a_reader_never_takes_half_a_request_for_a_whole_one() {
    let check = || {
        let traffic = traffic(4);
        let writers = [1, 10].map(|nanos| {
            let traffic = Arc::clone(&traffic);
            thread::spawn(move || visit(&traffic, "/a", nanos))
        });
        for _ in 0..3 {
            for route in traffic.read() {
                let ended = route.ended();
                assert!(route.started >= ended, "{route:?}");
                if route.settled {
                    let buckets = route.statuses.iter().flat_map(|status| status.buckets);
                    let (count, sum) = buckets.fold((0, 0), |all, bucket| (all.0 + bucket.count, all.1 + bucket.sum));
                    assert!([(0, 0), (1, 1), (1, 10), (2, 11)].contains(&(count, sum)), "{count} {sum}");
                    assert_eq!(count, ended);
                }
            }
        }
        writers.into_iter().for_each(|thread| thread.join().expect("it does not panic"));
        let route = traffic.read().remove(0);
        assert_eq!((route.started, route.active(), route.settled), (2, 0, true));
    };
    check_pct(check, TRIES, DEPTH);
}

#[test]
fn a_reader_of_connections_never_takes_half_a_lifetime_for_a_whole_one() {
    let check = || {
        let traffic = traffic(4);
        let series = traffic.recorder().series(KnownMethod::Get, "/a");
        let writers = [1, 10].map(|nanos| {
            let traffic = Arc::clone(&traffic);
            thread::spawn(move || {
                traffic.recorder().open(series);
                traffic.recorder().close(series, Duration::from_nanos(nanos));
            })
        });
        for _ in 0..3 {
            if let Some(connections) = traffic.read()[0].connections {
                let all = |(count, sum), bucket: &BucketCount| (count + bucket.count, sum + bucket.sum);
                let seen = connections.lifetimes.iter().fold((0, 0), all);
                assert!([(0, 0), (1, 1), (1, 10), (2, 11)].contains(&seen), "{seen:?}");
            }
        }
        writers.into_iter().for_each(|thread| thread.join().expect("it does not panic"));
    };
    check_pct(check, TRIES, DEPTH);
}

#[test]
fn however_series_are_made_at_once_no_request_is_lost() {
    let check = || {
        let drops = Arc::new(DropCounter::new("traffic"));
        let traffic = Arc::new(Traffic::new(TrafficRecorder::new(2, Measured::default(), Arc::clone(&drops))));
        let writers = ["/a", "/a", "/b", "/c"].map(|route| {
            let traffic = Arc::clone(&traffic);
            thread::spawn(move || visit(&traffic, route, 1))
        });
        writers.into_iter().for_each(|thread| thread.join().expect("it does not panic"));
        let read = traffic.read();
        let routes: BTreeSet<_> = read.iter().map(|route| &*route.route).collect();
        assert_eq!(routes.len(), read.len(), "each route has one series: {read:?}");
        assert_eq!(read.iter().map(|route| route.started).sum::<u64>(), 4);
        let (overflow, kept): (Vec<_>, Vec<_>) = read.iter().partition(|route| &*route.route == names::OVERFLOW);
        assert!(kept.len() <= 2, "{read:?}");
        let overflown = overflow.iter().map(|route| route.started).sum::<u64>();
        assert_eq!(drops.read().map(|(_, count)| count).sum::<u64>(), overflown);
    };
    check_random(check, TRIES);
}

fn in_an_hour() -> Instant {
    clock::now() + Duration::from_secs(3600)
}

/// Sends each item on.
struct Pass(Sender<u32>);

impl Handler<u32> for Pass {
    fn handle(&mut self, item: u32) {
        let _ = self.0.send(item);
    }
}

#[test]
fn whatever_is_pushed_is_handled_or_counted() {
    for stops in [false, true] {
        let check = move || {
            let (passed, handled) = mpsc::channel();
            let drops = Arc::new(DropCounter::new("queue"));
            let queue = Arc::new(Queue::spawn(1, Arc::clone(&drops), Pass(passed)).expect("a thread"));
            let pushers = [0, 1].map(|pusher| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || (0..2).filter(|item| queue.push(pusher * 2 + item)).count())
            });
            if stops {
                let _ = queue.stop();
            }
            let pushed = pushers.map(|pusher| pusher.join().expect("it does not panic"));
            drop(queue);
            let handled: Vec<_> = handled.iter().collect();
            let dropped: u64 = drops.read().map(|(_, count)| count).sum();
            assert_eq!(pushed.iter().sum::<usize>(), handled.len(), "what was taken is handled");
            assert_eq!(handled.len() as u64 + dropped, 4);
        };
        check_random(check, TRIES);
    }
}

/// Collects the handled items.
struct Collect(Arc<Mutex<Vec<u32>>>);

impl Handler<u32> for Collect {
    fn handle(&mut self, item: u32) {
        self.0.lock().expect("no holder panics").push(item);
    }
}

#[test]
fn a_flush_ends_and_everything_that_was_pushed_before_it_is_handled() {
    for stops in [false, true] {
        let check = move || {
            let handled = Arc::new(Mutex::new(Vec::new()));
            let drops = Arc::new(DropCounter::new("queue"));
            let queue = Arc::new(Queue::spawn(1, drops, Collect(Arc::clone(&handled))).expect("a thread"));
            let flushers = [1, 2].map(|item| {
                let (queue, handled) = (Arc::clone(&queue), Arc::clone(&handled));
                thread::spawn(move || {
                    let is_pushed = queue.push(item);
                    let is_flushed = queue.flush().wait(in_an_hour());
                    assert!(is_flushed || stops, "only a stopped queue flushes nothing");
                    let is_handled = handled.lock().expect("no holder panics").contains(&item);
                    assert!(!is_flushed || is_pushed == is_handled, "{item}");
                })
            });
            if stops {
                assert!(queue.stop().wait(in_an_hour()));
            }
            flushers.into_iter().for_each(|thread| thread.join().expect("it does not panic"));
        };
        check_random(check, TRIES);
    }
}

/// Adds events to issues, as the resolver does.
struct Grouping(Arc<Issues>);

impl Handler<(ErrorEvent, Arc<Site>)> for Grouping {
    fn handle(&mut self, (event, source): (ErrorEvent, Arc<Site>)) {
        self.0.add(event, &source, clock::steady());
    }
}

fn sources_and_issues(limit: usize, drops: &Arc<DropCounter>) -> (Arc<Sites>, Arc<Issues>) {
    let retention = Duration::from_secs(3600);
    let limits = IssueLimits { issues: limit, sample_bytes: usize::MAX, retention, is_persisted: true };
    let counted = Arc::new(Counted::new(8));
    let issues = Issues::new(limits, String::new(), Arc::clone(&counted), Arc::clone(drops));
    (Arc::new(Sites::new(8, 100, Uuid::nil(), counted, Arc::clone(drops))), Arc::new(issues))
}

fn list(issues: &Issues) -> Vec<Issue> {
    issues.find(&IssueQuery::new()).issues
}

#[test]
fn an_issue_counts_every_error_of_its_source_whichever_events_got_through() {
    let check = || {
        let drops = Arc::new(DropCounter::new("intake"));
        let (sources, issues) = sources_and_issues(8, &drops);
        let queue = Arc::new(Queue::spawn(1, drops, Grouping(Arc::clone(&issues))).expect("a thread"));
        let requests = [(); 2].map(|()| {
            let (sources, queue) = (Arc::clone(&sources), Arc::clone(&queue));
            thread::spawn(move || (0..2).for_each(|_| fail(&sources, &queue, "/a")))
        });
        let _ = list(&issues);
        requests.into_iter().for_each(|thread| thread.join().expect("it does not panic"));
        assert!(queue.stop().wait(in_an_hour()));
        let counts: Vec<_> = list(&issues).iter().map(|issue| issue.count).collect();
        assert_eq!(counts, [4]);
    };
    check_random(check, TRIES);
}

#[test]
fn an_evicted_issue_makes_room_for_the_next() {
    let check = || {
        let drops = Arc::new(DropCounter::new("intake"));
        let (sources, issues) = sources_and_issues(1, &drops);
        let queue = Arc::new(Queue::spawn(4, Arc::clone(&drops), Grouping(Arc::clone(&issues))).expect("a thread"));
        let requests = ["/a", "/b"].map(|route| {
            let (sources, queue) = (Arc::clone(&sources), Arc::clone(&queue));
            thread::spawn(move || (0..2).for_each(|_| fail(&sources, &queue, route)))
        });
        assert!(list(&issues).len() <= 1);
        requests.into_iter().for_each(|thread| thread.join().expect("it does not panic"));
        assert!(queue.stop().wait(in_an_hour()));
        let opened: u64 = issues.opened().map(|(_, count)| count).sum();
        let gone: u64 =
            drops.read().filter(|(reason, _)| *reason == DropReason::IssueLimit).map(|(_, count)| count).sum();
        assert_eq!((list(&issues).len(), opened - gone), (1, 1));
    };
    check_random(check, TRIES);
}

fn fail(sources: &Sites, queue: &Queue<(ErrorEvent, Arc<Site>)>, route: &str) {
    let source = sources.find("place", route, "gone").expect("there is room");
    if let Ok(admission) = sources.count(&source, clock::Moment::now(), || true)
        && !queue.push((event(route), Arc::clone(&source)))
    {
        source.readmit(admission);
    }
}

fn event(route: &str) -> ErrorEvent {
    let mut event = ErrorEvent {
        id: Uuid::nil(),
        at: SystemTime::UNIX_EPOCH,
        failure: Failure::of_text(EventKind::Error, "Gone", "gone"),
        backtrace: Vec::new(),
        thread: String::new(),
        scope: ScopeRecord { route: route.to_owned(), ..ScopeRecord::default() },
        identity: Arc::new(Identity {
            service: String::new(),
            release: String::new(),
            revision: String::new(),
            environment: String::new(),
        }),
        fingerprint: Fingerprint::default(),
        grouping: crate::event::grouping::Grouping::default(),
        suppressed: 0,
        muted: false,
        user_mark: None,
    };
    event.grouping = crate::event::grouping::Grouping::of(&event);
    event.fingerprint = event.grouping.fingerprint();
    event
}
