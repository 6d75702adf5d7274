//! What happened when: printed as it happens, and kept for the report.

use std::{
    env,
    io::{IsTerminal, Write, stdout},
};

use jiff::{Timestamp, Zoned, tz::TimeZone};

use crate::check::Failure;

/// The events so far.
#[derive(Debug)]
pub(crate) struct Timeline {
    tz: TimeZone,
    colour: bool,
    begin: Timestamp,
    events: Vec<Event>,
}

/// One event.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) at: Timestamp,
    pub(crate) text: String,
    pub(crate) source: Source,
}

/// Where the knowledge of an event comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Source {
    Deploy,
    Http,
    Metrics,
    Log,
    Issues,
    Health,
}

impl Timeline {
    pub(crate) fn new(tz: TimeZone) -> Self {
        let colour = stdout().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { tz, colour, begin: Timestamp::now(), events: Vec::new() }
    }

    /// Announces a step.
    pub(crate) fn step(&self, number: u8, title: &str) {
        self.print(&format!("\n{}", self.paint(BOLD, &format!("{number}  {title}"))));
    }

    /// Notes an event of this moment.
    pub(crate) fn note(&mut self, source: Source, text: impl Into<String>) {
        self.note_at(Timestamp::now(), source, text);
    }

    /// Notes an event.
    pub(crate) fn note_at(&mut self, at: Timestamp, source: Source, text: impl Into<String>) {
        let event = Event { at, text: text.into(), source };
        let clock = self.local(at).strftime("%H:%M:%S%.3f").to_string();
        let offset = format!("{:>+7.1} s", at.duration_since(self.begin).as_secs_f64());
        let (clock, offset) = (self.paint(DIM, &clock), self.paint(DIM, &offset));
        self.print(&format!("   {clock} {offset}  {:<8} {}", source.as_str(), event.text));
        self.events.push(event);
    }

    /// Says that a step held.
    pub(crate) fn holds(&self, text: &str) {
        self.print(&format!("   {} {text}", self.paint(GREEN, "ok")));
    }

    /// Says which step did not hold.
    pub(crate) fn fail(&self, failure: &Failure) {
        self.print(&format!("   {} {}", self.paint(RED, "FAILED"), failure.expected));
    }

    /// Says something that is no event.
    pub(crate) fn say(&self, text: &str) {
        self.print(text);
    }

    /// Returns every event in the order of time.
    pub(crate) fn events(&self) -> Vec<Event> {
        let mut events = self.events.clone();
        events.sort_by_key(|event| event.at);
        events
    }

    pub(crate) fn local(&self, at: Timestamp) -> Zoned {
        at.to_zoned(self.tz.clone())
    }

    pub(crate) fn paint(&self, style: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// A pipe that was closed is no reason to stop.
    fn print(&self, line: &str) {
        let _ = writeln!(stdout(), "{line}");
    }
}

impl Source {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Http => "http",
            Self::Metrics => "metrics",
            Self::Log => "log",
            Self::Issues => "issues",
            Self::Health => "health",
        }
    }
}

/// Returns the time from `from` to `to`, such as `1.2 s` or `48 ms`.
pub(crate) fn between(from: Timestamp, to: Timestamp) -> String {
    let span = to.duration_since(from);
    if span.as_secs() == 0 { format!("{} ms", span.as_millis()) } else { format!("{:.1} s", span.as_secs_f64()) }
}

pub(crate) const BOLD: &str = "1";
const DIM: &str = "2";
const GREEN: &str = "32";
const RED: &str = "31";
