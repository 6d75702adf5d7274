//! The report: written by the service in two languages, checked, and followed by the comparison with the original.

mod content;

use std::path::{Path, PathBuf};

use http::Method;
use jiff::{Timestamp, tz::TimeZone};

use crate::{
    check::{Checked, expect, unmet},
    comparison,
    draft::Draft,
    facts::Facts,
    language::Language,
    timeline::Timeline,
    world::World,
};

/// The files of the report, and the time zone of its times.
#[derive(Debug)]
pub(crate) struct Files {
    drafts: [Draft; 2],
    /// Folder of the chart.
    folder: PathBuf,
    zone: String,
}

impl Files {
    /// Opens the report and the French one beside it, so that an unwritable report is an error before the story begins.
    pub(crate) fn open(path: &Path, zone: &TimeZone) -> Result<Self, String> {
        let drafts = [Draft::open(path)?, Draft::open(&path.with_extension("fr.md"))?];
        let zone = zone.iana_name().filter(|_| !zone.is_unknown()).unwrap_or("UTC").to_owned();
        Ok(Self { drafts, folder: path.parent().map(Path::to_owned).unwrap_or_default(), zone })
    }
}

/// Writes the report of the incident in both languages, and its chart.
pub(crate) async fn written_up(world: &World, timeline: &Timeline, files: Files, facts: &mut Facts) -> Checked {
    let id = facts.incident.clone();
    let mut reports = Vec::new();
    // In a query, `+` is a space.
    let zone = files.zone.replace('+', "%2B");
    for language in Language::ALL {
        let path = format!("/incidents/{id}/report?language={}&zone={zone}", language.code());
        let report = get(world, &path).await?;
        content::check(&report, language, facts)?;
        reports.push((language, report));
    }
    let mut charts = Vec::new();
    // Under these names the reports link to them.
    for (language, name) in Language::ALL.into_iter().zip([format!("{id}.svg"), format!("{id}.fr.svg")]) {
        let chart = get(world, &format!("/incidents/{id}/chart?language={}&zone={zone}", language.code())).await?;
        expect("the chart is an SVG", true, chart.contains("<svg") && chart.contains("</svg>"))?;
        charts.push((files.folder.join(name), chart));
    }

    facts.written_up = Some(Timestamp::now());
    for (path, chart) in &charts {
        let draft = Draft::open(path).map_err(|error| unmet("the chart is written", error))?;
        publish(draft, chart)?;
    }
    let mut written = Vec::new();
    for (draft, (language, report)) in files.drafts.into_iter().zip(reports) {
        written.push(draft.path().display().to_string());
        publish(draft, &(report + &comparison::section(facts, language)))?;
    }
    timeline.holds(&format!(
        "{}, {} and their charts: every heading, exact counts, and the cause: {}",
        written[0], written[1], facts.logged_location
    ));
    Ok(())
}

async fn get(world: &World, path: &str) -> Checked<String> {
    let response = world.operate(Method::GET, path, "").await?;
    expect(&format!("{path} is there"), 200, response.status.as_u16())?;
    Ok(response.body)
}

fn publish(draft: Draft, text: &str) -> Checked {
    let path = draft.path().display().to_string();
    draft.publish(text).map_err(|error| unmet(&format!("{path} is written"), error))
}
