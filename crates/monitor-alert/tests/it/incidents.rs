//! Incidents of a monitor: their times and counts, over a restart, and their reports.

use std::{fs, path::Path, time::Duration};

use monitor_alert::{
    AlertHandle, Alerts, ErrorRatioRule, Incident, IncidentReport, IncidentStatus, IssueRule, Language, Rule,
};
use monitor_core::{DisableRoute, KnownMethod, Monitor, Triage, traffic::Lookback};
use monitor_store::Store;

use crate::support::{PATIENCE, Recorder, builder, crash, serve, until};

/// Returns a monitor with a store, whose incidents are over after a quiet second.
fn shop(folder: &Path, release: &str) -> (Monitor, AlertHandle) {
    let ratio = ErrorRatioRule::above(0.05).within(Lookback::Seconds(2)).resolve_after(Duration::ZERO);
    let rules: [Rule; 2] = [IssueRule::new().into(), ratio.into()];
    let alerts = Alerts::to(Recorder::accepting()).rules(rules).close_incidents_after(Duration::from_secs(1));
    let handle = alerts.handle();
    let store = Store::open(folder).expect("the folder can be written to");
    let monitor = builder(release).routes([("GET", "/error")]).persist(store).extend(alerts).build();
    (monitor.expect("the settings are good"), handle)
}

fn only(handle: &AlertHandle) -> Incident {
    let mut incidents = handle.incidents();
    assert_eq!(incidents.len(), 1, "{incidents:?}");
    incidents.remove(0)
}

#[test]
fn an_incident_is_counted_exactly_over_a_restart_and_written_up() {
    let folder = tempfile::tempdir().unwrap();
    let (old, handle) = shop(folder.path(), "1.0.0");
    serve(&old, 10, 500);
    // The incident is open as long as the issue of the panic is unresolved.
    crash(&old);
    let id = only(&handle).id;
    until("a receiver has the alert", || only(&handle).detected.is_some());
    serve(&old, 3, 500);
    serve(&old, 7, 200);
    let order = DisableRoute::new("/error", "ada").method(KnownMethod::Get).reason("it divides by zero");
    old.disable_route(order).unwrap();
    until("it is mitigated", || only(&handle).mitigated.is_some());
    assert!(old.shutdown(PATIENCE));
    drop(old);

    let (new, handle) = shop(folder.path(), "1.0.1");
    until("the store is read", || handle.incidents().iter().any(|incident| incident.id == id));
    new.triage(new.issues()[0].fingerprint, Triage::Resolve, "ada").unwrap();
    handle.note_on_incident(&id, "ada", "test routes are gone").expect("the incident is known");
    until("it is over", || only(&handle).status() == IncidentStatus::Resolved);

    let incident = only(&handle);
    assert_eq!((incident.impact.failed, incident.impact.requests), (13, 20));
    assert!(incident.detected <= incident.mitigated && incident.mitigated <= incident.resolved, "{incident:?}");
    for name in ["IssueResolved", "RouteDisabled", "ProcessEnded"] {
        let events = incident.timeline.iter().map(|entry| format!("{:?}", entry.event));
        assert_eq!(events.filter(|event| event.starts_with(name)).count(), 1, "{name}: {incident:?}");
    }
    let reports = folder.path().join("reports");
    for (language, expected) in [
        (Language::English, ["ada disabled GET /error: it divides by zero", "ada: test routes are gone"]),
        (Language::French, ["ada a désactivé GET /error : it divides by zero", "ada : test routes are gone"]),
    ] {
        let report = IncidentReport::of(&incident).language(language);
        let written = fs::read_to_string(report.write_to(reports.join(language.code())).unwrap()).unwrap();
        for text in expected.iter().chain(&["support.rs:", "out of paper", "| 13 |"]) {
            assert!(written.contains(text), "{text}: {written}");
        }
    }
}
