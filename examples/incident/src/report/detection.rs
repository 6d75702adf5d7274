//! The section on detection and diagnosis, with the times of the alerts.

use monitor_kit::alert::Transition;

use super::Facts;
use crate::{
    alerts::RATIO,
    ratio::{THRESHOLD, WINDOW},
    receivers::{Received, Receiver},
    story::percent,
};

/// Returns the section as Markdown.
pub(super) fn section(facts: &Facts) -> String {
    format!(
        "1. **Noticed** after {}: the alert \"{}\" reached its first receiver.\n\
         2. **Confirmed** after {}: the error ratio over {} s, computed from `/metrics`, crossed {}.\n\
         3. **Explained** after {}: the request ID of a failed response led to the log line with message, file and \
         line.\n\
         4. **Grouped** as one issue, `{}`: {} events, first seen {}, last seen {}.\n\n{}",
        facts.after(facts.noticed),
        facts.alerts.first().map_or("not recorded", |alert| alert.title.as_str()),
        facts.after(facts.ratio_crossed),
        WINDOW.as_secs(),
        percent(THRESHOLD),
        facts.after(facts.explained),
        facts.issue("fingerprint"),
        facts.issue("count"),
        facts.issue("first_seen"),
        facts.issue("last_seen"),
        alerts(facts),
    )
}

/// Returns the table of the alerts: the time from the first 500 to each receiver.
fn alerts(facts: &Facts) -> String {
    let of_webhook = facts.alerts.iter().filter(|alert| alert.receiver == Receiver::Webhook);
    let rows = of_webhook.map(|alert| {
        let is_same = |other: &&Received| other.transition == alert.transition && other.title == alert.title;
        let at = |receiver| facts.alerts.iter().filter(is_same).find(|other| other.receiver == receiver);
        let [webhook, slack] = Receiver::ALL.map(|receiver| facts.after(at(receiver).map(|alert| alert.at)));
        format!("| {}: {} | {webhook} | {slack} |\n", alert.transition.as_str(), alert.title)
    });
    format!(
        "### Alerts\n\n| alert, as received | webhook | Slack |\n| --- | ---: | ---: |\n{}\n{}",
        rows.collect::<String>(),
        remaining(facts)
    )
}

/// Returns the sentence about the alert on the error ratio, which is usually still active.
fn remaining(facts: &Facts) -> &'static str {
    let is_over = |alert: &Received| alert.title.contains(RATIO) && alert.transition == Transition::Resolved;
    if facts.alerts.iter().any(is_over) {
        return "Each receiver had each notification once, over both releases, and every alert is over.\n";
    }
    "Each receiver had each notification once, over both releases. The alert on the error ratio was still active when \
     this report was written: it is over when the ratio has been below half of its threshold for a minute.\n"
}
