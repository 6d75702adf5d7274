//! The times of the story beside those of the original.

use jiff::Timestamp;

use crate::{facts::Facts, language::Language, timeline::between};

/// One row: the time from the first 500, in the original and now.
#[derive(Debug)]
pub(crate) struct Interval {
    names: [&'static str; 2],
    /// Minutes in the original; `None` if its report does not have it.
    original: Option<u8>,
    now: Option<Timestamp>,
}

/// Returns all intervals, in the order of the original.
pub(crate) fn intervals(facts: &Facts) -> [Interval; 9] {
    let row = |names, original, now| Interval { names, original, now };
    [
        row(["noticed", "détecté"], Some(1), facts.noticed),
        row(["explained", "expliqué"], Some(10), facts.explained),
        row(["switched off", "route désactivée"], Some(20), facts.switched_off),
        row(["error ratio 0", "taux d'erreur à 0"], None, facts.mitigated),
        row(["fixed release", "version corrigée"], Some(30), facts.rolled_out),
        row(["all clear", "fin des alertes"], None, facts.all_clear),
        row(["recovered", "rétabli"], Some(35), facts.recovered),
        row(["closed", "incident clos"], None, facts.closed),
        row(["written up", "rapport rédigé"], None, facts.written_up),
    ]
}

/// Returns the section that follows the report of the service, as Markdown.
pub(crate) fn section(facts: &Facts, language: Language) -> String {
    let rows = intervals(facts).map(|interval| {
        let [name, original, now] = interval.cells(facts.first_error, language);
        format!("| {name} | {original} | {now} |\n")
    });
    let (heading, intro, head) = match language {
        Language::English => ("Beside the original", ENGLISH, "from the first 500 | original | now"),
        Language::French => {
            ("En regard de l'original", FRENCH, "depuis la première erreur 500 | original | cette fois")
        }
    };
    format!("\n## {heading}\n\n{intro}\n\n| {head} |\n| --- | ---: | ---: |\n{}", rows.concat())
}

impl Interval {
    /// Returns the name, the time in the original, and the time now.
    pub(crate) fn cells(&self, first_error: Timestamp, language: Language) -> [String; 3] {
        let now = self.now.map(|now| between(first_error, now));
        let [english, french] = self.names;
        let original = self.original.map_or_else(|| String::from("-"), |minutes| format!("{minutes} min"));
        match language {
            Language::English => [english.to_owned(), original, now.unwrap_or_else(|| String::from("not recorded"))],
            Language::French => {
                let now = now.map_or_else(|| String::from("non consigné"), |now| now.replace('.', ","));
                [french.to_owned(), original, now]
            }
        }
    }
}

const ENGLISH: &str = "This incident was played on one machine, with traffic made for it, after the one of 29 July \
    2025. There, switching the route off was decided after 20 minutes and done by the corrected release.";
const FRENCH: &str = "Cet incident a été rejoué sur une seule machine, avec un trafic créé pour l'occasion, d'après \
    celui du 29 juillet 2025. La désactivation de la route y fut décidée au bout de 20 minutes, et réalisée par la \
    version corrigée.";
