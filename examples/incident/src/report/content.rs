//! What a report must have, and what a French one must not have.

use crate::{
    check::{Checked, expect},
    facts::Facts,
    language::Language,
    story::{ACTOR, CALLS, MESSAGE, SECOND, USERS},
};

/// Checks the headings, the cause, the counts and the language of a report.
pub(super) fn check(report: &str, language: Language, facts: &Facts) -> Checked {
    let what = |what: &str| format!("the report in `{}` {what}", language.code());
    let mut rest = report;
    for heading in language.headings() {
        let found = rest.find(heading);
        expect(&what(&format!("has the heading `{}` in its place", heading.trim_end())), true, found.is_some())?;
        rest = &rest[found.unwrap_or_default()..];
    }
    let counts = [CALLS, facts.refused, USERS].map(|count| format!("| {count} |"));
    let parts = counts.iter().map(String::as_str);
    for part in parts.chain([facts.logged_location.as_str(), "GET /error", ACTOR, SECOND.version, MESSAGE]) {
        expect(&what(&format!("has `{part}`")), true, report.contains(part))?;
    }
    match language {
        Language::English => Ok(()),
        Language::French => expect(&what("is French throughout"), None, english(report)),
    }
}

/// Returns the first English word of a French report. Data may be English: code, markers, and the panic's message.
fn english(report: &str) -> Option<&'static str> {
    let own = without(&without(report, "<!--", "-->"), "`", "`").replace(MESSAGE, "").to_lowercase();
    let words: Vec<_> = own.split(|letter: char| !letter.is_alphanumeric()).collect();
    ENGLISH.into_iter().find(|word| words.contains(word))
}

/// Returns the text without the parts between two marks.
fn without(text: &str, begin: &str, end: &str) -> String {
    let mut own = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(begin) {
        own.push_str(before);
        rest = after.split_once(end).map_or("", |(_, after)| after);
    }
    own + rest
}

/// Words that are in no French sentence.
const ENGLISH: [&str; 14] =
    ["the", "of", "and", "was", "were", "with", "after", "not", "had", "by", "to", "errors", "requests", "closed"];

#[cfg(test)]
mod tests {
    use super::english;

    #[test]
    fn english_words_are_found_outside_of_data() {
        assert_eq!(english("Résumé `the code` <!-- and a marker --> attempt to divide by zero, on-call"), None);
        assert_eq!(english("Errors stopped"), Some("errors"));
        assert_eq!(english("Fin des erreurs. It was over."), Some("was"));
    }
}
