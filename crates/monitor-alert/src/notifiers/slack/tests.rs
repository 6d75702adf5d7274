use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::{
    alert::{Alert, Severity, Transition},
    http::receiver::Receiver,
    notifiers::example,
};

fn deliver(response: &str) -> Result<(), DeliveryError> {
    let receiver = Receiver::answering(response);
    Slack::new(&receiver.url).unwrap().deliver(&example::notification())
}

fn answer(status: &str, body: &str) -> Result<(), DeliveryError> {
    deliver(&format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
}

fn message(alert: Alert) -> Value {
    let notification = Notification { alert: alert.into(), ..example::notification() };
    serde_json::from_str(&message::json(&notification)).unwrap()
}

#[test]
fn an_alert_is_posted_as_the_golden_message() {
    let receiver = Receiver::answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    Slack::new(&receiver.url).unwrap().deliver(&example::notification()).unwrap();
    let body: Value = serde_json::from_slice(&receiver.request().body).unwrap();
    assert_eq!(body, serde_json::from_str::<Value>(include_str!("golden.json")).unwrap());
}

#[test]
fn only_ok_is_an_acceptance() {
    assert!(answer("200 OK", "ok").is_ok() && answer("200 OK", "ok\n").is_ok());
    for body in ["", "okay", "<html>sign in</html>"] {
        let error = answer("200 OK", body).unwrap_err();
        assert_eq!(error.to_string(), "127.0.0.1 did not answer `ok`: check the URL");
        assert!(!error.is_permanent(), "{body}");
    }
}

#[test]
fn the_errors_of_slack_are_permanent_or_not() {
    for (status, body, is_permanent) in [
        ("400", "invalid_payload", true),
        ("403", "action_prohibited", true),
        ("404", "channel_not_found", true),
        ("404", "no_service", true),
        ("410", "channel_is_archived", true),
        ("429", "rate_limited", false),
        ("500", "rollup_error", false),
    ] {
        let error = answer(status, body).unwrap_err();
        assert_eq!(error.is_permanent(), is_permanent, "{error}");
        assert!(error.to_string().starts_with(&format!("127.0.0.1 answered {status} ({body})")), "{error}");
    }
}

#[test]
fn a_rate_limit_carries_its_delay() {
    let error = deliver("HTTP/1.1 429 Too Many\r\nretry-after: 30\r\ncontent-length: 0\r\n\r\n").unwrap_err();
    assert_eq!(error.delay(), Some(Duration::from_secs(30)));
}

#[test]
fn a_link_that_acknowledges_the_alert_is_a_section() {
    let acknowledge_url = Some("https://shop.example.org/ack/1.2.slack.x-_".to_owned());
    let notification = Notification { acknowledge_url, ..example::notification() };
    let message: Value = serde_json::from_str(&message::json(&notification)).unwrap();
    assert_eq!(message["blocks"][2]["text"]["text"], "<https://shop.example.org/ack/1.2.slack.x-_|Acknowledge>");
}

#[test]
fn a_resolved_alert_and_a_critical_one_say_so_first() {
    let title = |transition, severity| {
        let alert = Alert { severity, ..example::alert() }.into();
        let notification = Notification { transition, alert, ..example::notification() };
        let message: Value = serde_json::from_str(&message::json(&notification)).unwrap();
        assert_eq!(message["text"], message["blocks"][0]["text"]["text"]);
        message["text"].as_str().unwrap().split(' ').next().unwrap().to_owned()
    };
    assert_eq!(title(Transition::Triggered, Severity::Warning), "[WARNING]");
    assert_eq!(title(Transition::Triggered, Severity::Critical), "[CRITICAL]");
    assert_eq!(title(Transition::Resolved, Severity::Critical), "[RESOLVED]");
}

#[test]
fn an_alert_without_facts_has_no_section_and_one_with_many_counts_the_rest() {
    let none = message(Alert { facts: vec![], ..example::alert() });
    let kinds: Vec<_> = none["blocks"].as_array().unwrap().iter().map(|block| &block["type"]).collect();
    assert_eq!(kinds, ["header", "context"]);
    let facts = (0..13).map(|at| (format!("fact {at}"), at.to_string())).collect();
    let many = message(Alert { facts, ..example::alert() });
    assert_eq!(many["blocks"][1]["fields"].as_array().unwrap().len(), 10);
    assert!(many["blocks"][2]["elements"][0]["text"].as_str().unwrap().ends_with(" · 3 more facts"), "{many}");
}

#[test]
fn slack_shows_its_host_only() {
    let slack = Slack::new("https://hooks.slack.com/services/T0000000/B0000000/topsecret").unwrap();
    assert_eq!(Notifier::name(&slack), "slack");
    assert_eq!(format!("{:?}", slack.name("ops")), "Slack { name: \"ops\", host: \"hooks.slack.com\", .. }");
}

/// Calls `check` with each text of a message.
fn each_text(value: &Value, check: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => check(text),
        Value::Array(values) => values.iter().for_each(|value| each_text(value, check)),
        Value::Object(values) => values.values().for_each(|value| each_text(value, check)),
        _ => {}
    }
}

fn length(text: &Value) -> usize {
    text.as_str().unwrap().encode_utf16().count()
}

/// Texts with many special characters, and of any length.
fn any_text() -> impl Strategy<Value = String> {
    let long = ("[<a😀é]{1,2}", 0..1_500_usize).prop_map(|(piece, count)| piece.repeat(count));
    prop_oneof![any::<String>(), "[<>&!|@# \n\u{202e}\u{1b}😀é]{0,40}", long]
}

proptest! {
    #[test]
    fn every_alert_is_a_message_within_the_limits_and_without_markup_of_its_own(
        title in any_text(),
        facts in proptest::collection::vec((any_text(), any_text()), 0..14),
        [service, environment, release] in [any_text(), any_text(), any_text()],
    ) {
        let message = message(Alert { title, facts, service, environment, release, ..example::alert() });
        let mut total = 0;
        each_text(&message, &mut |text| {
            total += text.encode_utf16().count();
            assert!(!text.is_empty() && !text.contains(['<', '>']), "{text}");
            let entities = text.split('&').skip(1);
            assert!(entities.into_iter().all(|rest| ["amp;", "lt;", "gt;"].iter().any(|name| rest.starts_with(name))));
        });
        prop_assert!(total <= 10_000, "{}", total);
        prop_assert!(!message["text"].as_str().unwrap().contains('\n'), "a title is one line");
        prop_assert!(length(&message["blocks"][0]["text"]["text"]) <= 150);
        for block in message["blocks"].as_array().unwrap() {
            let fields = block["fields"].as_array().map_or(&[][..], Vec::as_slice);
            prop_assert!(fields.len() <= 10 && fields.iter().all(|field| length(&field["text"]) <= 2000));
        }
    }
}
