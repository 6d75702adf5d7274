//! The fields of one table. Each is read by its name, and what was not asked for is refused.

use std::{ops::Range, time::Duration};

use monitor_core::traffic::Lookback;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{error::RulesError, values};

pub(super) struct Fields<'t, 'i> {
    text: &'t str,
    table: &'t DeTable<'i>,
    /// The byte at which the table begins.
    start: usize,
    /// Names of the fields that were asked for.
    known: Vec<&'static str>,
}

impl<'t, 'i> Fields<'t, 'i> {
    pub(super) fn new(text: &'t str, table: &'t DeTable<'i>, start: usize) -> Self {
        Self { text, table, start, known: Vec::new() }
    }

    /// Refuses fields that were not asked for.
    pub(super) fn finish(&self) -> Result<(), RulesError> {
        let unknown = self.table.keys().find(|key| !self.known.contains(&key.get_ref().as_ref()));
        let Some(unknown) = unknown else { return Ok(()) };
        let name = unknown.get_ref().as_ref();
        let nearest = self.known.iter().min_by_key(|known| values::distance(known, name)).copied().unwrap_or("type");
        let mut all = self.known.clone();
        all.sort_unstable();
        let message = format!("`{name}` is unknown here: is it `{nearest}`? Known are `{}`", all.join("`, `"));
        Err(RulesError::new(self.text, unknown.span().start, message))
    }

    /// Returns the error of the whole table.
    pub(super) fn refuse(&self, message: impl Into<String>) -> RulesError {
        RulesError::new(self.text, self.start, message)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.table.keys().any(|key| key.get_ref().as_ref() == name)
    }

    /// Returns one of these texts.
    pub(super) fn one_of<'c>(&mut self, name: &'static str, choices: &[&'c str]) -> Result<&'c str, RulesError> {
        let list = choices.join("`, `");
        let (value, span) =
            self.text_at(name)?.ok_or_else(|| self.refuse(format!("the rule has no `{name}`: add one of `{list}`")))?;
        let known = choices.iter().find(|choice| **choice == value).copied();
        known.ok_or_else(|| self.at(span, format!("`{name} = \"{value}\"` is unknown: use one of `{list}`")))
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<String>, RulesError> {
        Ok(self.text_at(name)?.map(|(text, _)| text))
    }

    /// Returns a text, or a list of texts.
    pub(super) fn texts(&mut self, name: &'static str) -> Result<Vec<String>, RulesError> {
        let texts = self.read(name, "a text in quotes, or a list of them", values::texts)?;
        Ok(texts.unwrap_or_default())
    }

    pub(super) fn number(&mut self, name: &'static str) -> Result<Option<f64>, RulesError> {
        self.read(name, "a number, such as 0.05", values::number)
    }

    pub(super) fn needed_number(&mut self, name: &'static str) -> Result<f64, RulesError> {
        let number = self.number(name)?;
        number.ok_or_else(|| self.missing(name, "0.05"))
    }

    pub(super) fn count(&mut self, name: &'static str) -> Result<Option<u64>, RulesError> {
        self.read(name, "a whole number, such as 10", values::count)
    }

    pub(super) fn needed_count(&mut self, name: &'static str) -> Result<u64, RulesError> {
        let count = self.count(name)?;
        count.ok_or_else(|| self.missing(name, "10"))
    }

    pub(super) fn time(&mut self, name: &'static str) -> Result<Option<Duration>, RulesError> {
        self.read(name, "a time, such as \"300ms\", \"90s\", \"5m\" or \"2h\"", values::time)
    }

    pub(super) fn needed_time(&mut self, name: &'static str) -> Result<Duration, RulesError> {
        let time = self.time(name)?;
        time.ok_or_else(|| self.missing(name, "\"500ms\""))
    }

    pub(super) fn window(&mut self, name: &'static str) -> Result<Option<Lookback>, RulesError> {
        self.read(name, "a window of 1 to 60 seconds or minutes, such as \"60s\" or \"5m\"", values::window)
    }

    /// Returns whether a field is `true`.
    pub(super) fn is_set(&mut self, name: &'static str) -> Result<bool, RulesError> {
        let value = self.read(name, "`true` or `false`", |value| match value {
            DeValue::Boolean(value) => Some(*value),
            _ => None,
        })?;
        Ok(value.unwrap_or(false))
    }

    fn text_at(&mut self, name: &'static str) -> Result<Option<(String, Range<usize>)>, RulesError> {
        let Some(value) = self.value(name) else { return Ok(None) };
        match value.get_ref() {
            DeValue::String(text) => Ok(Some((text.as_ref().to_owned(), value.span()))),
            _ => Err(self.at(value.span(), format!("`{name}` must be a text in quotes"))),
        }
    }

    fn read<R>(
        &mut self,
        name: &'static str,
        form: &str,
        read: impl FnOnce(&DeValue<'i>) -> Option<R>,
    ) -> Result<Option<R>, RulesError> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let read = read(value.get_ref());
        read.map(Some).ok_or_else(|| self.at(value.span(), format!("`{name}` must be {form}")))
    }

    fn value(&mut self, name: &'static str) -> Option<&'t Spanned<DeValue<'i>>> {
        self.known.push(name);
        self.table.iter().find(|(key, _)| key.get_ref().as_ref() == name).map(|(_, value)| value)
    }

    fn missing(&self, name: &str, example: &str) -> RulesError {
        self.refuse(format!("the rule has no `{name}`: add one, such as `{name} = {example}`"))
    }

    fn at(&self, span: Range<usize>, message: String) -> RulesError {
        RulesError::new(self.text, span.start, message)
    }
}
