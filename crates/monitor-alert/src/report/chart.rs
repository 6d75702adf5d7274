//! The chart of errors over time, as SVG. It takes its colours from the page, so that it is readable on dark ones.

use std::time::Duration;

use super::{escape::xml, facts::Facts, times, words::fill};

pub(super) fn write(facts: &Facts<'_>) -> String {
    let (impact, words) = (&facts.incident.impact, facts.words);
    let step = impact.chart.step_seconds.to_string();
    let described = fill(words.chart_description, &[&impact.failed.to_string(), &impact.requests.to_string(), &step]);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"currentColor\">\n\
         <title>{}</title>\n<desc>{}</desc>\n{}{}{}</svg>\n",
        xml(words.chart),
        xml(&described),
        bars(facts),
        axis(facts),
        marks(facts),
    )
}

/// Returns a pale bar for all requests of each step, and a red one for those that failed.
fn bars(facts: &Facts<'_>) -> String {
    let steps = &facts.incident.impact.chart.steps;
    let most = steps.iter().map(|(_, requests)| *requests).max().unwrap_or(0).max(1) as f64;
    let width = (RIGHT - LEFT) / steps.len().max(1) as f64;
    let bar = |at: usize, count: u64, style: &str| {
        let height = (BOTTOM - TOP) * count as f64 / most;
        let (x, y) = (LEFT + width * at as f64, BOTTOM - height);
        let gap = if width > 3.0 { 1.0 } else { 0.0 };
        format!("<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{height:.1}\" {style}/>\n", width - gap)
    };
    let both = steps.iter().enumerate().flat_map(|(at, (failed, requests))| {
        let all = (*requests > 0).then(|| bar(at, *requests, "opacity=\"0.2\""));
        let bad = (*failed > 0).then(|| bar(at, *failed, "fill=\"#d1242f\""));
        all.into_iter().chain(bad)
    });
    let most = format!("<text x=\"{LEFT}\" y=\"{:.1}\">{most}</text>\n", TOP - 6.0);
    both.collect::<String>() + &most
}

fn axis(facts: &Facts<'_>) -> String {
    let started = facts.incident.started;
    let end = started.checked_add(length(facts)).unwrap_or(started);
    let (from, to) = (facts.clock(started), facts.clock(end));
    let zone = times::zone_name(started, facts.zone);
    let y = BOTTOM + 18.0;
    format!(
        "<line x1=\"{LEFT}\" y1=\"{BOTTOM}\" x2=\"{RIGHT}\" y2=\"{BOTTOM}\" stroke=\"currentColor\" opacity=\"0.5\"/>\n\
         <text x=\"{LEFT}\" y=\"{y}\">{from} {zone}</text>\n\
         <text x=\"{RIGHT}\" y=\"{y}\" text-anchor=\"end\">{to}</text>\n"
    )
}

/// Returns a line for the time at which the incident was detected, mitigated and resolved. Labels stand below each
/// other.
fn marks(facts: &Facts<'_>) -> String {
    let (incident, words) = (facts.incident, facts.words);
    let all = [
        (words.detected, incident.detected),
        (words.mitigated, incident.mitigated),
        (words.resolved, incident.resolved),
    ];
    let length = length(facts).as_secs_f64();
    let recorded = all.into_iter().filter_map(|(name, time)| Some((name, time?.as_secs_f64())));
    let visible = recorded.filter(|(_, time)| *time <= length).enumerate();
    let mark = |(row, (name, time)): (usize, (&str, f64))| {
        let x = LEFT + (RIGHT - LEFT) * time / length;
        let y = TOP + 12.0 + 15.0 * row as f64;
        // A label near the right edge stands to the left of its line.
        let (anchor, at) = if x > WIDTH * 0.8 { ("end", x - 4.0) } else { ("start", x + 4.0) };
        format!(
            "<line x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{BOTTOM}\" stroke=\"currentColor\" \
             stroke-dasharray=\"3 3\"/>\n<text x=\"{at:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>\n",
            xml(name)
        )
    };
    visible.map(mark).collect()
}

/// Returns the time that the chart covers.
fn length(facts: &Facts<'_>) -> Duration {
    let chart = &facts.incident.impact.chart;
    Duration::from_secs(chart.step_seconds.saturating_mul(chart.steps.len() as u64).clamp(1, MAX_SECONDS))
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 200.0;
const LEFT: f64 = 8.0;
const RIGHT: f64 = 712.0;
const TOP: f64 = 24.0;
const BOTTOM: f64 = 172.0;
/// A hundred years.
const MAX_SECONDS: u64 = 100 * 366 * 24 * 60 * 60;
