//! Receivers and stores that fail hold up nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use monitor_alert::{Alerts, DeliveryError, Watchdog};
use monitor_core::{BoxError, Persist, StoreWrite, clock};

use crate::support::{PATIENCE, Receiver, Recorder, builder, counts, fail, shop, until};

#[test]
fn a_notifier_that_panics_is_tried_again() {
    let attempts = Arc::new(AtomicU32::new(0));
    let attempted = Arc::clone(&attempts);
    let recorder = Recorder::new("recorder", move |_| {
        assert!(attempted.fetch_add(1, Ordering::SeqCst) > 0, "the pager is on fire");
        Ok(())
    });
    let monitor = builder("1.0.0").extend(Alerts::to(recorder.clone())).build().unwrap();
    fail(&monitor, "the printer is out of paper");
    until("it is delivered", || recorder.delivered().len() == 1);
    assert_eq!(recorder.delivered()[0].attempt, 2);
}

#[test]
fn a_rejected_notification_is_given_up_and_counted() {
    let recorder = Recorder::new("recorder", |_| Err(DeliveryError::permanent("the channel is archived")));
    let monitor = builder("1.0.0").extend(Alerts::to(recorder)).build().unwrap();
    fail(&monitor, "the printer is out of paper");
    assert_eq!(counts(&monitor).given_up, [("rejected".to_owned(), 1)]);
}

#[test]
fn a_receiver_that_hangs_holds_up_no_other_one_and_no_shutdown() {
    let (_release, hang) = mpsc::channel::<()>();
    let hang = std::sync::Mutex::new(hang);
    let hung = Recorder::new("hung", move |_| {
        let _ = hang.lock().unwrap().recv();
        Ok(())
    });
    let recorder = Recorder::accepting();
    let monitor = builder("1.0.0").extend(Alerts::to(hung).and(recorder.clone())).build().unwrap();
    monitor.capture_message("the printer is out of paper", monitor_core::Level::Error);
    until("the other one has it", || recorder.delivered().len() == 1);
    let begun = clock::now();
    monitor.shutdown(Duration::from_secs(1));
    assert!(clock::now() - begun < PATIENCE, "the shutdown ends, whatever the receiver does");
    let waiting: Vec<_> = monitor.alert_counts().into_iter().map(|counts| counts.waiting).collect();
    assert_eq!(waiting, [1, 0]);
}

#[test]
fn a_store_that_fails_or_is_missing_holds_no_alert_back() {
    struct Full(AtomicBool);
    impl Persist for Full {
        fn load(&self, _: &str) -> Result<Vec<(String, Vec<u8>)>, BoxError> {
            Ok(Vec::new())
        }
        fn save(&self, _: &[StoreWrite]) -> Result<u64, BoxError> {
            if self.0.load(Ordering::SeqCst) { Ok(0) } else { Err("the disk is full".into()) }
        }
    }
    let (recorder, store) = (Recorder::accepting(), Arc::new(Full(AtomicBool::new(false))));
    let alerts = Alerts::to(recorder.clone());
    let monitor = builder("1.0.0").persist(Arc::clone(&store)).extend(alerts).build().unwrap();
    fail(&monitor, "the printer is out of paper");
    assert!(!recorder.delivered()[0].is_saved);
    assert_eq!(counts(&monitor).unsaved, 1);
    store.0.store(true, Ordering::SeqCst);
    fail(&monitor, "the printer burns");
    assert!(recorder.delivered()[1].is_saved, "{:?}", recorder.delivered());

    let without_store = builder("1.0.0").extend(Alerts::to(recorder.clone())).build().unwrap();
    fail(&without_store, "the printer is out of paper");
    assert_eq!((recorder.delivered().len(), counts(&without_store).unsaved), (3, 1));
}

#[test]
fn what_was_not_delivered_is_delivered_by_the_next_process() {
    let folder = tempfile::tempdir().unwrap();
    let refusing = Recorder::new("recorder", |_| Err(DeliveryError::retryable("the network is down")));
    let monitor = shop(folder.path(), "1.0.0", refusing);
    fail(&monitor, "the printer is out of paper");
    assert_eq!(counts(&monitor).waiting, 1);
    assert!(monitor.shutdown(PATIENCE));
    drop(monitor);
    let recorder = Recorder::accepting();
    let monitor = shop(folder.path(), "1.0.0", recorder.clone());
    until("it is delivered", || recorder.delivered().len() == 1);
    assert!(recorder.delivered()[0].attempt > 1 && recorder.delivered()[0].is_saved);
    let counts = counts(&monitor);
    assert_eq!((counts.fired, counts.delivered), (1, 1), "one notification over both processes");
}

#[test]
fn notifiers_without_work_sleep() {
    let [first, second] = ["idle-a", "idle-b"].map(|name| Recorder::new(name, |_| Ok(())));
    let monitor = builder("1.0.0").extend(Alerts::to(first).and(second)).build().unwrap();
    fail(&monitor, "the printer is out of paper");
    let before = wake_ups();
    thread::sleep(Duration::from_millis(300));
    let more = wake_ups() - before;
    assert!(more < 20, "{more} times");
}

/// Returns the number of times that the threads of idle notifiers have gone to sleep.
fn wake_ups() -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").expect("this is Linux").flatten();
    let statuses = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("status")).ok());
    let idle: Vec<_> = statuses.filter(|status| status.contains("monitor-idle-")).collect();
    assert_eq!(idle.len(), 2);
    let count = |status: &String| {
        let mut lines = status.lines();
        lines.find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")?.trim().parse::<u64>().ok())
    };
    idle.iter().filter_map(count).sum()
}

#[test]
fn the_watchdog_pings_until_the_monitor_ends() {
    let pinged = Receiver::start();
    let watchdog = Watchdog::to(&pinged.url()).unwrap().every(Duration::from_secs(1));
    let monitor = builder("1.0.0").extend(Alerts::to(Recorder::accepting()).watchdog(watchdog)).build().unwrap();
    until("there are two pings", || pinged.received().len() >= 2);
    drop(monitor);
    // A ping may be on its way.
    thread::sleep(Duration::from_secs(2));
    let pings = pinged.received().len();
    thread::sleep(Duration::from_millis(1500));
    assert_eq!(pinged.received().len(), pings);
}
