//! Writes and reads the newest golden store, `../data/format-2-grouping-2.redb`. The older ones were written by this
//! test in earlier releases:
//!
//! ```sh
//! MONITOR_STORE_TEST_FOLDER=FOLDER cargo nextest run -p monitor-store -E 'test(a_golden_store)'
//! cp FOLDER/monitor.redb crates/monitor-store/tests/data/NAME.redb
//! ```

use std::{sync::mpsc, time::Duration};

use monitor_core::{
    BoxError, DisableRoute, ErrorEvent, ErrorSettings, EventKind, Failure, Issue, IssueStatus, KnownMethod, Level,
    Monitor, MutedUntil, Persist, Scope, StoreState, StoreWrite, Triage, instrument, scope,
};
use monitor_store::Store;

use crate::{
    formats::values,
    support::{NAME, OutOfStock, builder, childs_folder, fail, flush, folder_with, request, stop},
};

const GOLDEN: &[u8] = include_bytes!("../data/format-2-grouping-2.redb");

/// Basis, message, fingerprint, count and status of each issue. The event of the last one is stored unresolved. This
/// test is a different build from the one that captured it, so its function stays unknown.
const ISSUES: [(&str, &str, &str, u64, IssueStatus); 9] = [
    ("function", "out of stock", "v2-0e032517243ad6fd5368f8cd878ebe39", 3, IssueStatus::Resolved),
    ("message", "out of paper", "v2-340039c58267ba8fb21a5d71ec84457e", 1, IssueStatus::Muted),
    ("message", "out of ink", "v2-6c8809dc0398a57d9135857dab5cd65c", 1, IssueStatus::Muted),
    ("message", "out of mind", "v2-374a2b89a7d3a181acdb4d08680d2778", 1, IssueStatus::Ignored),
    ("location", "no such product", "v2-6ad410998e4972843e0c2fe44146f38a", 1, IssueStatus::Unresolved),
    ("status", BARE_503, "v2-b0f230e1c204aa7cd2ac3675ee40fd36", 1, IssueStatus::Unresolved),
    ("route", "out of stock", "v2-8664da2cc85415ac0e7100eaba8eedfa", 1, IssueStatus::Unresolved),
    ("custom", "out of stock", "v2-f1b1f6e5fdf9fd6ec7cd4c7bb5c8514a", 1, IssueStatus::Unresolved),
    ("location", LEFT_BEHIND, "v2-38c94333b92d80fadef2cfe31497a727", 1, IssueStatus::Unresolved),
];

#[test]
fn all_of_the_golden_store_is_read_and_nothing_is_regrouped() {
    let folder = folder_with(GOLDEN);
    let keys = || values(folder.path()).into_keys().filter(|key| !key.starts_with("unresolved/")).collect::<Vec<_>>();
    let before = keys();
    for _ in 0..2 {
        let shop = builder(folder.path(), "1.0.0").build().unwrap();
        flush(&shop);
        let mut issues = shop.issues();
        issues.sort_by_key(|issue| ISSUES.iter().position(|known| known.2 == issue.fingerprint.to_string()));
        let read = |issue: &Issue| {
            let (basis, message) = (issue.grouping.basis.as_str(), issue.message.clone());
            (basis, message, issue.fingerprint.to_string(), issue.count, issue.status.state)
        };
        let expected = ISSUES
            .map(|(basis, message, print, count, state)| (basis, message.to_owned(), print.to_owned(), count, state));
        assert_eq!(issues.iter().map(read).collect::<Vec<_>>(), expected);
        issues.iter().for_each(is_grouped_by_today_s_rules);
        stop(shop);
    }
    let after = keys();
    assert!(before.iter().all(|key| after.contains(key)), "{before:#?} {after:#?}");
    let is_history = |key: &&String| key.starts_with("history-");
    let added = after.iter().filter(|key| !is_history(key)).count() - before.len();
    assert_eq!(added, 2, "the issue left behind and its event are added");
    assert_eq!(after.iter().filter(is_history).count(), 2, "the minute of their events, and its time line");
}

#[test]
fn the_statuses_of_the_golden_store_are_read() {
    let folder = folder_with(GOLDEN);
    let shop = builder(folder.path(), "1.0.0").build().unwrap();
    let status = |message: &str| {
        let all = shop.issues();
        all.iter().find(|issue| issue.message == message && issue.status.actor.is_some()).unwrap().status.clone()
    };
    assert_eq!(status("out of stock").in_release.as_deref(), Some("1.0.1"));
    assert_eq!(status("out of ink").muted_until, Some(MutedUntil::Count(101)));
    assert_eq!(status("out of mind").muted_until, None);
}

