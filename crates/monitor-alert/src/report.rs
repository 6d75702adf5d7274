//! The report of an incident: a post-mortem, drafted from what was recorded.

mod blocks;
mod chart;
mod english;
mod escape;
mod facts;
mod french;
mod json;
mod sections;
mod times;
mod words;

use std::{
    error::Error,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use jiff::tz::TimeZone;
use serde_json::Value;

use self::{blocks::Block, facts::Facts, words::Words};
use crate::incident::Incident;

/// The report of an incident, as Markdown and JSON, in English or French.
///
/// Every number comes from the [`Incident`], and names its evidence. What was not recorded reads "not recorded". The
/// Markdown consists of blocks between markers; people edit it, and [`update`](Self::update) writes those blocks anew
/// that they have not changed.
///
/// # Example
///
/// ```no_run
/// use monitor_kit::alert::{AlertHandle, IncidentReport, Language, ReportError};
///
/// fn write_up(handle: &AlertHandle) -> Result<(), ReportError> {
///     for incident in handle.incidents() {
///         let report = IncidentReport::of(&incident).language(Language::French).time_zone("Europe/Paris")?;
///         let path = report.write_to("post-mortems")?;
///         println!("{}", path.display());
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct IncidentReport<'a> {
    incident: &'a Incident,
    language: Language,
    zone: TimeZone,
}

/// The language of a report.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Language {
    /// English.
    #[default]
    English,
    /// French.
    French,
}

/// A report that cannot be written. Its message says what to change.
#[derive(Debug)]
pub struct ReportError {
    message: String,
    source: Option<io::Error>,
}

impl<'a> IncidentReport<'a> {
    /// Creates the report of an incident, in English and UTC.
    pub fn of(incident: &'a Incident) -> Self {
        Self { incident, language: Language::default(), zone: TimeZone::UTC }
    }

    /// Sets the language.
    pub fn language(mut self, language: Language) -> Self {
        self.language = language;
        self
    }

    /// Sets the time zone in which times are shown, such as `Europe/Paris`.
    ///
    /// # Errors
    ///
    /// Returns an error if the zone is unknown, or the system has no time zone database.
    // No example: the type shows a call.
    pub fn time_zone(mut self, name: &str) -> Result<Self, ReportError> {
        self.zone = if name == "UTC" { TimeZone::UTC } else { TimeZone::get(name).map_err(|_| unknown_zone(name))? };
        Ok(self)
    }

    /// Returns the report as Markdown. Its chart is in a file beside it, `<id>.svg`, or `<id>.fr.svg` in French.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::alert::{Incident, IncidentReport};
    ///
    /// fn print(incident: &Incident) {
    ///     println!("{}", IncidentReport::of(incident).markdown());
    /// }
    /// ```
    #[must_use]
    pub fn markdown(&self) -> String {
        blocks::write(&self.incident.id, &self.blocks())
    }

    /// Writes the blocks of an earlier report anew. Blocks that people changed, text between blocks, and the removal of
    /// a block stay as they are.
    ///
    /// # Errors
    ///
    /// Returns an error if a marker of a block is damaged. It names the line.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::alert::{Incident, IncidentReport, ReportError};
    ///
    /// fn update(incident: &Incident, edited: &str) -> Result<String, ReportError> {
    ///     IncidentReport::of(incident).update(edited)
    /// }
    /// ```
    pub fn update(&self, earlier: &str) -> Result<String, ReportError> {
        blocks::update(&self.incident.id, &self.blocks(), earlier).map_err(ReportError::new)
    }

    /// Returns the report as JSON: the incident, and what the report says of it. Keys and values are those of the
    /// [`Incident`], in no language.
    // No example: as `markdown`.
    #[must_use]
    pub fn json(&self) -> Value {
        json::write(self.incident)
    }

    /// Returns the chart of errors over time as SVG. It takes its colours from the page.
    // No example: as `markdown`.
    #[must_use]
    pub fn chart(&self) -> String {
        chart::write(&self.facts())
    }

    /// Writes the report to `<id>.md`, `<id>.svg` and `<id>.json` in a folder, which is created if need be; in French
    /// to `<id>.fr.md` and `<id>.fr.svg`. A report that is there already is [updated](Self::update). Returns the path
    /// of the Markdown.
    ///
    /// # Errors
    ///
    /// Returns an error if a file cannot be written, or if the earlier report is damaged: it is left as it is then.
    // No example: the type shows a call.
    pub fn write_to(&self, folder: impl AsRef<Path>) -> Result<PathBuf, ReportError> {
        let (folder, id) = (folder.as_ref(), &self.incident.id);
        let named = |end: &str| folder.join(format!("{id}{}.{end}", self.language.words().file_suffix));
        let (chart, json, path) = (named("svg"), folder.join(format!("{id}.json")), named("md"));
        let markdown = match fs::read_to_string(&path) {
            Ok(earlier) => self.update(&earlier)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.markdown(),
            Err(error) => return Err(ReportError::of_file(&path, error)),
        };
        fs::create_dir_all(folder).map_err(|error| ReportError::of_file(folder, error))?;
        let files = [(&chart, self.chart()), (&json, format!("{:#}\n", self.json())), (&path, markdown)];
        for (path, text) in files {
            replace(path, &text).map_err(|error| ReportError::of_file(path, error))?;
        }
        Ok(path)
    }

    fn blocks(&self) -> Vec<Block> {
        sections::write(&self.facts())
    }

    fn facts(&self) -> Facts<'_> {
        Facts { incident: self.incident, words: self.language.words(), zone: &self.zone }
    }
}

impl Language {
    /// Returns the language with this code, such as `fr`.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::alert::Language;
    ///
    /// assert_eq!(Language::from_code("fr"), Some(Language::French));
    /// ```
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::English, Self::French].into_iter().find(|language| language.code() == code)
    }

    /// Returns the code of this language, as in ISO 639.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }

    const fn words(self) -> &'static Words {
        match self {
            Self::English => &english::WORDS,
            Self::French => &french::WORDS,
        }
    }
}

impl ReportError {
    fn new(message: String) -> Self {
        Self { message, source: None }
    }

    fn of_file(path: &Path, error: io::Error) -> Self {
        Self { message: format!("the report cannot be written to {}", path.display()), source: Some(error) }
    }
}

impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for ReportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|error| error as _)
    }
}

fn unknown_zone(name: &str) -> ReportError {
    ReportError::new(format!(
        "the time zone `{name}` is unknown: use one such as `Europe/Paris`, install tzdata, or use UTC"
    ))
}

/// Writes a file beside the present one, then renames it, so that a full disk destroys no report.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let draft = path.with_extension("draft");
    let written = fs::write(&draft, text).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written
}

#[cfg(test)]
mod tests;
