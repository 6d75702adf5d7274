//! Facts about errors, measured once: a storm of errors, many issues, and a text crafted to be slow.

use std::{thread, time::Duration};

use monitor_kit::{
    IssueQuery, IssueSort, Limits, Monitor, MonitorBuilder, Redaction, Scope, capture_error, clock, scope, store::Store,
};

use crate::facts::{milliseconds, resident, say};

/// Measures all facts. The storm lasts this many seconds.
pub(crate) fn run(seconds: u32) {
    storm(seconds);
    many();
    redaction();
}

/// Measures one callsite at full speed, and then 100,000 errors per second, all persisted.
fn storm(seconds: u32) {
    let folder = tempfile::tempdir().expect("a folder");
    let persisted = || builder().persist(Store::open(folder.path()).expect("it can be written to"));
    let monitor = persisted().build().expect("the settings are good");
    let error = std::io::Error::other("no stock");
    let fail = |times| (0..times).for_each(|_| monitor.capture_error(&error));
    let took = milliseconds(|| fail(EACH));
    say("storm: errors a second", f64::from(EACH) / took * 1e3);
    let before = resident();
    for _ in 0..seconds {
        let begun = clock::now();
        for _ in 0..10 {
            fail(EACH / 10);
            let due = begun + Duration::from_millis(100);
            thread::sleep(due.saturating_duration_since(clock::now()).min(Duration::from_millis(100)));
        }
    }
    say(&format!("storm of {seconds} s, 100,000 errors a second: MiB more"), ((resident() - before) / 1024.0).max(0.0));
    let flushed = monitor.flush(Duration::from_secs(10));
    let expected = f64::from(EACH) * f64::from(seconds + 1);
    let counted = |monitor: &Monitor| monitor.issues().first().map(|issue| issue.count).unwrap_or_default() as f64;
    say("storm: errors that are not counted", expected - counted(&monitor));
    say("storm: issues more than one", monitor.issues().len() as f64 - 1.0);
    say("storm: queues that are blocked", f64::from(u8::from(!flushed)));
    monitor.shutdown(Duration::from_secs(10));
    let after = persisted().build().expect("the settings are good");
    say("storm: errors that are not on disk", expected - counted(&after));
}

/// Measures the time to list and to search many issues.
fn many() {
    let monitor = builder().limits(Limits::new().sites(4 * MANY).issues(MANY).queue(4 * MANY).burst(1)).build();
    let monitor = monitor.expect("the settings are good");
    (0..MANY).for_each(|number| fail_as(&monitor, number));
    monitor.flush(Duration::from_secs(120));
    let found = monitor.find_issues(&IssueQuery::new()).total;
    let took = |query: &IssueQuery| {
        // Captured first, because queries usually run while errors continue.
        fail_as(&monitor, 0);
        milliseconds(|| drop(monitor.find_issues(query)))
    };
    say(&format!("{found} issues: ms to list the first hundred"), took(&IssueQuery::new()));
    say(&format!("{found} issues: ms to find one by a word"), took(&IssueQuery::new().text("v1- stock nowhere")));
    say(&format!("{found} issues: ms to sort by users"), took(&IssueQuery::new().sort(IssueSort::Users)));
}

/// Captures an error with a fingerprint of its own.
fn fail_as(monitor: &Monitor, number: usize) {
    let error = std::io::Error::other("no stock");
    Scope::new(monitor).in_scope(|| {
        scope::set_fingerprint([number.to_string()]);
        scope::set_user((number % 100).to_string());
        capture_error(&error);
    });
}

/// Measures the time per byte of a text relative to a text of a sixteenth of its length. A ratio above 1 means
/// superlinear time.
fn redaction() {
    let redaction = Redaction::new();
    let worst = HOSTILE.iter().map(|piece| {
        let (short, long) = (piece.repeat(LONG / 16 / piece.len()), piece.repeat(LONG / piece.len()));
        let best =
            |text: &str| (0..5).map(|_| milliseconds(|| drop(redaction.text(text)))).fold(f64::INFINITY, f64::min);
        (best(&long) / best(&short) / 16.0, best(&long))
    });
    let (ratio, slowest) = worst.fold((0.0_f64, 0.0_f64), |all, one| (all.0.max(one.0), all.1.max(one.1)));
    say("masking 1 MB made to be slow: a byte beside 64 KB", ratio);
    say("masking 1 MB made to be slow: ms", slowest);
}

fn builder() -> MonitorBuilder {
    Monitor::builder("shop").log(None).environment("production")
}

const EACH: u32 = 100_000;
const MANY: usize = 10_000;
const LONG: usize = 1 << 20;
/// Pieces that make a scanner look ahead or back.
const HOSTILE: [&str; 12] =
    ["x:", "x=", "@", "a@b", "://", "1 ", "1.", "::", "DE89 ", "-----BEGIN ", "password=(", "bearer "];
