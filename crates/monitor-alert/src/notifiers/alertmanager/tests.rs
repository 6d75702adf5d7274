use serde_json::Value;

use super::*;
use crate::{alert::Transition, http::receiver::Receiver, notifiers::example};

const ACCEPTED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

fn posted(notification: &Notification) -> Value {
    serde_json::from_str(&alerts::of_notification(notification)).expect("JSON")
}

#[test]
fn the_beginning_of_an_alert_is_posted_as_the_golden_body() {
    let receiver = Receiver::answering(ACCEPTED);
    Alertmanager::new(&receiver.url).unwrap().deliver(&example::notification()).unwrap();
    let request = receiver.request();
    assert_eq!(request.headers["content-type"], "application/json");
    assert_eq!(String::from_utf8(request.body).unwrap(), include_str!("golden.json").trim_end());
}

#[test]
fn the_end_of_an_alert_has_the_same_labels_and_an_end() {
    let begun = example::notification();
    let ended = Notification { transition: Transition::Resolved, ..example::notification() };
    assert_eq!(posted(&ended)[0]["labels"], posted(&begun)[0]["labels"]);
    assert_eq!(posted(&ended)[0]["endsAt"], "2025-07-29T12:30:00.250Z");
    assert_eq!(posted(&begun)[0].get("endsAt"), None);
}

#[test]
fn the_link_that_acknowledges_the_alert_is_an_annotation() {
    let acknowledge_url = Some("https://shop.example.org/ack/1".to_owned());
    let posted = posted(&Notification { acknowledge_url, ..example::notification() });
    assert_eq!(posted[0]["annotations"]["acknowledge_url"], "https://shop.example.org/ack/1");
}

#[test]
fn active_alerts_are_repeated_in_one_request() {
    let receiver = Receiver::answering(ACCEPTED);
    let active = ActiveAlert { alert: example::alert().into(), episode: 1, acknowledgement: None };
    Alertmanager::new(&receiver.url).unwrap().refresh(&[active.clone(), active]).unwrap();
    let repeated: Value = serde_json::from_slice(&receiver.request().body).unwrap();
    assert_eq!(repeated.as_array().map(Vec::len), Some(2));
    assert_eq!(repeated[1], posted(&example::notification())[0]);
}

#[test]
fn the_url_may_have_a_path_and_is_not_shown() {
    let alertmanager = Alertmanager::new("https://alerts.example/topsecret/").unwrap();
    let shown = format!("{alertmanager:?}");
    assert!(shown.contains("alerts.example") && !shown.contains("topsecret"), "{shown}");
    assert!(Alertmanager::new("alerts.example:9093").is_err());
}

#[test]
fn a_label_without_a_value_is_left_out() {
    let mut alert = example::alert();
    alert.environment = String::new();
    let posted = posted(&Notification { alert: alert.into(), ..example::notification() });
    assert_eq!(posted[0]["labels"].get("environment"), None);
}