/// The issue and its events have the same grouping, and recomputing it yields the same fingerprint.
#[track_caller]
fn is_grouped_by_today_s_rules(issue: &Issue) {
    assert_eq!((issue.grouping.version, issue.grouping.fingerprint()), (2, issue.fingerprint), "{issue:#?}");
    assert_eq!(issue.samples.len() as u64, issue.count, "{issue:#?}");
    for event in &issue.samples {
        assert_eq!((event.fingerprint, &event.grouping), (issue.fingerprint, &issue.grouping));
    }
}

#[test]
fn a_golden_store_is_written_where_a_folder_is_given() {
    let Some(folder) = childs_folder() else { return };
    let (stored, unresolved) = mpsc::channel();
    let (left, left_behind) = mpsc::channel();
    let before_report = move |event: ErrorEvent| {
        if event.failure.message != LEFT_BEHIND {
            return Some(portable(event));
        }
        // Dropped once it is stored unresolved, so that no issue includes it.
        left.send(unresolved.recv().unwrap()).unwrap();
        None
    };
    let persist = Watched { store: Store::open(&folder).unwrap(), stored };
    let settings =
        Monitor::builder("shop").release("1.0.0").log(None).errors(ErrorSettings::new().source_excerpts(false));
    let shop = settings.routes([("GET", "/error")]).persist(persist).before_report(before_report).build().unwrap();
    fail_in_each_way(&shop);
    decide(&shop);
    request(&shop, "/pay", "").in_scope(|| monitor_core::capture_error(&BoxError::from(LEFT_BEHIND)));
    flush(&shop);
    stop(shop);
    let store = Store::open(&folder).unwrap();
    store.access().unwrap();
    store.save(&[left_behind.recv().unwrap()]).unwrap();
    drop(store);
    redb::Database::open(folder.join(NAME)).unwrap().compact().unwrap();
}

/// Captures errors so that each basis has an issue: function, message, location, status, route and custom.
fn fail_in_each_way(shop: &Monitor) {
    fail(shop, 3, "ada");
    for message in ["out of paper", "out of ink", "out of mind"] {
        shop.capture_message(message, Level::Error);
    }
    let mut caught = instrument::panic::catch(|| panic!("no such product")).unwrap_err();
    caught.capture_by(shop);
    caught.drop_payload();
    instrument::capture_status(&request(shop, "/pay", ""), 503);
    request(shop, "/pay", "").capture_failure(Failure::of_any(EventKind::ServiceError, &OutOfStock));
    Scope::new(shop).in_scope(|| {
        scope::set_fingerprint(["partner", "acme", "{{ default }}"]);
        monitor_core::capture_error(&OutOfStock);
    });
    flush(shop);
}

/// Gives the issues each of the statuses, and disables a route for a month.
fn decide(shop: &Monitor) {
    let of = |basis: &str, message: &str| {
        let all = shop.issues();
        let is_it = |issue: &&Issue| issue.grouping.basis.as_str() == basis && issue.message == message;
        all.iter().find(is_it).expect("it was captured").fingerprint
    };
    for (basis, message, order) in [
        ("function", "out of stock", Triage::ResolveIn("1.0.1".into())),
        ("message", "out of paper", Triage::MuteFor(10 * 365 * DAY)),
        ("message", "out of ink", Triage::MuteForMore(100)),
        ("message", "out of mind", Triage::Ignore),
    ] {
        shop.triage(of(basis, message), order, "ada").expect("the order makes sense");
    }
    let route = DisableRoute::new("/error", "ada").method(KnownMethod::Get).reason("divides by zero");
    shop.disable_route(route.expires_in(30 * DAY)).expect("it is declared");
}

/// Removes machine-specific data from an event: the frames of other crates, and the path of the checkout. A panic gets
/// no frames at all, as in a build without symbols.
fn portable(mut event: ErrorEvent) -> ErrorEvent {
    event.backtrace.retain(|frame| frame.in_app && event.failure.kind != EventKind::Panic);
    let places = event.backtrace.iter_mut().map(|frame| &mut frame.location).chain([&mut event.failure.location]);
    for place in places.flatten() {
        place.file = place.file.rsplit_once("crates/").map_or_else(|| place.file.clone(), |(_, file)| file.to_owned());
    }
    event
}

/// A store that sends each unresolved event of the kind that is later dropped.
struct Watched {
    store: Store,
    stored: mpsc::Sender<StoreWrite>,
}

impl Persist for Watched {
    fn load(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, BoxError> {
        self.store.load(prefix)
    }

    fn save(&self, changes: &[StoreWrite]) -> Result<u64, BoxError> {
        for change in changes {
            if let StoreWrite::Put { key, value } = change
                && key.starts_with("unresolved/")
                && String::from_utf8_lossy(value).contains(LEFT_BEHIND)
            {
                let _ = self.stored.send(change.clone());
            }
        }
        self.store.save(changes)
    }

    fn access(&self) -> Result<StoreState, BoxError> {
        self.store.access()
    }
}

const BARE_503: &str = "GET /pay answered 503 and no error was captured";
const LEFT_BEHIND: &str = "out of time";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
