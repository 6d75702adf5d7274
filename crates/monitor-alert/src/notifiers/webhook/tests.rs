use serde_json::{Value, json};

use super::*;
use crate::{
    http::receiver::{Receiver, Request},
    notifiers::{example, verify_signature},
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn accepting() -> Receiver {
    Receiver::answering("HTTP/1.1 204 No Content\r\n\r\n")
}

fn delivered(webhook: impl FnOnce(Webhook) -> Webhook) -> Request {
    let receiver = accepting();
    webhook(Webhook::new(&receiver.url).unwrap()).deliver(&example::notification()).unwrap();
    receiver.request()
}

#[test]
fn the_body_is_that_of_the_documentation() {
    let documented: String = include_str!("../webhook.rs")
        .lines()
        .skip_while(|line| *line != "/// ```json")
        .skip(1)
        .take_while(|line| *line != "/// ```")
        .map(|line| line.trim_start_matches("///"))
        .collect();
    let sent: Value = serde_json::from_slice(&delivered(|webhook| webhook).body).unwrap();
    assert_eq!(sent, serde_json::from_str::<Value>(&documented).unwrap());
}

#[test]
fn a_body_keeps_its_keys_and_their_order() {
    let body = delivered(|webhook| webhook).body;
    assert_eq!(String::from_utf8(body).unwrap(), include_str!("golden.json").trim_end());
}

#[test]
fn an_alert_about_no_issue_has_no_fingerprint() {
    let mut notification = example::notification();
    notification.transition = crate::Transition::Resolved;
    notification.is_saved = false;
    notification.alert = crate::Alert { fingerprint: None, facts: vec![], ..example::alert() }.into();
    let sent: Value = serde_json::from_str(&payload::json(&notification)).unwrap();
    assert_eq!((&sent["transition"], &sent["persisted"]), (&json!("resolved"), &json!(false)));
    assert_eq!((&sent["alert"]["fingerprint"], &sent["alert"]["facts"]), (&Value::Null, &json!({})));
}

#[test]
fn a_link_that_acknowledges_the_alert_is_a_field_of_its_own() {
    let mut notification = example::notification();
    notification.acknowledge_url = Some("https://shop.example.org/ack/1.2.webhook.x".to_owned());
    let sent: Value = serde_json::from_str(&payload::json(&notification)).unwrap();
    assert_eq!(sent["acknowledge_url"], "https://shop.example.org/ack/1.2.webhook.x");
}

#[test]
fn a_receiver_verifies_a_signed_request_and_its_id() {
    let request = delivered(|webhook| webhook.secret(SECRET).unwrap());
    assert_eq!(verify_signature(SECRET, &request.headers, &request.body), Ok(()));
    assert_eq!(request.headers["webhook-id"], example::notification().id.as_str());
    assert!(verify_signature(SECRET, &request.headers, b"{}").is_err());
}

#[test]
fn a_request_without_a_secret_has_an_id_and_a_time_and_no_signature() {
    let headers = delivered(|webhook| webhook.header("X-Tenant", "shop").unwrap()).headers;
    assert_eq!(headers["x-tenant"], "shop");
    assert!(headers.contains_key("webhook-id") && headers.contains_key("webhook-timestamp"));
    assert!(!headers.contains_key("webhook-signature"));
}

#[test]
fn an_id_that_is_no_header_is_given_up() {
    let mut notification = example::notification();
    notification.id = "a\nb".to_owned();
    let error = Webhook::new("http://localhost:1").unwrap().deliver(&notification).unwrap_err();
    assert!(error.is_permanent(), "{error}");
}

#[test]
fn a_webhook_has_a_name_and_shows_no_secret() {
    let webhook = Webhook::new("https://ada:topsecret@hooks.example/topsecret?key=topsecret").unwrap();
    let webhook = webhook.secret(SECRET).unwrap().header("authorization", "Bearer topsecret").unwrap();
    assert_eq!(Notifier::name(&webhook), "webhook");
    assert_eq!(format!("{:?}", webhook.name("pager")), "Webhook { name: \"pager\", host: \"hooks.example\", .. }");
}

#[test]
fn a_malformed_secret_is_refused_without_being_shown() {
    let error = Webhook::new("https://hooks.example").unwrap().secret("hunter2").unwrap_err();
    assert!(
        error.to_string().starts_with("the secret of a webhook must be ") && !error.to_string().contains("hunter2")
    );
}
