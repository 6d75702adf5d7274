//! The timeline of events, printed as they occur.

use std::{
    env,
    io::{IsTerminal, Write, stdout},
};

use jiff::Timestamp;
use rustix::termios::tcgetwinsize;

use crate::{check::Failure, wrap};

/// The output of the story.
#[derive(Debug)]
pub(crate) struct Timeline {
    colour: bool,
    width: usize,
    begin: Timestamp,
}

/// The source of an event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Source {
    Deploy,
    Http,
    Alert,
    Metrics,
    Log,
    Issues,
    Health,
    Incident,
}

impl Timeline {
    pub(crate) fn new() -> Self {
        let colour = stdout().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { colour, width: width(), begin: Timestamp::now() }
    }

    /// Announces a step.
    pub(crate) fn step(&self, number: u8, title: &str) {
        self.print(&format!("\n{}", self.paint(BOLD, &format!("{number}  {title}"))));
    }

    /// Prints an event of this moment.
    pub(crate) fn note(&self, source: Source, text: impl AsRef<str>) {
        self.note_at(Timestamp::now(), source, text);
    }

    /// Prints an event.
    pub(crate) fn note_at(&self, at: Timestamp, source: Source, text: impl AsRef<str>) {
        let offset = at.duration_since(self.begin).as_secs_f64();
        self.hang(DIM, &format!("{offset:>+10.3} s  {:<8} ", source.as_str()), text.as_ref());
    }

    /// Prints that a step succeeded.
    pub(crate) fn holds(&self, text: &str) {
        self.hang(GREEN, "   ok ", text);
    }

    /// Prints the failure of a step.
    pub(crate) fn fail(&self, failure: &Failure) {
        self.hang(RED, "   FAILED ", &failure.expected);
    }

    /// Prints a paragraph.
    pub(crate) fn paragraph(&self, text: &str) {
        self.hang(PLAIN, "", text);
    }

    /// Prints a line unchanged.
    pub(crate) fn line(&self, line: &str) {
        self.print(line);
    }

    pub(crate) fn paint(&self, style: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Prints `text` after `prefix`, wrapped to the width of the terminal.
    fn hang(&self, style: &str, prefix: &str, text: &str) {
        let indent = prefix.chars().count();
        let mut prefix = self.paint(style, prefix);
        for line in wrap::lines(text, self.width - indent) {
            self.print(&format!("{prefix}{line}"));
            prefix = " ".repeat(indent);
        }
    }

    /// Prints a line. A closed pipe is ignored.
    fn print(&self, line: &str) {
        let _ = writeln!(stdout(), "{line}");
    }
}

impl Source {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Http => "http",
            Self::Alert => "alert",
            Self::Metrics => "metrics",
            Self::Log => "log",
            Self::Issues => "issues",
            Self::Health => "health",
            Self::Incident => "incident",
        }
    }
}

/// Returns the time from `from` to `to`, such as `1.2 s` or `48 ms`.
pub(crate) fn between(from: Timestamp, to: Timestamp) -> String {
    let span = to.duration_since(from);
    if span.as_secs() == 0 { format!("{} ms", span.as_millis()) } else { format!("{:.1} s", span.as_secs_f64()) }
}

/// Returns the width of the terminal, or else `COLUMNS`, limited to a readable range.
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
