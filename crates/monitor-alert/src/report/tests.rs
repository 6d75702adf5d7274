//! Tests of the report.

use std::time::{Duration, SystemTime};

use monitor_core::Fingerprint;
use serde_json::{Map, json};

use super::*;
use crate::{
    alert::Severity,
    incident::{Evidence, Impact, IncidentEntry, IncidentEvent, IssueImpact, Second, Subject},
};

/// Returns an incident with an event of every kind.
fn incident() -> Incident {
    let mut incident = Incident {
        id: "20250729-3f9a1c".to_owned(),
        service: "todo-api".to_owned(),
        environment: "production".to_owned(),
        severity: Severity::Critical,
        started: SystemTime::UNIX_EPOCH + Duration::from_millis(1_753_792_200_123),
        detected: Some(Duration::from_millis(48)),
        mitigated: Some(Duration::from_millis(9_250)),
        resolved: Some(Duration::from_secs(312)),
        timeline: Vec::new(),
        left_out: 3,
        impact: impact(),
        alerts: ["a".to_owned()].into(),
        active: [].into(),
        rest: Map::new(),
    };
    for (millis, event, evidence) in events() {
        let since_start = Duration::from_millis(millis);
        let at = incident.started + since_start;
        incident.add(IncidentEntry { at, since_start, event, evidence, is_pinned: false });
    }
    incident
}

fn issue() -> Fingerprint {
    Fingerprint::parse(&format!("v1-{:032x}", 7)).expect("a fingerprint")
}

fn impact() -> Impact {
    let mut impact = Impact::default();
    for second in 0..60 {
        let failed = if second < 10 { 8 } else { 0 };
        impact.add(Duration::from_secs(second), Second { requests: 40, failed, refused: u64::from(second >= 10) });
    }
    let [name, location] = ["DivisionByZero", "src/fault.rs:12"].map(String::from);
    impact.set_issue(IssueImpact { fingerprint: issue(), name, location: Some(location), events: 80, users: 12 });
    impact
}

fn events() -> Vec<(u64, IncidentEvent, Vec<Evidence>)> {
    let text = String::from;
    let subject = Subject {
        type_name: text("DivisionByZero"),
        message: text("attempt to divide by zero"),
        location: Some(text("src/fault.rs:12")),
        routes: vec![text("GET /error")],
    };
    let rule = || text("issue");
    let of_issue = || vec![Evidence::Issue(issue()), Evidence::Request(text("0198-req"))];
    vec![
        (0, IncidentEvent::ReleaseStarted { release: text("1.0.0") }, vec![]),
        (0, IncidentEvent::IssueOpened(subject.clone()), of_issue()),
        (
            3,
            IncidentEvent::AlertTriggered {
                rule: rule(),
                severity: text("critical"),
                title: text("New issue: DivisionByZero in GET /error"),
            },
            vec![Evidence::Alert(text("todo-api/production/issue/7"))],
        ),
        (48, IncidentEvent::Notified { notifier: text("slack"), rule: rule() }, vec![]),
        (1_200, IncidentEvent::Acknowledged { by: text("ada"), rule: rule() }, vec![]),
        (
            2_000,
            IncidentEvent::HealthChanged { probe: Some(text("database")), before: text("ok"), after: text("error") },
            vec![],
        ),
        (2_100, IncidentEvent::HealthChanged { probe: None, before: text("warning"), after: text("unknown") }, vec![]),
        (
            9_250,
            IncidentEvent::RouteDisabled {
                route: text("GET /error"),
                by: text("ada"),
                reason: text("divides by zero"),
            },
            vec![],
        ),
        (9_300, IncidentEvent::RouteDisabled { route: text("/b"), by: text("ada"), reason: text("") }, vec![]),
        (9_900, IncidentEvent::Mitigated, vec![Evidence::Query(text("sum(rate(http_server_errors_total[1m]))"))]),
        (10_000, IncidentEvent::RatioRose { failed: 7, requests: 40 }, vec![]),
        (20_000, IncidentEvent::ProcessEnded { end: text("killed"), release: Some(text("1.0.0")) }, vec![]),
        (20_100, IncidentEvent::ProcessEnded { end: text("by_itself"), release: None }, vec![]),
        (20_200, IncidentEvent::ProcessEnded { end: text("out_of_memory"), release: None }, vec![]),
        (20_300, IncidentEvent::ProcessEnded { end: text("machine_restarted"), release: None }, vec![]),
        (21_000, IncidentEvent::ReleaseStarted { release: text("1.0.1") }, vec![]),
        (30_000, IncidentEvent::IssueResolved { by: Some("ada".to_owned()) }, vec![Evidence::Issue(issue())]),
        (
            30_010,
            IncidentEvent::AlertResolved { rule: rule(), title: text("New issue: DivisionByZero in GET /error") },
            vec![],
        ),
        (31_000, IncidentEvent::IssueRegressed(subject), of_issue()),
        (32_000, IncidentEvent::RouteEnabled { route: text("GET /error"), by: Some(text("ada")) }, vec![]),
        (33_000, IncidentEvent::RouteEnabled { route: text("/c"), by: None }, vec![]),
        (40_000, IncidentEvent::Reopened, vec![]),
        (41_000, IncidentEvent::Note { by: text("ada"), text: text("la cause est connue") }, vec![]),
        (42_000, IncidentEvent::Closed { by: Some(text("ada")) }, vec![]),
        (312_000, IncidentEvent::Closed { by: None }, vec![]),
        (312_001, IncidentEvent::Other(Map::new()), vec![Evidence::Other(Map::new())]),
    ]
}

