use serde_json::{Value, json};

use super::*;
use crate::{
    alert::{Alert, Severity, Transition},
    http::receiver::Receiver,
    notifiers::example,
};

const KEY: &str = "0123456789abcdef0123456789ABCDEF";
const ACCEPTED: &str = r#"{"status":"success","message":"Event processed","dedup_key":"x"}"#;

fn pagerduty(receiver: &Receiver) -> PagerDuty {
    PagerDuty::new(KEY).and_then(|pagerduty| pagerduty.endpoint(&receiver.url)).expect("good settings")
}

fn answer(status: &str, body: &str) -> Result<(), DeliveryError> {
    let response = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    pagerduty(&Receiver::answering(response)).deliver(&example::notification())
}

fn event(change: impl FnOnce(&mut Notification, &mut Alert)) -> Value {
    let (mut notification, mut alert) = (example::notification(), example::alert());
    change(&mut notification, &mut alert);
    notification.alert = alert.into();
    serde_json::from_str(&event::json(KEY, &notification)).expect("JSON")
}

#[test]
fn the_beginning_of_an_alert_triggers_the_golden_event() {
    let receiver =
        Receiver::answering(format!("HTTP/1.1 202 Accepted\r\ncontent-length: {}\r\n\r\n{ACCEPTED}", ACCEPTED.len()));
    pagerduty(&receiver).deliver(&example::notification()).unwrap();
    let body = String::from_utf8(receiver.request().body).unwrap();
    assert_eq!(body, include_str!("golden.json").trim_end());
}

#[test]
fn the_end_of_an_alert_resolves_the_incident_by_the_same_key() {
    let end = event(|notification, _| notification.transition = Transition::Resolved);
    let key = example::alert().key;
    let expected = json!({ "routing_key": KEY, "event_action": "resolve", "dedup_key": key, "client": "monitor-kit" });
    assert_eq!(end, expected);
}

#[test]
fn a_critical_alert_is_critical_and_has_the_link_that_acknowledges_it() {
    let event = event(|notification, alert| {
        alert.severity = Severity::Critical;
        notification.acknowledge_url = Some("https://shop.example.org/ack/1".to_owned());
    });
    assert_eq!(event["payload"]["severity"], "critical");
    assert_eq!(event["links"][0]["href"], "https://shop.example.org/ack/1");
}

#[test]
fn texts_keep_the_limits_of_pagerduty() {
    let event = event(|_, alert| {
        alert.title = "é".repeat(5_000);
        alert.key = "k".repeat(256);
        alert.facts = (0..20).map(|number| (number.to_string(), "\u{1F4A5}".repeat(100_000))).collect();
    });
    let summary = event["payload"]["summary"].as_str().unwrap();
    assert_eq!((summary.chars().count(), summary.chars().last()), (1024, Some('…')));
    assert_eq!(event["dedup_key"].as_str().map(str::len), Some(32));
    assert!(event["payload"]["custom_details"]["0"].as_str().unwrap().chars().count() <= 8_000);
    assert_eq!(dedup_key(&"k".repeat(255)).len(), 255);
}

#[test]
fn only_a_success_of_pagerduty_is_an_acceptance() {
    assert!(answer("202 Accepted", ACCEPTED).is_ok());
    for body in ["", "ok", r#"{"status":"throttle exceeded"}"#, "<html>sign in</html>"] {
        let error = answer("200 OK", body).unwrap_err();
        assert_eq!(error.to_string(), "127.0.0.1 did not answer `success`: check the endpoint");
        assert!(!error.is_permanent(), "{body}");
    }
}

#[test]
fn the_errors_of_pagerduty_are_permanent_or_not() {
    let invalid = r#"{"status":"invalid event","message":"Event object is invalid"}"#;
    for (status, body, is_permanent) in [
        ("400 Bad Request", invalid, true),
        ("403 Forbidden", "", true),
        ("404 Not Found", "", true),
        ("429 Too Many Requests", "", false),
        ("500 Internal Server Error", "", false),
        ("503 Service Unavailable", "", false),
    ] {
        let error = answer(status, body).unwrap_err();
        assert_eq!(error.is_permanent(), is_permanent, "{error}");
    }
    assert!(answer("400 Bad Request", invalid).unwrap_err().to_string().contains("Event object is invalid"));
}

#[test]
fn the_key_is_never_shown() {
    let receiver = Receiver::answering("HTTP/1.1 202 Accepted\r\n\r\n");
    let shown = format!("{:?}", pagerduty(&receiver));
    assert!(shown.contains("127.0.0.1") && !shown.contains("0123456789"), "{shown}");
    let echoed = answer("400 Bad Request", &format!("no service has the key {KEY}")).unwrap_err().to_string();
    assert!(!echoed.contains(KEY), "{echoed}");
    let refused = PagerDuty::new("0123456789").unwrap_err().to_string();
    assert!(refused.contains("32 letters and digits") && !refused.contains("0123456789"), "{refused}");
    for malformed in ["", "0123456789abcdef0123456789abcde-", "0123456789abcdef0123456789abcdef0"] {
        assert!(PagerDuty::new(malformed).is_err(), "{malformed}");
    }
}
