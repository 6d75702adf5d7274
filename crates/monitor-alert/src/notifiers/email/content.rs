//! The content of a mail, without its form: made harmless, and cut.

use super::text;
use crate::{
    alert::{Alert, Notification, Transition},
    shown,
};

/// Returns the subject, which has no state: programs do not show mails with different subjects as one conversation.
pub(super) fn subject(alert: &Alert) -> String {
    let [service, environment] = [&alert.service, &alert.environment].map(|part| text::line(part, MAX_NAME));
    format!("[{service}/{environment}] {}", text::line(&alert.title, MAX_SUBJECT))
}

/// Returns the first word of the text.
pub(super) fn state(notification: &Notification) -> String {
    match notification.transition {
        Transition::Triggered => notification.alert.severity.as_str(),
        Transition::Resolved => notification.transition.as_str(),
    }
    .to_ascii_uppercase()
}

pub(super) fn title(alert: &Alert) -> String {
    text::line(&alert.title, MAX_TITLE)
}

/// Returns the first facts, and the number of those left.
pub(super) fn facts(alert: &Alert) -> (Vec<(String, String)>, usize) {
    let fact = |(name, value): &(String, String)| (text::line(name, MAX_NAME), text::lines(value, MAX_VALUE));
    (alert.facts.iter().take(MAX_FACTS).map(fact).collect(), alert.facts.len().saturating_sub(MAX_FACTS))
}

/// Returns the line that says where the alert comes from, and when.
pub(super) fn origin(alert: &Alert) -> String {
    let [service, environment, release] =
        [&alert.service, &alert.environment, &alert.release].map(|part| text::line(part, MAX_NAME));
    format!("{service} · {environment} · release {release} · {}", shown::time(alert.at))
}

const MAX_SUBJECT: usize = 200;
const MAX_TITLE: usize = 1_000;
const MAX_FACTS: usize = 30;
const MAX_NAME: usize = 100;
/// Gmail does not show a mail of more than about 100 KB in full.
const MAX_VALUE: usize = 2_000;
