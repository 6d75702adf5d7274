//! The test of all notifiers that a program asks for.

use std::{thread, time::Duration};

use monitor_alert::{Alerts, DeliveryError, Route, Severity, Transition};

use crate::support::{Receiver, Recorder, builder, webhook};

const SHORT: Duration = Duration::from_secs(2);

#[test]
fn each_notifier_delivers_a_test_and_its_result_is_returned() {
    let receiver = Receiver::start();
    let failing = Recorder::new("failing", |_| Err(DeliveryError::permanent("wrong credentials")));
    let panicking = Recorder::new("panicking", |_| panic!("a bug of the notifier"));
    let recorder = Recorder::accepting();
    let alerts = Alerts::to(failing)
        .and(webhook(&receiver))
        .and(panicking)
        .and(recorder.clone())
        .route(Route::severity(Severity::Warning).to("failing"));
    let handle = alerts.handle();
    let monitor = builder("1.0.0").extend(alerts).build().unwrap();

    let results: Vec<_> = handle.test(Duration::from_secs(30)).into_iter().collect();
    let shown = results.iter().map(|test| match &test.result {
        Ok(()) => format!("{}: delivered", test.notifier),
        Err(error) => format!("{}: {error}", test.notifier),
    });
    let expected =
        ["failing: wrong credentials", "webhook: delivered", "panicking: the notifier panicked", "recorder: delivered"];
    assert_eq!(shown.collect::<Vec<_>>(), expected);

    let bodies = receiver.received();
    assert_eq!(bodies.len(), 2);
    for text in ["Test alert: nothing is wrong", "shop/test/test"] {
        assert!(bodies[0].body.contains(text), "{}", bodies[0].body);
    }
    let delivered = recorder.delivered();
    let transitions: Vec<_> = delivered.iter().map(|notification| notification.transition).collect();
    assert_eq!(transitions, [Transition::Triggered, Transition::Resolved]);
    assert!(monitor.alert_counts().iter().all(|counts| counts.fired == 0), "it is no alert");
    assert!(handle.active().is_empty());
    let again = handle.test(Duration::from_secs(30));
    assert_eq!(again.len(), 4);
    assert_eq!(recorder.ids().len(), 4, "no receiver takes the second test for the first");
}

#[test]
fn a_notifier_that_hangs_holds_up_neither_the_others_nor_the_caller() {
    let hanging = Recorder::new("hanging", |_| {
        thread::sleep(Duration::from_secs(6));
        Ok(())
    });
    let alerts = Alerts::to(hanging).and(Recorder::accepting());
    let handle = alerts.handle();
    assert!(handle.test(SHORT).is_empty(), "there is no monitor yet");
    let monitor = builder("1.0.0").extend(alerts).build().unwrap();
    let results = handle.test(SHORT);
    let failure = results[0].result.as_ref().unwrap_err().to_string();
    assert!(failure.starts_with("no result within 2s"), "{failure}");
    assert!(results[1].result.is_ok());
    drop(monitor);
}
