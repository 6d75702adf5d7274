//! Response bodies, assembled from the text rendered by each probe's last run, the current time and the age of each
//! result.

use std::fmt::Write as _;

use monitor_core::{HealthStatus, clock, escape};
use serde_json::{Value, json};

use crate::{
    detail::DetailLevel,
    probe::{health_json, rendered},
    registry::{
        health::Registry,
        report::{Report, View},
    },
};

/// The names that a caller excluded: those of probes, and unknown ones.
#[derive(Debug, Default)]
pub(crate) struct Excluded {
    pub(crate) known: Vec<String>,
    pub(crate) unknown: Vec<String>,
}

/// Returns the `application/json` body of several checks.
pub(crate) fn json(registry: &Registry, report: &Report<'_>, excluded: &Excluded, detail: DetailLevel) -> String {
    let status = if report.is_healthy() { "healthy" } else { "unhealthy" };
    let mut body = format!("{{\"status\":\"{status}\"");
    rendered::member(&mut body, "timestamp", &now());
    rendered::member(&mut body, "version", &registry.version.as_str().into());
    rendered::member(&mut body, "environment", &registry.environment.as_str().into());
    rendered::member(&mut body, "degraded", &report.is_degraded().into());
    if let Some(obstacle) = &report.obstacle {
        rendered::member(&mut body, "error", &obstacle.as_str().into());
    }
    for (name, names) in [("excluded", &excluded.known), ("unused_exclude", &excluded.unknown)] {
        if !names.is_empty() {
            rendered::member(&mut body, name, &names.as_slice().into());
        }
    }
    body.push_str(",\"checks\":{");
    for (number, view) in report.views.iter().enumerate() {
        let comma = if number == 0 { "" } else { "," };
        let _ = write!(body, "{comma}\"{}\":{{{}", view.probe.name, members(view, detail));
        rendered::member(&mut body, "critical", &view.probe.critical.into());
        if let Some(age) = view.age {
            rendered::member(&mut body, "age_ms", &u64::try_from(age.as_millis()).unwrap_or(u64::MAX).into());
        }
        stale(&mut body, view);
        body.push('}');
    }
    body.push_str("}}");
    body
}

/// Returns the `application/json` body of one probe.
pub(crate) fn alone(view: &View<'_>, detail: DetailLevel) -> String {
    let mut body = format!("{{{}", members(view, detail));
    stale(&mut body, view);
    body.push('}');
    body
}

/// Adds the `stale` member to a result that is older than requested.
fn stale(body: &mut String, view: &View<'_>) {
    if view.age.is_some() && (view.is_stale || view.status == HealthStatus::Unknown) {
        rendered::member(body, "stale", &true.into());
    }
}

fn members(view: &View<'_>, detail: DetailLevel) -> String {
    match view.unknown() {
        Some(reason) => rendered::unknown(reason, detail),
        None => view.rendered.plain[detail as usize].clone(),
    }
}

/// Returns the body of readiness. It names the causes only, without any message of a probe.
pub(crate) fn ready(report: &Report<'_>) -> String {
    let body = if report.is_healthy() {
        json!({ "status": "ready", "timestamp": now() })
    } else {
        json!({ "status": "not_ready", "error": report.failing(), "timestamp": now() })
    };
    escape::json(&body)
}

/// Returns the `application/health+json` body.
pub(crate) fn draft(registry: &Registry, report: &Report<'_>, detail: DetailLevel) -> String {
    let mut body = format!("{{\"status\":\"{}\"", health_json::word(report.status()));
    let major = registry.version.split('.').next().unwrap_or_default();
    rendered::member(&mut body, "version", &major.into());
    rendered::member(&mut body, "releaseId", &registry.version.as_str().into());
    if let Some(identity) = registry.monitor.identity() {
        rendered::member(&mut body, "serviceId", &identity.service().into());
    }
    let mut notes = vec![format!("environment: {}", registry.environment)];
    notes.extend(report.views.iter().filter(|view| view.is_stale).map(|view| format!("stale: {}", view.probe.name)));
    rendered::member(&mut body, "notes", &notes.into());
    let output = report.not_well();
    if !output.is_empty() {
        rendered::member(&mut body, "output", &output.into());
    }
    let checks = report.views.iter().map(|view| match view.unknown() {
        Some(reason) => health_json::unknown(&view.probe.name, reason, detail),
        None => view.rendered.draft[detail as usize].clone(),
    });
    let _ = write!(body, ",\"checks\":{{{}}}}}", checks.collect::<Vec<_>>().join(","));
    body
}

/// Returns the `?verbose` text, in the format of Kubernetes' own components. `check` is `healthz`, `readyz`, or the
/// name of a group or tag.
pub(crate) fn text(check: &str, report: &Report<'_>, excluded: &Excluded) -> String {
    let lines = report.views.iter().map(|view| (view.probe.name.as_str(), view.is_fatal()));
    let obstacle = report.obstacle.iter().map(|obstacle| (obstacle.as_str(), true));
    verbose(check, lines.chain(obstacle), excluded)
}

/// Returns the `?verbose` text of these names, each with whether it has failed. The check has passed if none has.
pub(crate) fn verbose<'a>(
    check: &str,
    lines: impl IntoIterator<Item = (&'a str, bool)>,
    excluded: &Excluded,
) -> String {
    let (mut text, mut verdict) = (String::new(), "passed");
    for (name, has_failed) in lines {
        let _ = if has_failed {
            verdict = "failed";
            writeln!(text, "[-]{name} failed: reason withheld")
        } else {
            writeln!(text, "[+]{name} ok")
        };
    }
    for name in &excluded.known {
        let _ = writeln!(text, "[+]{name} excluded: ok");
    }
    if !excluded.unknown.is_empty() {
        let names: Vec<_> = excluded.unknown.iter().map(|name| format!("{name:?}")).collect();
        let _ = writeln!(text, "warn: some health checks cannot be excluded: no matches for {}", names.join(","));
    }
    let _ = writeln!(text, "{check} check {verdict}");
    text
}

pub(crate) fn now() -> Value {
    clock::rfc3339(clock::wall()).into()
}
