//! Rules from a TOML text.

mod error;
mod fields;
mod values;

use std::{fs, path::Path};

use monitor_core::traffic::Lookback;
use toml::de::{DeTable, DeValue};

pub use self::error::RulesError;
use self::fields::Fields;
use super::{
    Rule, burn::BurnRule, duration::DurationRule, error_ratio::ErrorRatioRule, escalating::EscalatingRule,
    health::HealthRule, issue::IssueRule, issue_events::IssueEventsRule, milestone::MilestoneRule,
    process_end::ProcessEndRule, silence::SilenceRule, slower::SlowerRule,
};
use crate::alert::Severity;

/// Reads the settings that all conditions have.
macro_rules! common {
    ($rule:expr, $fields:expr) => {{
        let mut rule = $rule;
        if let Some(name) = $fields.text("name")? {
            rule = rule.name(name);
        }
        if let Some(severity) = severity($fields)? {
            rule = rule.severity(severity);
        }
        if let Some(time) = $fields.time("for")? {
            rule = rule.lasting(time);
        }
        if let Some(time) = $fields.time("resolve-after")? {
            rule = rule.resolve_after(time);
        }
        for window in $fields.texts("mute")? {
            rule = rule.mute(window);
        }
        rule
    }};
}

/// Sets what a table has.
macro_rules! set {
    ($rule:ident, $value:expr, $setter:ident) => {
        if let Some(value) = $value {
            $rule = $rule.$setter(value);
        }
    };
}

impl Rule {
    /// Reads rules from a TOML text of at most 64 KiB: a table `[[rule]]` for each one, with its `type`, and the
    /// settings of the type under their names in this crate. Times are texts such as `"90s"`, `"5m"` or `"2h"`. `for`
    /// is the time for which the condition must hold.
    ///
    /// `examples/rules.toml` has all types with all of their settings.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is no TOML, or if a rule is not good. It names the line, and what to change.
    /// Unknown keys are refused, so that no setting is lost to a misspelling.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::alert::{Alerts, Rule, Slack};
    ///
    /// let rules = r#"
    ///     [[rule]]
    ///     type = "issue"
    ///
    ///     [[rule]]
    ///     type = "error-ratio"
    ///     above = 0.02
    ///     within = "5m"
    ///     for = "1m"
    /// "#;
    /// let alerts = Alerts::to(Slack::new("https://hooks.slack.com/services/T000/B000/XXXX")?)
    ///     .rules(Rule::from_toml(rules)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_toml(text: &str) -> Result<Vec<Self>, RulesError> {
        if text.len() > MAX_BYTES {
            return Err(RulesError::new(
                text,
                0,
                format!("the rules have {} bytes: use at most {MAX_BYTES}", text.len()),
            ));
        }
        let file = DeTable::parse(text).map_err(|error| RulesError::of_toml(text, &error))?;
        let mut rules = Vec::new();
        for (key, value) in file.get_ref() {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("rule", DeValue::Array(list)) => {
                    for value in list {
                        rules.push(Self::of_table(text, value.get_ref(), value.span().start)?);
                    }
                }
                (name, _) => {
                    let start = key.span().start;
                    let advice = format!("`{name}` is no part of the rules: begin each rule with `[[rule]]`");
                    return Err(RulesError::new(text, start, advice));
                }
            }
        }
        Self::check(&rules).map_err(|refused| RulesError::new(text, 0, refused))?;
        Ok(rules)
    }

    /// Reads rules from a TOML file, as [`from_toml`](Self::from_toml) does.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read, and those of `from_toml`. It names the file.
    ///
    /// # Example
    ///
    /// ```no_run
    /// use monitor_kit::alert::{Alerts, Rule, Slack};
    ///
    /// let alerts = Alerts::to(Slack::new("https://hooks.slack.com/services/T000/B000/XXXX")?)
    ///     .rules(Rule::from_file("rules.toml")?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_file(path: impl AsRef<Path>) -> Result<Vec<Self>, RulesError> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).map_err(|error| RulesError::of_io(path, &error))?;
        Self::from_toml(&text).map_err(|error| error.in_file(path))
    }

    fn of_table(text: &str, value: &DeValue<'_>, start: usize) -> Result<Self, RulesError> {
        let DeValue::Table(table) = value else {
            return Err(RulesError::new(
                text,
                start,
                "`rule` must be a list of tables: begin each one with `[[rule]]`",
            ));
        };
        let mut fields = Fields::new(text, table, start);
        let rule = Self::of_fields(&mut fields)?;
        fields.finish()?;
        rule.as_condition().map_or(Ok(()), |rule| rule.check()).map_err(|refused| fields.refuse(refused))?;
        Ok(rule)
    }

    fn of_fields(fields: &mut Fields<'_, '_>) -> Result<Self, RulesError> {
        Ok(match fields.one_of("type", &TYPES)? {
            "issue" => IssueRule::new().into(),
            "error-ratio" => error_ratio(fields)?.into(),
            "milestone" => milestone(fields)?.into(),
            "issue-events" => issue_events(fields)?.into(),
            "escalating" => escalating(fields)?.into(),
            "slow" => slow(fields)?.into(),
            "slower" => slower(fields)?.into(),
            "process-end" => process_end(fields)?.into(),
            "readiness" => common!(HealthRule::readiness(), fields).into(),
            "silence" => silence(fields)?.into(),
            _ => burn(fields)?.into(),
        })
    }
}

