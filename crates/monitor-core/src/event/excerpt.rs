//! Source lines around a frame. They are shown only if the file exists on this machine and is not newer than the
//! program.

use std::{collections::HashMap, env, fs, io::Read, path::Path, sync::Arc, time::SystemTime};

use monitor_redact::{FILTERED, Redaction};
use serde::{Deserialize, Serialize};

use super::Frame;
use crate::base::clock;

/// A few consecutive lines of a source file.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Excerpt {
    /// The number of the first line, from 1.
    pub first_line: u32,
    /// The lines.
    pub lines: Vec<String>,
}

impl Excerpt {
    /// Masks secrets in the lines, then cuts each line at 200 characters.
    pub(crate) fn redact(&mut self, redaction: &Redaction) {
        let text = self.lines.join("\n");
        let masked: Vec<_> = redaction.text(&text).split('\n').map(cut).collect();
        // Masking can join lines: a private key of several lines becomes one mask. Line numbers no longer fit then, so
        // all lines are masked.
        let is_whole = masked.len() == self.lines.len();
        self.lines = if is_whole { masked } else { vec![FILTERED.to_owned(); self.lines.len()] };
    }
}

/// Cache of source files. A file that is newer than the program is not shown.
#[derive(Debug)]
pub(crate) struct Excerpts {
    files: HashMap<String, Option<Arc<str>>>,
    built: Option<SystemTime>,
}

impl Excerpts {
    pub(crate) fn new() -> Self {
        let built = env::current_exe().and_then(fs::metadata).and_then(|data| data.modified()).ok();
        Self { files: HashMap::new(), built: built.filter(is_past) }
    }

    /// Adds an excerpt to the innermost of the program's own frames.
    pub(crate) fn add_to(&mut self, backtrace: &mut [Frame]) {
        for frame in backtrace.iter_mut().filter(|frame| frame.in_app).take(MAX_FRAMES) {
            frame.excerpt = frame.location.as_ref().and_then(|at| self.around(&at.file, at.line));
        }
    }

    fn around(&mut self, file: &str, line: u32) -> Option<Excerpt> {
        let text = self.file(file)?;
        let first_line = line.checked_sub(1)?.saturating_sub(AROUND) + 1;
        let count = (line - first_line + 1 + AROUND) as usize;
        let lines = text.lines().skip(first_line as usize - 1).take(count).map(str::to_owned).collect::<Vec<_>>();
        // A file that ends before the line is not the file the program was built from.
        (lines.len() > (line - first_line) as usize).then_some(Excerpt { first_line, lines })
    }

    fn file(&mut self, file: &str) -> Option<Arc<str>> {
        if let Some(known) = self.files.get(file) {
            return known.clone();
        }
        if self.files.len() >= FILES {
            self.files.clear();
        }
        let text = self.read(Path::new(file));
        self.files.insert(file.to_owned(), text.clone());
        text
    }

    fn read(&self, file: &Path) -> Option<Arc<str>> {
        let data = fs::metadata(file).ok()?;
        if !file.is_absolute() || !data.is_file() || data.len() > MAX_FILE_BYTES || data.modified().ok()? > self.built?
        {
            return None;
        }
        let mut text = String::new();
        fs::File::open(file).ok()?.take(MAX_FILE_BYTES).read_to_string(&mut text).ok()?;
        Some(text.into())
    }
}

/// A program with a build time in the future was built while the clock was ahead, so no source file can be proven
/// older.
fn is_past(built: &SystemTime) -> bool {
    !clock::is_ahead(*built)
}

fn cut(line: &str) -> String {
    line.chars().take(LINE).collect()
}

/// Maximum number of frames of an event with an excerpt.
const MAX_FRAMES: usize = 5;
/// Number of lines before and after the line of the frame.
const AROUND: u32 = 3;
const LINE: usize = 200;
const FILES: usize = 64;
const MAX_FILE_BYTES: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_masked_before_they_are_cut_and_together() {
        let redacted = |lines: &[&str]| {
            let mut excerpt = Excerpt { first_line: 1, lines: lines.iter().map(|line| (*line).to_owned()).collect() };
            excerpt.redact(&Redaction::new());
            excerpt.lines
        };
        let dsn = format!("{:180}postgres://admin:hunter2@db/todo", "");
        assert_eq!(
            redacted(&[&dsn, "a"]),
            [format!("{:180}postgres://[Filtered]@db/todo", "")[..200].to_owned(), "a".into()]
        );
        let key = ["const KEY: &str = \"-----BEGIN PRIVATE KEY-----", "MIIE", "-----END PRIVATE KEY-----\";"];
        assert_eq!(redacted(&key), [FILTERED; 3]);
    }

    #[test]
    fn lines_around_a_place_are_those_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.rs");
        fs::write(&file, (1..=9).map(|line| format!("line {line}\n")).collect::<String>()).unwrap();
        let (file, later) = (file.to_str().unwrap(), Some(clock::wall() + std::time::Duration::from_secs(60)));
        let mut excerpts = Excerpts { files: HashMap::new(), built: later };
        let around =
            |excerpts: &mut Excerpts, line| excerpts.around(file, line).map(|found| (found.first_line, found.lines));
        let lines = |range: std::ops::RangeInclusive<u32>| range.map(|line| format!("line {line}")).collect();
        assert_eq!(around(&mut excerpts, 5), Some((2, lines(2..=8))));
        assert_eq!(around(&mut excerpts, 1), Some((1, lines(1..=4))));
        assert_eq!(around(&mut excerpts, 9), Some((6, lines(6..=9))));
        assert_eq!((around(&mut excerpts, 10), around(&mut excerpts, 0)), (None, None));
        let mut changed = Excerpts { files: HashMap::new(), built: Some(SystemTime::UNIX_EPOCH) };
        assert_eq!(around(&mut changed, 5), None, "the file is newer than the program");
    }

    #[test]
    fn a_program_that_was_built_while_the_clock_was_ahead_shows_no_source() {
        assert!(Excerpts::new().built.is_some());
        let _clock = clock::WrongClock::behind(std::time::Duration::from_secs(100 * 365 * 24 * 60 * 60 / 4));
        assert!(Excerpts::new().built.is_none());
    }
}
