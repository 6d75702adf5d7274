//! What happened when: printed as it happens, and kept for the report.

use std::{
    env,
    io::{IsTerminal, Write, stdout},
};

use jiff::{Timestamp, Zoned, tz::TimeZone};
use rustix::termios::tcgetwinsize;

use crate::{check::Failure, wrap};

/// The events so far.
#[derive(Debug)]
pub(crate) struct Timeline {
    tz: TimeZone,
    colour: bool,
    width: usize,
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
        Self { tz, colour, width: width(), begin: Timestamp::now(), events: Vec::new() }
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
        let offset = at.duration_since(self.begin).as_secs_f64();
        self.hang(DIM, &format!("{offset:>+10.3} s  {:<8} ", source.as_str()), &event.text);
        self.events.push(event);
    }

    /// Says that a step held.
    pub(crate) fn holds(&self, text: &str) {
        self.hang(GREEN, "   ok ", text);
    }

    /// Says which step did not hold.
    pub(crate) fn fail(&self, failure: &Failure) {
        self.hang(RED, "   FAILED ", &failure.expected);
    }

    /// Prints a paragraph.
    pub(crate) fn paragraph(&self, text: &str) {
        self.hang(PLAIN, "", text);
    }

    /// Prints a line as it is.
    pub(crate) fn line(&self, line: &str) {
        self.print(line);
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

    /// Prints `text` behind `prefix`, in as many lines as it takes.
    fn hang(&self, style: &str, prefix: &str, text: &str) {
        let indent = prefix.chars().count();
        let mut prefix = self.paint(style, prefix);
        for line in wrap::lines(text, self.width - indent) {
            self.print(&format!("{prefix}{line}"));
            prefix = " ".repeat(indent);
        }
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

/// Returns the width of the terminal, else what `COLUMNS` says, within what can be read.
fn width() -> usize {
    let of_terminal = tcgetwinsize(stdout()).ok().map(|size| usize::from(size.ws_col)).filter(|width| *width > 0);
    let said = || env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    of_terminal.or_else(said).unwrap_or(80).clamp(60, 120)
}

const PLAIN: &str = "0";
pub(crate) const BOLD: &str = "1";
const DIM: &str = "2";
const GREEN: &str = "32";
const RED: &str = "31";