fn severity(fields: &mut Fields<'_, '_>) -> Result<Option<Severity>, RulesError> {
    if !fields.has("severity") {
        return Ok(None);
    }
    let name = fields.one_of("severity", &["critical", "warning"])?;
    Ok(Some(if name == "critical" { Severity::Critical } else { Severity::Warning }))
}

fn window(fields: &mut Fields<'_, '_>) -> Result<Option<Lookback>, RulesError> {
    fields.window("within")
}

fn error_ratio(fields: &mut Fields<'_, '_>) -> Result<ErrorRatioRule, RulesError> {
    let mut rule = common!(ErrorRatioRule::above(fields.needed_number("above")?), fields);
    set!(rule, window(fields)?, within);
    set!(rule, fields.count("at-least")?, at_least);
    set!(rule, fields.number("resolve-below")?, resolve_below);
    Ok(if fields.is_set("per-route")? { rule.per_route() } else { rule })
}

fn issue_events(fields: &mut Fields<'_, '_>) -> Result<IssueEventsRule, RulesError> {
    let mut rule = common!(IssueEventsRule::more_than(fields.needed_count("more-than")?), fields);
    set!(rule, fields.time("within")?, within);
    Ok(rule)
}

fn milestone(fields: &mut Fields<'_, '_>) -> Result<MilestoneRule, RulesError> {
    let mut rule = MilestoneRule::new();
    set!(rule, fields.count("at-least")?, at_least);
    Ok(rule)
}

fn escalating(fields: &mut Fields<'_, '_>) -> Result<EscalatingRule, RulesError> {
    let mut rule = common!(EscalatingRule::times(fields.needed_number("factor")?), fields);
    set!(rule, fields.count("at-least")?, at_least);
    Ok(rule)
}

fn slow(fields: &mut Fields<'_, '_>) -> Result<DurationRule, RulesError> {
    let mut rule = common!(DurationRule::p95_above(fields.needed_time("above")?), fields);
    set!(rule, window(fields)?, within);
    set!(rule, fields.count("at-least")?, at_least);
    set!(rule, fields.number("quantile")?, quantile);
    Ok(if fields.is_set("per-route")? { rule.per_route() } else { rule })
}

fn slower(fields: &mut Fields<'_, '_>) -> Result<SlowerRule, RulesError> {
    let factor = fields.needed_number("factor")?;
    let rule = match fields.one_of("than", &["last-hour", "last-release"])? {
        "last-hour" => SlowerRule::than_last_hour(factor),
        _ => SlowerRule::than_last_release(factor),
    };
    let mut rule = common!(rule, fields);
    set!(rule, fields.count("at-least")?, at_least);
    set!(rule, fields.time("above")?, above);
    Ok(rule)
}

fn silence(fields: &mut Fields<'_, '_>) -> Result<SilenceRule, RulesError> {
    let minutes = u8::try_from(fields.needed_count("minutes")?).unwrap_or(u8::MAX);
    let mut rule = common!(SilenceRule::minutes(minutes), fields);
    set!(rule, fields.count("after")?, after);
    Ok(rule)
}

fn process_end(fields: &mut Fields<'_, '_>) -> Result<ProcessEndRule, RulesError> {
    let mut rule = common!(ProcessEndRule::new(), fields);
    set!(rule, fields.time("lasts")?, lasts);
    Ok(rule)
}

fn burn(fields: &mut Fields<'_, '_>) -> Result<BurnRule, RulesError> {
    let mut rule = common!(BurnRule::objective(fields.needed_number("objective")?), fields);
    set!(rule, fields.count("at-least")?, at_least);
    Ok(rule)
}

const TYPES: [&str; 11] = [
    "burn",
    "error-ratio",
    "escalating",
    "issue",
    "issue-events",
    "milestone",
    "process-end",
    "readiness",
    "silence",
    "slow",
    "slower",
];
const MAX_BYTES: usize = 64 * 1024;

#[cfg(test)]
mod tests;
