//! An example of a notification, for tests.

use std::time::{Duration, UNIX_EPOCH};

use monitor_core::Fingerprint;

use super::{Alert, Notification, Severity, Transition};

pub(crate) fn notification() -> Notification {
    Notification {
        id: "5f2b8f0e6c1d4b7a9e3d2c1b0a998877".to_owned(),
        transition: Transition::Triggered,
        episode: 1,
        alert: alert().into(),
        acknowledge_url: None,
        attempt: 1,
        is_saved: true,
    }
}

pub(crate) fn alert() -> Alert {
    let fingerprint = "v1-84e3b4bc9b0b4ad9b1a02f6c16e6ed33";
    let fact = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Alert {
        key: format!("shop/production/issue/{fingerprint}"),
        rule: "issue".to_owned(),
        severity: Severity::Warning,
        title: "New issue: ArithmeticError in /error".to_owned(),
        facts: vec![fact("message", "division by zero"), fact("location", "src/shop.rs:7")],
        fingerprint: Fingerprint::parse(fingerprint),
        service: "shop".to_owned(),
        environment: "production".to_owned(),
        release: "1.4.2".to_owned(),
        at: UNIX_EPOCH + Duration::from_millis(1_753_792_200_250),
    }
}
