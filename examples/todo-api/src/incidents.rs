//! `/incidents`: the incidents of this service, their reports, and notes on them, for operators only.

use axum::{
    Router,
    extract::{Path, State},
    http::{
        HeaderMap,
        header::{ACCEPT, CONTENT_TYPE, VARY},
    },
    response::{IntoResponse, Response},
    routing::{get, post},
};
use monitor_kit::{
    alert::{AlertHandle, Incident, IncidentEvent, IncidentReport, Language},
    clock,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    ApiError,
    json::{Json, Params},
    store::Store,
};

/// Language, time zone and format of a report.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// `en` or `fr`. Defaults to `en`.
    language: Option<String>,
    /// A time zone such as `Europe/Paris`. Defaults to UTC.
    zone: Option<String>,
    /// `markdown` or `json`. Defaults to what the request accepts.
    format: Option<String>,
}

/// A note on an incident, and the person who writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    incident: String,
    text: String,
    actor: String,
}

#[derive(Clone, Copy, Debug)]
enum Format {
    Markdown,
    Json,
}

pub(crate) fn router(alerts: AlertHandle) -> Router<Store> {
    Router::new()
        .route("/incidents", get(list))
        .route("/incidents/{id}/report", get(report))
        .route("/incidents/{id}/chart", get(chart))
        .route("/admin/incidents/note", post(note))
        .with_state(alerts)
}

/// Lists the incidents, the latest first.
async fn list(State(alerts): State<AlertHandle>) -> Json<Value> {
    Json(Value::from_iter(alerts.incidents().iter().map(shown)))
}

async fn report(
    State(alerts): State<AlertHandle>,
    Path(id): Path<String>,
    Params(wanted): Params<Wanted>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let incident = find(&alerts, &id)?;
    let report = wanted.report(&incident)?;
    let response = match wanted.format(&headers)? {
        Format::Markdown => ([(CONTENT_TYPE, "text/markdown; charset=utf-8")], report.markdown()).into_response(),
        Format::Json => Json(report.json()).into_response(),
    };
    Ok(([(VARY, "accept")], response).into_response())
}

/// Answers with the chart that the Markdown links to.
async fn chart(
    State(alerts): State<AlertHandle>,
    Path(id): Path<String>,
    Params(wanted): Params<Wanted>,
) -> Result<Response, ApiError> {
    let incident = find(&alerts, &id)?;
    Ok(([(CONTENT_TYPE, "image/svg+xml")], wanted.report(&incident)?.chart()).into_response())
}

async fn note(State(alerts): State<AlertHandle>, Json(note): Json<Note>) -> Result<Json<Value>, ApiError> {
    if note.text.trim().is_empty() || note.actor.trim().is_empty() {
        return Err(ApiError::unprocessable("the text or the actor is empty: say what to note, and who notes it"));
    }
    let noted = alerts.note_on_incident(&note.incident, note.actor, note.text);
    noted.map(|incident| Json(shown(&incident))).ok_or(ApiError::NoSuchIncident)
}

fn find(alerts: &AlertHandle, id: &str) -> Result<Incident, ApiError> {
    alerts.incidents().into_iter().find(|incident| incident.id == id).ok_or(ApiError::NoSuchIncident)
}

/// Returns an incident as it is listed. Its times are milliseconds after its first error.
fn shown(incident: &Incident) -> Value {
    let title = incident.timeline.iter().find_map(|entry| match &entry.event {
        IncidentEvent::AlertTriggered { title, severity, .. } if severity == "critical" => Some(title),
        _ => None,
    });
    let [detected, mitigated, resolved] = [incident.detected, incident.mitigated, incident.resolved]
        .map(|time| time.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)));
    json!({
        "id": incident.id,
        "status": incident.status().as_str(),
        "severity": incident.severity.as_str(),
        "title": title,
        "started": clock::rfc3339(incident.started),
        "detected_ms": detected,
        "mitigated_ms": mitigated,
        "resolved_ms": resolved,
        "requests": incident.impact.requests,
        "failed": incident.impact.failed,
        "refused": incident.impact.refused,
        "issues": incident.impact.issues,
    })
}

impl Wanted {
    fn report<'a>(&self, incident: &'a Incident) -> Result<IncidentReport<'a>, ApiError> {
        let code = self.language.as_deref().unwrap_or("en");
        let language = Language::from_code(code)
            .ok_or_else(|| ApiError::bad_request(format!("`{code}` is no language of reports: use en or fr")))?;
        let report = IncidentReport::of(incident).language(language);
        match &self.zone {
            Some(zone) => report.time_zone(zone).map_err(|error| ApiError::bad_request(error.to_string())),
            None => Ok(report),
        }
    }

    fn format(&self, headers: &HeaderMap) -> Result<Format, ApiError> {
        match self.format.as_deref() {
            Some("markdown") => Ok(Format::Markdown),
            Some("json") => Ok(Format::Json),
            Some(name) => Err(ApiError::bad_request(format!("`{name}` is no format: use markdown or json"))),
            None if accepts_json(headers) => Ok(Format::Json),
            None => Ok(Format::Markdown),
        }
    }
}

fn accepts_json(headers: &HeaderMap) -> bool {
    let ranges = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut ranges = ranges.flat_map(|ranges| ranges.split(',')).map(|range| range.split(';').next());
    ranges.any(|range| range.is_some_and(|range| range.trim().eq_ignore_ascii_case("application/json")))
}
