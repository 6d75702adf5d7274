//! A message of Slack, in layout blocks. Attachments, which alone have a colour, are a legacy feature of Slack.

use monitor_core::{clock, escape};
use serde_json::{Value, json};

use super::text::text;
use crate::alert::{Alert, Notification, Transition};

/// Returns the body of a request.
pub(super) fn json(notification: &Notification) -> String {
    let alert = &notification.alert;
    let title = format!("[{}] {}", state(notification), alert.title).replace('\n', " ");
    let blocks = [Some(header(&title)), facts(alert), acknowledge(notification), Some(context(alert))];
    let blocks: Vec<Value> = blocks.into_iter().flatten().collect();
    // `text` is what notifications of the system show. Without it they are empty.
    escape::json(&json!({ "text": text(&title, MAX_FALLBACK), "blocks": blocks }))
}

/// Returns the first word of the message.
fn state(notification: &Notification) -> String {
    match notification.transition {
        Transition::Triggered => notification.alert.severity.as_str(),
        Transition::Resolved => notification.transition.as_str(),
    }
    .to_ascii_uppercase()
}

fn header(title: &str) -> Value {
    json!({ "type": "header", "text": { "type": "plain_text", "emoji": false, "text": text(title, MAX_HEADER) } })
}

/// Returns the first facts. A section without fields is invalid.
fn facts(alert: &Alert) -> Option<Value> {
    let field =
        |(name, value): &(String, String)| mrkdwn(&format!("*{}*\n{}", text(name, MAX_NAME), text(value, MAX_VALUE)));
    let fields: Vec<Value> = alert.facts.iter().take(MAX_FIELDS).map(field).collect();
    if fields.is_empty() { None } else { Some(json!({ "type": "section", "fields": fields })) }
}

/// Returns the link that acknowledges the alert. Not a button: without a server for interactions, Slack shows an error
/// beside it.
fn acknowledge(notification: &Notification) -> Option<Value> {
    let url = notification.acknowledge_url.as_ref()?.replace('|', "%7C");
    Some(json!({ "type": "section", "text": mrkdwn(&format!("<{}|Acknowledge>", text(&url, MAX_URL))) }))
}

fn context(alert: &Alert) -> Value {
    let [service, environment, release] =
        [&alert.service, &alert.environment, &alert.release].map(|part| text(part, MAX_NAME));
    let mut line = format!("{service} · {environment} · release {release} · {}", clock::rfc3339(alert.at));
    let left = alert.facts.len().saturating_sub(MAX_FIELDS);
    if left > 0 {
        line += &format!(" · {left} more facts");
    }
    json!({ "type": "context", "elements": [mrkdwn(&line)] })
}

/// Returns a text with formatting. `verbatim` keeps Slack from turning URLs and names of channels into links.
fn mrkdwn(text: &str) -> Value {
    json!({ "type": "mrkdwn", "verbatim": true, "text": text })
}

const MAX_FALLBACK: usize = 300;
/// Slack's limit.
const MAX_HEADER: usize = 150;
/// Slack's limit.
const MAX_FIELDS: usize = 10;
/// Slack's limit of a section's text is 3000.
const MAX_URL: usize = 2900;
const MAX_NAME: usize = 100;
/// Slack's limit is 2000 for each field, and about 13,000 for the whole message. Ten of these leave room for the rest.
const MAX_VALUE: usize = 800;
