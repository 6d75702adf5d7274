//! The words of a report. Each language has them all, so that no report mixes two.

use super::escape::Escape;
use crate::incident::{IncidentEvent, IncidentStatus};

/// The texts of one language. A `{}` is replaced by a value.
pub(super) struct Words {
    /// The part of the names of files between the ID and the extension.
    pub(super) file_suffix: &'static str,
    /// The decimal mark.
    pub(super) decimal: &'static str,
    /// The colon after a word.
    pub(super) colon: &'static str,
    pub(super) not_recorded: &'static str,
    pub(super) generated: &'static str,
    pub(super) title: &'static str,
    pub(super) general: &'static str,
    pub(super) date: &'static str,
    pub(super) service: &'static str,
    pub(super) environment: &'static str,
    pub(super) severity: &'static str,
    pub(super) severe: &'static str,
    pub(super) moderate: &'static str,
    pub(super) status: &'static str,
    pub(super) status_name: fn(IncidentStatus) -> &'static str,
    pub(super) detected: &'static str,
    pub(super) mitigated: &'static str,
    pub(super) resolved: &'static str,
    /// `{}` is a duration.
    pub(super) after: &'static str,
    pub(super) impact: &'static str,
    pub(super) what: &'static str,
    pub(super) number: &'static str,
    pub(super) evidence: &'static str,
    pub(super) failed: &'static str,
    pub(super) refused: &'static str,
    pub(super) requests: &'static str,
    /// `{}` is the name of an issue.
    pub(super) users_of: &'static str,
    pub(super) chart: &'static str,
    /// The chart in words: failed and all requests, and the length of a step in seconds.
    pub(super) chart_description: &'static str,
    pub(super) summary: &'static str,
    /// Failed requests, all requests, and the date.
    pub(super) summary_counts: &'static str,
    /// The durations until the incident was detected, mitigated and resolved.
    pub(super) summary_times: &'static str,
    pub(super) timeline: &'static str,
    pub(super) time: &'static str,
    pub(super) since_start: &'static str,
    pub(super) event: &'static str,
    pub(super) full_timeline: &'static str,
    /// `{}` is a number.
    pub(super) left_out: &'static str,
    pub(super) detection: &'static str,
    /// Name of the rule, and a duration.
    pub(super) detected_by: &'static str,
    pub(super) notified: &'static str,
    pub(super) notifier: &'static str,
    pub(super) rule: &'static str,
    pub(super) cause: &'static str,
    /// Name of the issue, its message, and its place.
    pub(super) cause_issue: &'static str,
    /// The message of an issue without a type, and its place.
    pub(super) cause_message: &'static str,
    pub(super) factors: &'static str,
    /// A release.
    pub(super) factor_release: &'static str,
    /// A kind of end.
    pub(super) factor_end: &'static str,
    /// Name of a probe.
    pub(super) factor_health: &'static str,
    pub(super) to_complete: &'static str,
    pub(super) actions: &'static str,
    pub(super) action: &'static str,
    pub(super) owner: &'static str,
    pub(super) due: &'static str,
    /// A time.
    pub(super) done: &'static str,
    /// A route.
    pub(super) disable: &'static str,
    /// A route.
    pub(super) enable: &'static str,
    /// The name of an issue.
    pub(super) resolve: &'static str,
    pub(super) lessons: &'static str,
    pub(super) well: &'static str,
    pub(super) badly: &'static str,
    pub(super) luck: &'static str,
    /// A duration.
    pub(super) well_detected: &'static str,
    /// A route.
    pub(super) well_disabled: &'static str,
    pub(super) badly_unacknowledged: &'static str,
    pub(super) badly_rose: &'static str,
    /// The kind of a process's end, in words.
    pub(super) end_name: fn(&str) -> &str,
    /// What happened, in words. Texts of the event are escaped by the given function.
    pub(super) event_text: fn(&IncidentEvent, Escape) -> String,
}

/// Replaces each `{}` of a text by the next value.
pub(super) fn fill(text: &str, values: &[&str]) -> String {
    let mut parts = text.split("{}");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for (index, part) in parts.enumerate() {
        filled.push_str(values.get(index).copied().unwrap_or_default());
        filled.push_str(part);
    }
    filled
}
