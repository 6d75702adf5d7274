//! The alerts of the story: each receiver has each of them once, over both releases.

use jiff::Timestamp;
use monitor_kit::{alert::Transition, clock};
use tokio::time::sleep;

use crate::{
    check::{Checked, POLL, START, expect, unmet},
    facts::Facts,
    receivers::{Received, Receiver},
    timeline::{Source, Timeline, between},
    world::World,
};

/// Checks that the first failure is an alert at all receivers.
pub(crate) async fn alerted(world: &World, timeline: &Timeline, facts: &mut Facts) -> Checked {
    arrived(world, Transition::Triggered, ISSUE).await?;
    note_new(world, timeline, facts);
    facts.noticed = facts.alerts.iter().map(|alert| alert.at).min();
    let noticed = facts.noticed.map_or_else(String::new, |at| between(facts.first_error, at));
    timeline.holds(&format!(
        "noticed {noticed} after the first 500, when the first of {} receivers had the alert (original: 1 minute)",
        Receiver::ALL.len()
    ));
    Ok(())
}

/// Waits for the alert on the error ratio at all receivers.
pub(crate) async fn alerted_of_ratio(world: &World, timeline: &Timeline, facts: &mut Facts) -> Checked<String> {
    let at = arrived(world, Transition::Triggered, RATIO).await?;
    note_new(world, timeline, facts);
    Ok(between(facts.first_error, at))
}

/// Waits for the end of both alerts at all receivers.
pub(crate) async fn all_clear(world: &World, timeline: &Timeline, facts: &mut Facts) -> Checked {
    let issue = arrived(world, Transition::Resolved, ISSUE).await?;
    let ratio = arrived(world, Transition::Resolved, RATIO).await?;
    note_new(world, timeline, facts);
    facts.all_clear = Some(issue.max(ratio));
    Ok(())
}

/// Checks that no receiver has a notification twice, or one that the story does not expect.
pub(crate) fn each_once(world: &World, timeline: &Timeline, facts: &mut Facts) -> Checked {
    note_new(world, timeline, facts);
    let names: Vec<_> = facts.alerts.iter().map(name).collect();
    let is_repeated = |name: &&String| names.iter().filter(|other| other == name).count() > 1;
    let repeated: Vec<_> = names.iter().filter(is_repeated).collect();
    expect("no receiver has a notification twice, over both releases", Vec::<&String>::new(), repeated)?;
    let issue = facts.alerts.first().map(|alert| &alert.title);
    let is_false = |alert: &&Received| issue != Some(&alert.title) && !alert.title.contains(RATIO);
    let false_alerts: Vec<_> = facts.alerts.iter().filter(is_false).map(name).collect();
    expect("all alerts are those of the issue and of the error ratio", Vec::<String>::new(), false_alerts)?;
    expect("no alert was refused", Vec::<String>::new(), world.receivers().refused())
}

/// Waits until all receivers have a notification whose title contains `title`. Returns the time at which the last one
/// had it.
async fn arrived(world: &World, transition: Transition, title: &str) -> Checked<Timestamp> {
    let deadline = clock::now() + START;
    loop {
        let accepted = world.receivers().accepted();
        let is_it = |alert: &&Received| alert.transition == transition && alert.title.contains(title);
        let at = |receiver| Some(accepted.iter().filter(is_it).find(|alert| alert.receiver == receiver)?.at);
        let times: Option<Vec<Timestamp>> = Receiver::ALL.into_iter().map(at).collect();
        if let Some(last) = times.and_then(|times| times.into_iter().max()) {
            return Ok(last);
        }
        let refused = world.receivers().refused();
        if !refused.is_empty() || clock::now() >= deadline {
            let seen = accepted.iter().map(name).chain(refused).collect::<Vec<_>>().join(", ");
            let what = format!("every receiver has an alert `{title}`, {}", transition.as_str());
            return Err(unmet(&what, if seen.is_empty() { format!("none within {START:?}") } else { seen }));
        }
        sleep(POLL).await;
    }
}

/// Prints the notifications that arrived since the last call.
pub(crate) fn note_new(world: &World, timeline: &Timeline, facts: &mut Facts) {
    let mut accepted = world.receivers().accepted();
    accepted[facts.alerts.len()..].sort_by_key(|alert| alert.at);
    for alert in &accepted[facts.alerts.len()..] {
        timeline.note_at(alert.at, Source::Alert, name(alert));
    }
    facts.alerts.extend(accepted.drain(facts.alerts.len()..));
}

fn name(alert: &Received) -> String {
    let what = if alert.transition == Transition::Resolved { "all clear for" } else { "alert" };
    format!("{} receives the {what} \"{}\"", alert.receiver.as_str(), alert.title)
}

/// Parts of the titles.
const ISSUE: &str = "/error";
const RATIO: &str = "Error ratio";
