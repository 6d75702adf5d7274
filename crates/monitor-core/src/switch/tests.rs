//! Tests of the switch over time, and of its stored form.

use std::{collections::HashMap, sync::Mutex as StdMutex, time::Duration};

use super::{error::Refusal, *};
use crate::{
    base::{clock, drops::DropReason, error::BoxError},
    monitor::Monitor,
    persist::Persist,
};

/// A store in memory that can be made to fail.
#[derive(Clone, Debug, Default)]
struct MemoryStore(Arc<StdMutex<HashMap<String, Vec<u8>>>>, bool);

impl MemoryStore {
    fn put(&self, value: &[u8]) {
        let change = StoreWrite::Put { key: KEY.to_owned(), value: value.to_owned() };
        self.save(&[change]).expect("the store is in memory");
    }

    fn get(&self) -> Vec<u8> {
        self.0.lock().expect("no thread panicked").get(KEY).cloned().expect("it was saved")
    }
}

impl Persist for MemoryStore {
    fn load(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, BoxError> {
        let values = self.0.lock().expect("no thread panicked");
        let all = values.iter().filter(|(key, _)| key.starts_with(prefix));
        Ok(all.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn save(&self, changes: &[StoreWrite]) -> Result<u64, BoxError> {
        if self.1 {
            return Err("no space left on device".into());
        }
        for change in changes {
            if let StoreWrite::Put { key, value } = change {
                self.0.lock().expect("no thread panicked").insert(key.clone(), value.clone());
            }
        }
        Ok(0)
    }
}

fn monitor(store: &MemoryStore) -> Monitor {
    let routes = [("GET", "/error"), ("POST", "/error"), ("GET", "/todos")];
    let builder = Monitor::builder("shop").log(None).routes(routes).persist(store.clone());
    builder.protected_routes(["/admin"]).build().expect("the settings are good")
}

fn names(monitor: &Monitor) -> Vec<String> {
    monitor.disabled_routes().iter().map(|disabled| disabled.name()).collect()
}

fn find(monitor: &Monitor, method: KnownMethod, route: &str) -> bool {
    monitor.find_disabled(method, route, route, clock::now()).is_some()
}

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_route_is_disabled_for_all_methods_or_for_one() {
    let monitor = monitor(&MemoryStore::default());
    assert!(!find(&monitor, KnownMethod::Get, "/error"));
    monitor.disable_route(DisableRoute::new("/error", "ada").method(KnownMethod::Post)).expect("it is known");
    assert!(find(&monitor, KnownMethod::Post, "/error") && !find(&monitor, KnownMethod::Get, "/error"));
    assert!(!find(&monitor, KnownMethod::Head, "/error"));
    monitor.disable_route(DisableRoute::new("/todos", "ada").method(KnownMethod::Get)).expect("it is known");
    assert!(find(&monitor, KnownMethod::Head, "/todos"), "it asks for the same as GET");
    monitor.enable_route("/todos", Some(KnownMethod::Get), "ada").expect("it is disabled");
    monitor.disable_route(DisableRoute::new("/error", "ada")).expect("it is known");
    assert!(find(&monitor, KnownMethod::Get, "/error") && !find(&monitor, KnownMethod::Get, "/todos"));
    assert_eq!(names(&monitor), ["POST /error", "/error"]);
    monitor.enable_route("/error", None, "bob").expect("it is disabled");
    assert!(find(&monitor, KnownMethod::Post, "/error") && !find(&monitor, KnownMethod::Get, "/error"));
}

#[test]
fn a_second_order_on_a_route_replaces_the_first() {
    let monitor = monitor(&MemoryStore::default());
    for reason in ["first", "second"] {
        monitor.disable_route(DisableRoute::new("/error", "ada").reason(reason)).expect("it is known");
    }
    assert_eq!((names(&monitor).len(), monitor.disabled_routes()[0].reason.as_str()), (1, "second"));
}

#[test]
fn it_expires_by_itself_and_says_so() {
    let monitor = monitor(&MemoryStore::default());
    let disabled = monitor.disable_route(DisableRoute::new("/error", "ada").expires_in(HOUR)).expect("it is known");
    let inner = monitor.inner().expect("it is enabled");
    let later = clock::now() + HOUR;
    assert_eq!(disabled.retry_after_at(later - Duration::from_millis(1500)), Duration::from_secs(2));
    assert_eq!(disabled.retry_after_at(later), Duration::from_secs(1));
    assert!(monitor.find_disabled(KnownMethod::Get, "/error", "/error", later).is_none());
    inner.shared.switch.expire(clock::now(), |enabled| inner.reporters.publish(enabled));
    assert_eq!(names(&monitor), ["/error"], "its time has not come");
    inner.shared.switch.expire(later, |enabled| inner.reporters.publish(enabled));
    assert!(names(&monitor).is_empty() && !inner.shared.switch.is_any.load(Ordering::Relaxed));
}

#[test]
fn without_expiry_retry_after_is_the_time_of_the_order() {
    let monitor = monitor(&MemoryStore::default());
    let wait =
        |order: DisableRoute| monitor.disable_route(order).expect("it is known").retry_after_at(clock::now()).as_secs();
    assert_eq!(wait(DisableRoute::new("/error", "ada")), 60);
    assert_eq!(wait(DisableRoute::new("/error", "ada").retry_after(HOUR)), 3600);
    assert_eq!(wait(DisableRoute::new("/error", "ada").retry_after(Duration::ZERO)), 1);
    assert_eq!(wait(DisableRoute::new("/error", "ada").retry_after(Duration::MAX)), 366 * 24 * 3600);
}

#[test]
fn an_order_that_cannot_apply_is_refused_with_a_reason() {
    let monitor = monitor(&MemoryStore::default());
    let refusal = |order: DisableRoute| monitor.disable_route(order).expect_err("it is refused").to_string();
    assert_eq!(
        refusal(DisableRoute::new("/eror", "ada")),
        "no route `/eror` is known; known routes: GET /error, GET /todos, POST /error"
    );
    assert!(
        refusal(DisableRoute::new("/todos", "ada").method(KnownMethod::Post))
            .starts_with("no route `POST /todos` is known")
    );
    for route in ["/health", "/health/ready", "/metrics", "/admin", "/admin/routes"] {
        assert!(refusal(DisableRoute::new(route, "ada")).contains("is protected"), "{route}");
    }
    for unmatched in ["_unmatched", "_overflow"] {
        assert!(refusal(DisableRoute::new(unmatched, "ada")).starts_with("no route"));
    }
    assert!(refusal(DisableRoute::new("/error", " ")).starts_with("the actor is empty"));
    assert!(refusal(DisableRoute::new("/error", "ada").expires_in(Duration::ZERO)).contains("not at once"));
    let for_ever = DisableRoute::new("/error", "ada").expires_in(Duration::from_secs(1_000_000_000_000));
    assert_eq!(monitor.disable_route(for_ever).expect_err("it is refused"), Refusal::Expiry.into());
    assert_eq!(
        monitor.enable_route("/error", None, "ada").expect_err("it is enabled").to_string(),
        "the route `/error` is not disabled; disabled routes: none"
    );
    assert_eq!(
        Monitor::disabled().enable_route("/error", None, "ada").expect_err("it is disabled"),
        Refusal::MonitorDisabled.into()
    );
    assert!(names(&monitor).is_empty());
}

#[test]
fn a_route_that_was_never_called_is_disabled_where_the_order_allows_it_and_stays_so_over_a_restart() {
    let store = MemoryStore::default();
    let monitor_before = monitor(&store);
    let order = DisableRoute::new("/reports/{id}", "ada").allow_unknown();
    monitor_before.disable_route(order).expect("the order allows it");
    assert!(
        find(&monitor_before, KnownMethod::Get, "/reports/{id}")
            && find(&monitor(&store), KnownMethod::Post, "/reports/{id}")
    );
    for route in ["_unmatched", "reports"] {
        let refusal = monitor_before.disable_route(DisableRoute::new(route, "ada").allow_unknown());
        assert!(refusal.is_err_and(|error| error.is_unknown_route()), "{route} is no route");
    }
    let refusal = monitor_before.disable_route(DisableRoute::new("/health", "ada").allow_unknown());
    assert!(refusal.is_err_and(|error| error.is_protected()));
}

#[test]
fn a_disabled_route_is_persisted() {
    let store = MemoryStore::default();
    let before = monitor(&store);
    let order = DisableRoute::new("/error", "ada").method(KnownMethod::Get).reason("divides by zero").expires_in(HOUR);
    before.disable_route(order).expect("it is known");
    before.disable_route(DisableRoute::new("/todos", "bob")).expect("it is known");
    let after = monitor(&store);
    assert!(find(&after, KnownMethod::Get, "/error") && !find(&after, KnownMethod::Post, "/error"));
    let same = |monitor: &Monitor| monitor.disabled_routes().iter().map(|one| one.to_json()).collect::<Vec<_>>();
    assert_eq!(same(&after), same(&before));
    after.enable_route("/todos", None, "bob").expect("it is disabled");
    assert_eq!(names(&monitor(&store)), ["GET /error"]);
}

#[test]
fn a_route_that_expired_between_two_processes_is_enabled() {
    let store = MemoryStore::default();
    let before = monitor(&store);
    before.disable_route(DisableRoute::new("/error", "ada").expires_in(Duration::from_millis(1))).expect("it is known");
    while !before.disabled_routes().is_empty() {
        std::thread::yield_now();
    }
    assert!(names(&monitor(&store)).is_empty());
}

#[test]
fn a_stored_list_that_cannot_be_read_disables_nothing() {
    let broken: [&[u8]; 4] = [b"", b"{", b"{\"version\":2,\"disabled\":[]}", b"{\"version\":1}"];
    for value in broken {
        let store = MemoryStore::default();
        store.put(value);
        assert!(names(&monitor(&store)).is_empty());
    }
}

#[test]
fn an_entry_that_cannot_be_read_takes_no_other_with_it() {
    let store = MemoryStore::default();
    monitor(&store).disable_route(DisableRoute::new("/error", "ada")).expect("it is known");
    let mut value: serde_json::Value = serde_json::from_slice(&store.get()).expect("it is JSON");
    value["disabled"].as_array_mut().expect("it is a list").insert(0, serde_json::json!({ "route": "/todos" }));
    store.put(value.to_string().as_bytes());
    assert_eq!(names(&monitor(&store)), ["/error"]);
}

#[test]
fn protected_routes_stay_enabled_against_a_stored_order_and_a_wildcard() {
    let store = MemoryStore::default();
    let before =
        Monitor::builder("shop").log(None).routes([("GET", "/admin"), ("GET", "/{*path}")]).persist(store.clone());
    let before = before.build().expect("the settings are good");
    for route in ["/admin", "/{*path}"] {
        before.disable_route(DisableRoute::new(route, "ada")).expect("it is known");
    }
    let after = monitor(&store);
    assert_eq!(names(&after), ["/{*path}"]);
    let find = |path| after.find_disabled(KnownMethod::Get, "/{*path}", path, clock::now()).is_some();
    assert_eq!(["/anything", "/admin/routes", "/health", "/metrics"].map(find), [true, false, false, false]);
}

#[test]
fn a_store_that_panics_changes_nothing_else() {
    struct Panics;
    impl Persist for Panics {
        fn load(&self, _: &str) -> Result<Vec<(String, Vec<u8>)>, BoxError> {
            panic!("the disk is gone")
        }

        fn save(&self, _: &[StoreWrite]) -> Result<u64, BoxError> {
            panic!("the disk is gone")
        }
    }
    let monitor = Monitor::builder("shop").log(None).routes([("GET", "/error")]).persist(Panics).build();
    let monitor = monitor.expect("the settings are good");
    monitor.disable_route(DisableRoute::new("/error", "ada")).expect("it is known");
    assert!(find(&monitor, KnownMethod::Get, "/error"));
    assert_eq!(monitor.dropped()[0].reason, DropReason::NotPersisted);
}

#[test]
fn an_order_that_cannot_be_saved_holds_and_is_counted() {
    let monitor = monitor(&MemoryStore(Arc::default(), true));
    monitor.disable_route(DisableRoute::new("/error", "ada")).expect("it is known");
    assert!(find(&monitor, KnownMethod::Get, "/error"));
    let dropped = monitor.dropped();
    assert_eq!(
        (dropped[0].reporter.as_str(), dropped[0].reason, dropped[0].count),
        ("store", DropReason::NotPersisted, 1)
    );
}

#[test]
fn actor_and_reason_are_redacted() {
    let monitor = monitor(&MemoryStore::default());
    let order = DisableRoute::new("/error", "ada@example.org").reason("leaks password=hunter2");
    let disabled = monitor.disable_route(order).expect("it is known");
    assert!(!disabled.to_json().to_string().contains("example.org") && !disabled.reason.contains("hunter2"));
}

#[cfg(shuttle)]
mod interleavings {
    use monitor_redact::Redaction;

    use super::*;
    use crate::base::sync::thread;

    fn put(switch: &RouteSwitch, route: &'static str) {
        let disabled = Arc::new(DisableRoute::new(route, "ada").expires_in(HOUR).carry_out(&Redaction::new()));
        let put = |list: &mut Vec<_>| {
            list.push(disabled);
            Ok::<_, SwitchError>(())
        };
        switch.change(put, |()| ()).expect("nothing refuses it");
    }

    #[test]
    fn the_saved_list_is_the_last_one_and_no_change_is_lost() {
        let check = || {
            let switch = Arc::new(RouteSwitch::new(Vec::new()));
            let saving = {
                let switch = Arc::clone(&switch);
                thread::spawn(move || switch.take_change())
            };
            let writers = ["/a", "/b"].map(|route| {
                let switch = Arc::clone(&switch);
                thread::spawn(move || put(&switch, route))
            });
            let expiring = {
                let switch = Arc::clone(&switch);
                thread::spawn(move || switch.expire(clock::now(), drop))
            };
            // A reader may or may not see the route, but never blocks for ever.
            let _ = switch.find(KnownMethod::Get, "/a", clock::now());
            writers.into_iter().chain([expiring]).for_each(|thread| thread.join().expect("it does not panic"));
            let routes = |list: Vec<Arc<DisabledRoute>>| -> Vec<_> {
                list.iter().map(|disabled| disabled.route.clone()).collect()
            };
            let held = routes(switch.list());
            let before = saving.join().expect("it does not panic");
            let Some(StoreWrite::Put { value, .. }) = switch.take_change().or(before) else {
                panic!("nothing is saved")
            };
            let (saved, _) =
                disabled::from_json(&serde_json::from_slice(&value).expect("it is JSON")).expect("it is whole");
            assert_eq!((held.len(), routes(saved)), (2, held));
            assert!(switch.is_any_disabled() && switch.find(KnownMethod::Get, "/b", clock::now()).is_some());
            switch.expire(clock::now() + HOUR, drop);
            assert!(!switch.is_any_disabled() && switch.list().is_empty());
        };
        shuttle::check_random(check, 2000);
    }
}
