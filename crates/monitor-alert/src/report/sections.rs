//! The blocks of a report in their order.

mod actions;
mod factors;
mod lessons;

use std::collections::BTreeSet;

use monitor_core::names;

use super::{
    blocks::Block,
    escape,
    facts::{self, Facts},
    times,
    words::fill,
};
use crate::incident::{IncidentEntry, IncidentEvent};

pub(super) fn write(facts: &Facts<'_>) -> Vec<Block> {
    vec![
        Block::new("title", format!("# {}\n\n*{}*", facts.words.title, facts.words.generated)),
        Block::new("general", general(facts)),
        Block::new("impact", impact(facts)),
        Block::new("summary", format!("## {}\n\n{}", facts.words.summary, summary(facts))),
        Block::new("timeline", format!("## {}\n\n{}", facts.words.timeline, short_timeline(facts))),
        Block::new("events", full_timeline(facts)),
        Block::new("detection", format!("## {}\n\n{}", facts.words.detection, detection(facts))),
        Block::new("cause", format!("## {}\n\n{}", facts.words.cause, cause(facts))),
        Block::new("factors", format!("### {}\n\n{}", facts.words.factors, factors::write(facts))),
        Block::new("actions", format!("## {}\n\n{}", facts.words.actions, actions::write(facts))),
        Block::new("lessons", format!("## {}\n\n{}", facts.words.lessons, lessons::write(facts))),
    ]
}

fn general(facts: &Facts<'_>) -> String {
    let (incident, words) = (facts.incident, facts.words);
    let rows = [
        (words.date, times::full(incident.started, facts.zone)),
        (words.service, escape::text(&incident.service)),
        (words.environment, escape::text(&incident.environment)),
        (words.severity, facts.severity().to_owned()),
        (words.status, (words.status_name)(incident.status()).to_owned()),
        (words.detected, facts.after(incident.detected)),
        (words.mitigated, facts.after(incident.mitigated)),
        (words.resolved, facts.after(incident.resolved)),
    ];
    let rows: String = rows.iter().map(|(name, value)| format!("- **{name}**{} {value}\n", words.colon)).collect();
    format!("## {}\n\n{rows}", words.general)
}

fn impact(facts: &Facts<'_>) -> String {
    let (impact, words) = (&facts.incident.impact, facts.words);
    let mut rows = vec![
        (words.failed.to_owned(), impact.failed, facts.query(names::ERRORS)),
        (words.refused.to_owned(), impact.refused, facts.query(names::REFUSED)),
        (words.requests.to_owned(), impact.requests, facts.query(names::REQUESTS)),
    ];
    rows.extend(impact.issues.iter().map(|issue| {
        let name = fill(words.users_of, &[&escape::text(&issue.name)]);
        (name, issue.users, escape::code(&issue.fingerprint.to_string()))
    }));
    let rows: String = rows.iter().map(|(name, count, query)| format!("| {name} | {count} | {query} |\n")).collect();
    let step = impact.chart.step_seconds.to_string();
    let described = fill(words.chart_description, &[&impact.failed.to_string(), &impact.requests.to_string(), &step]);
    format!(
        "### {}\n\n| {} | {} | {} |\n| --- | ---: | --- |\n{rows}\n![{}]({}{}.svg)\n\n{described}",
        words.impact, words.what, words.number, words.evidence, words.chart, facts.incident.id, words.file_suffix,
    )
}

fn summary(facts: &Facts<'_>) -> String {
    let (incident, words) = (facts.incident, facts.words);
    let (failed, requests) = (incident.impact.failed.to_string(), incident.impact.requests.to_string());
    let counts = fill(words.summary_counts, &[&failed, &requests, &times::full(incident.started, facts.zone)]);
    let durations = [incident.detected, incident.mitigated, incident.resolved].map(|time| facts.duration(time));
    let [detected, mitigated, resolved] = durations.each_ref().map(String::as_str);
    format!("{counts} {}", fill(words.summary_times, &[detected, mitigated, resolved]))
}

/// Returns the changes of status, and what people pinned.
fn short_timeline(facts: &Facts<'_>) -> String {
    let is_short = |entry: &&IncidentEntry| entry.is_pinned || entry.event.is_change();
    table(facts, facts.incident.timeline.iter().filter(is_short))
}

fn full_timeline(facts: &Facts<'_>) -> String {
    let left_out = match facts.incident.left_out {
        0 => String::new(),
        number => format!("\n{}\n", fill(facts.words.left_out, &[&number.to_string()])),
    };
    let all = table(facts, &facts.incident.timeline);
    format!("<details>\n<summary>{}</summary>\n\n{all}{left_out}\n</details>", facts.words.full_timeline)
}

fn table<'a>(facts: &Facts<'_>, entries: impl IntoIterator<Item = &'a IncidentEntry>) -> String {
    let words = facts.words;
    let zone = times::zone_name(facts.incident.started, facts.zone);
    let rows = entries.into_iter().map(|entry| {
        let (clock, offset) = (facts.clock(entry.at), times::offset(entry, facts.incident.started, words));
        format!("| {clock} | {offset} | {} | {} |\n", facts.event(&entry.event), facts::evidence(entry))
    });
    let head = format!("| {} ({zone}) | {} | {} | {} |", words.time, words.since_start, words.event, words.evidence);
    format!("{head}\n| --- | ---: | --- | --- |\n{}", rows.collect::<String>())
}

fn detection(facts: &Facts<'_>) -> String {
    let words = facts.words;
    let notified = facts.incident.timeline.iter().filter_map(|entry| match &entry.event {
        IncidentEvent::Notified { notifier, rule } => Some((notifier, rule, entry.since_start)),
        _ => None,
    });
    let mut notified = notified.peekable();
    let Some((_, rule, first)) = notified.peek() else { return words.not_recorded.to_owned() };
    let found = fill(words.detected_by, &[rule, &facts.duration(Some(*first))]);
    let rows = notified.map(|(notifier, rule, time)| {
        format!("| {} | {} | {} |\n", escape::text(notifier), escape::code(rule), facts.duration(Some(time)))
    });
    format!(
        "{found}\n\n### {}\n\n| {} | {} | {} |\n| --- | --- | ---: |\n{}",
        words.notified,
        words.notifier,
        words.rule,
        words.since_start,
        rows.collect::<String>()
    )
}

fn cause(facts: &Facts<'_>) -> String {
    let words = facts.words;
    let mut issues = BTreeSet::new();
    let causes = facts.incident.timeline.iter().filter_map(|entry| match &entry.event {
        IncidentEvent::IssueOpened(issue) | IncidentEvent::IssueRegressed(issue)
            if entry.issues().all(|fingerprint| issues.insert(fingerprint)) =>
        {
            let place = issue.location.as_ref().map_or_else(|| words.not_recorded.to_owned(), |at| escape::code(at));
            let (name, message) = (escape::text(&issue.type_name), escape::text(&issue.message));
            let cause = match name.as_str() {
                "" => fill(words.cause_message, &[&message, &place]),
                name => fill(words.cause_issue, &[name, &message, &place]),
            };
            Some(format!("- {cause} {}\n", facts::evidence(entry)))
        }
        _ => None,
    });
    let causes: String = causes.collect();
    if causes.is_empty() { words.not_recorded.to_owned() } else { causes }
}
