//! The text of a mail, for programs that show no HTML.

use super::{
    content::{facts, origin, state, title},
    text::wrapped,
};
use crate::alert::Notification;

pub(super) fn text(notification: &Notification) -> String {
    let alert = &notification.alert;
    let (facts, left) = facts(alert);
    let mut text = wrapped(&format!("{}: {}", state(notification), title(alert)), "");
    text.extend(facts.iter().map(|(name, value)| format!("\n{name}\n{}", wrapped(value, "    "))));
    if left > 0 {
        text += &format!("\n{left} more facts\n");
    }
    text += &format!("\n{}", wrapped(&origin(alert), ""));
    if let Some(url) = &notification.acknowledge_url {
        text += &format!("\nAcknowledge the alert, which ends its escalation:\n{url}\n");
    }
    text
}
