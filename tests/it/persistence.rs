//! Disabled routes persist across restarts, whatever happens to the store.

use std::{
    collections::HashMap,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::Response;
use monitor_kit::{
    BoxError, DisableRoute, DropReason, KnownMethod, Monitor, MonitorLayer, Persist, Signal, StoreWrite, clock,
    metrics::publish_to,
};

use crate::support::{Text, builder, call, dropped, flush, get, status, watched_by};

#[test]
fn a_stored_entry_does_not_disable_health() {
    assert_eq!(answer_after_a_restart("/a"), 503);
    assert_eq!(answer_after_a_restart("/health"), 200);
}

#[test]
fn a_stored_entry_does_not_disable_a_route_that_is_protected_now() {
    assert_eq!(answer_after_a_restart("/admin/enable"), 200);
}

#[test]
fn a_stored_entry_does_not_disable_unmatched_requests() {
    let store = TestStore::with(&format!(r#"{{"version":1,"disabled":[{}]}}"#, stored_entry("_unmatched")));
    let monitor = builder().persist(store).build().unwrap();
    assert_eq!(call(&MonitorLayer::new(&monitor), get("/anything"), ok).status(), 200);
}

#[test]
fn a_stored_retry_after_of_the_maximum_does_not_panic() {
    let entry = stored_entry("/error").replace(":60}", ":18446744073709551615}");
    let store = TestStore::with(&format!(r#"{{"version":1,"disabled":[{entry}]}}"#));
    let monitor = builder().routes([("GET", "/error")]).persist(store).build().unwrap();
    assert_eq!(call(&MonitorLayer::new(&monitor), get("/error"), ok).status(), 503);
}

#[test]
fn an_expiry_between_two_processes_is_published() {
    let entry = stored_entry("/error").replace(r#""until":null"#, r#""until":"2025-01-01T01:00:00Z""#);
    let store = TestStore::with(&format!(r#"{{"version":1,"disabled":[{entry}]}}"#));
    let (monitor, memory) = watched_by(builder().routes([("GET", "/error")]).persist(store));
    let published = || memory.signals().iter().any(|signal| matches!(signal, Signal::RouteEnabled(_)));
    assert!(within(Duration::from_secs(3), || {
        flush(&monitor);
        published()
    }));
}

#[test]
fn a_store_that_cannot_load_and_panics_begins_as_if_there_were_none() {
    let store = TestStore { load_panics: true, ..TestStore::default() };
    assert!(builder().persist(store).build().is_ok());
}

#[test]
fn a_store_that_panics_in_save_is_counted_and_the_change_is_published() {
    let store = TestStore::default();
    store.save_panics.store(true, Ordering::Relaxed);
    let (monitor, memory) = watched_by(builder().routes([("GET", "/error")]).persist(store));
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        monitor.disable_route(DisableRoute::new("/error", "ada")).map(|_| ())
    }));
    flush(&monitor);
    let published = memory.signals().iter().any(|signal| matches!(signal, Signal::RouteDisabled(_)));
    let counted = dropped(&monitor, "store", DropReason::NotPersisted).min(1);
    let holds = monitor.find_disabled(KnownMethod::Get, "/error", "/error", clock::now()).is_some();
    assert_eq!((holds, result.is_ok(), published, counted), (true, true, true, 1));
}

#[test]
fn an_expiry_is_published_although_save_panics() {
    let store = TestStore::default();
    let (monitor, memory) = watched_by(builder().routes([("GET", "/error")]).persist(store.clone()));
    monitor.disable_route(DisableRoute::new("/error", "ada").expires_in(Duration::from_millis(1))).unwrap();
    store.save_panics.store(true, Ordering::Relaxed);
    let published = within(Duration::from_secs(4), || {
        flush(&monitor);
        memory.signals().iter().any(|signal| matches!(signal, Signal::RouteEnabled(_)))
    });
    assert!(published);
}

#[test]
fn a_store_that_hangs_in_save_does_not_prevent_another_disable() {
    let store = TestStore::default();
    let (monitor, memory) = watched_by(builder().routes([("GET", "/a"), ("GET", "/b")]).persist(store.clone()));
    store.block();
    let off = ["/a", "/b"].map(|route| disabled_meanwhile(&monitor, route));
    let published = || memory.signals().iter().filter(|signal| matches!(signal, Signal::RouteDisabled(_))).count();
    let published = within(Duration::from_secs(5), || published() == 2);
    store.unblock();
    assert_eq!((off, published), ([true, true], true));
}

#[test]
fn a_store_that_hangs_in_saving_does_not_stop_what_is_published() {
    let store = TestStore::default();
    let monitor = builder().routes([("GET", "/a")]).persist(store.clone()).build().unwrap();
    store.block();
    assert!(disabled_meanwhile(&monitor, "/a"));
    // The round that publishes to the second recorder began while the store hung.
    let published = [(); 2].map(|()| {
        let recorder = metrics_util::debugging::DebuggingRecorder::new();
        let seen = recorder.snapshotter();
        publish_to(&monitor, recorder);
        within(Duration::from_secs(15), || !seen.snapshot().into_vec().is_empty())
    });
    store.unblock();
    assert_eq!(published, [true, true]);
}

/// Disables a route on another thread and waits until it is disabled.
fn disabled_meanwhile(monitor: &Monitor, route: &'static str) -> bool {
    let disabling = monitor.clone();
    std::thread::spawn(move || disabling.disable_route(DisableRoute::new(route, "ada")).map(|_| ()));
    within(Duration::from_secs(5), || monitor.find_disabled(KnownMethod::Get, route, route, clock::now()).is_some())
}

/// A store in memory that can panic or hang.
#[derive(Clone, Default)]
struct TestStore {
    values: Arc<Mutex<HashMap<String, Vec<u8>>>>,
    load_panics: bool,
    save_panics: Arc<AtomicBool>,
    /// `true` while saves are blocked.
    held: Arc<(Mutex<bool>, Condvar)>,
}

impl TestStore {
    fn with(json: &str) -> Self {
        let store = Self::default();
        store.values.lock().expect("no thread panicked").insert("disabled-routes".into(), json.as_bytes().to_vec());
        store
    }

    fn block(&self) {
        *self.held.0.lock().expect("no thread panicked") = true;
    }

    fn unblock(&self) {
        *self.held.0.lock().expect("no thread panicked") = false;
        self.held.1.notify_all();
    }
}

impl Persist for TestStore {
    fn load(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, BoxError> {
        assert!(!self.load_panics, "the disk is on fire");
        let values = self.values.lock().expect("no thread panicked");
        let all = values.iter().filter(|(key, _)| key.starts_with(prefix));
        Ok(all.map(|(key, value)| (key.clone(), value.clone())).collect())
    }
    fn save(&self, changes: &[StoreWrite]) -> Result<u64, BoxError> {
        assert!(!self.save_panics.load(Ordering::Relaxed), "the disk is on fire");
        let mut held = self.held.0.lock().expect("no thread panicked");
        while *held {
            held = self.held.1.wait(held).expect("no thread panicked");
        }
        drop(held);
        for change in changes {
            if let StoreWrite::Put { key, value } = change {
                self.values.lock().expect("no thread panicked").insert(key.clone(), value.clone());
            }
        }
        Ok(0)
    }
}

/// Returns whether the condition holds within this time.
fn within(time: Duration, f: impl Fn() -> bool) -> bool {
    let until = clock::now() + time;
    while clock::now() < until {
        if f() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    f()
}

fn stored_entry(route: &str) -> String {
    format!(
        r#"{{"route":"{route}","method":null,"reason":"","actor":"ada",{}}}"#,
        r#""since":"2025-01-01T00:00:00Z","until":null,"retry_after_seconds":60"#
    )
}

fn answer_after_a_restart(route: &'static str) -> u16 {
    let store = TestStore::with(&format!(r#"{{"version":1,"disabled":[{}]}}"#, stored_entry(route)));
    let routes = [("GET", "/admin/enable"), ("GET", "/a")];
    let monitor =
        builder().routes(routes).protected_routes(["/admin"]).persist(store).build().expect("the settings are right");
    let layer = MonitorLayer::new(&monitor).route(|head| Some(head.uri.path()));
    call(&layer, get(route), ok).status().as_u16()
}

fn ok() -> Response<Text> {
    status(200, "")
}