fn report(incident: &Incident, language: Language) -> IncidentReport<'_> {
    IncidentReport::of(incident).language(language).time_zone("Europe/Paris").expect("a zone")
}

/// Compares a text with a file. `MONITOR_GOLDEN=write` writes the file.
#[track_caller]
fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/golden").join(name);
    if std::env::var("MONITOR_GOLDEN").is_ok_and(|value| value == "write") {
        fs::write(&path, text).expect("a writable file");
    }
    assert_eq!(text, fs::read_to_string(&path).expect("a golden file"), "{name}");
}

#[test]
fn the_reports_are_those_of_the_golden_files() {
    let incident = incident();
    golden("report.en.md", &report(&incident, Language::English).markdown());
    golden("report.fr.md", &report(&incident, Language::French).markdown());
    golden("report.json", &format!("{:#}\n", report(&incident, Language::English).json()));
    golden("chart.svg", &report(&incident, Language::French).chart());
}

#[test]
fn a_french_report_has_no_english_sentence() {
    let french = report(&incident(), Language::French).markdown() + &report(&incident(), Language::French).chart();
    // Texts of the incident are in whatever language they were recorded in.
    let own = french.replace("attempt to divide by zero", "").replace("divides by zero", "");
    for word in [" the ", " was ", " had ", " of ", " after ", " with ", " and ", " not ", " in ", " to ", " by "] {
        assert!(!own.to_lowercase().contains(word), "{word}: {own}");
    }
    let [english, french_words] = [&english::WORDS, &french::WORDS];
    for (_, event, _) in events() {
        let [one, other] = [english, french_words].map(|words| (words.event_text)(&event, escape::text));
        let is_data = matches!(event, IncidentEvent::Note { .. });
        assert!(is_data || one != other, "{one}");
    }
}

#[test]
fn what_was_not_recorded_is_said() {
    let empty = Incident {
        detected: None,
        mitigated: None,
        resolved: None,
        timeline: Vec::new(),
        impact: Impact::default(),
        left_out: 0,
        ..incident()
    };
    let [english, french] = [Language::English, Language::French].map(|language| report(&empty, language).markdown());
    assert_eq!(english.matches("not recorded").count(), 8, "{english}");
    assert_eq!(french.matches("non consigné").count(), 8, "{french}");
    assert!(report(&empty, Language::English).chart().contains("</svg>"));
}

#[test]
fn a_hostile_text_stays_in_its_place() {
    let mut incident = incident();
    let hostile = "x | y\n# heading <!-- /monitor:block --> `code` <script>alert(1)</script>".to_owned();
    incident.service.clone_from(&hostile);
    incident.timeline[0].event = IncidentEvent::Note { by: hostile.clone(), text: hostile.clone() };
    incident.timeline[1].evidence = vec![Evidence::Request(hostile)];
    let markdown = report(&incident, Language::English).markdown();
    assert!(!markdown.contains("<script>") || markdown.contains("`x ¦ y"), "{markdown}");
    assert!(!markdown.contains("\n# heading") && !markdown.contains(" <!-- /monitor"), "{markdown}");
    let updated = report(&incident, Language::English).update(&markdown).expect("a good report");
    assert_eq!(updated, markdown, "its markers are whole");
}

#[test]
fn a_report_is_written_and_updated_in_a_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let (incident, reports) = (incident(), folder.path().join("reports"));
    let path = report(&incident, Language::French).write_to(&reports).expect("a report");
    let written = fs::read_to_string(&path).expect("the report");
    fs::write(&path, written.replace("*À compléter.*", "Tests ajoutés.")).expect("an edit");
    report(&incident, Language::French).write_to(&reports).expect("an update");
    let updated = fs::read_to_string(&path).expect("the report");
    assert!(updated.contains("Tests ajoutés.") && !updated.contains("*À compléter.*"), "{updated}");
    let files = fs::read_dir(&reports).expect("the folder").count();
    assert_eq!(files, 3, "no draft is left");

    fs::write(&path, "no markers").expect("an edit");
    let refused = report(&incident, Language::French).write_to(&reports).expect_err("must be refused");
    assert!(refused.to_string().contains("the first line of the report is missing"), "{refused}");
    assert_eq!(fs::read_to_string(&path).expect("the report"), "no markers");
}

#[test]
fn an_unknown_time_zone_is_refused() {
    let incident = incident();
    let refused = IncidentReport::of(&incident).time_zone("Mars/Olympus").expect_err("must be refused");
    assert!(refused.to_string().contains("use one such as `Europe/Paris`"), "{refused}");
}

#[test]
fn the_json_has_the_incident_and_its_short_timeline() {
    let json = report(&incident(), Language::French).json();
    assert_eq!(json["status"], json!("resolved"));
    assert_eq!(json["incident"]["impact"]["failed"], json!(80));
    let events =
        |name: &str| json["short_timeline"].as_array().expect("a list").iter().any(|entry| entry["event"] == name);
    assert!(events("mitigated") && !events("notified"));
}
