//! The last steps of a history, as sentences.

use std::{collections::VecDeque, fmt};

#[derive(Debug, Default)]
pub(super) struct Journal {
    step: u32,
    lines: VecDeque<String>,
}

impl Journal {
    pub(super) fn next_step(&mut self) {
        self.step += 1;
    }

    pub(super) fn write(&mut self, line: fmt::Arguments<'_>) {
        self.lines.push_back(format!("{:>5}  {line}", self.step));
        if self.lines.len() > LINES {
            self.lines.pop_front();
        }
    }
}

impl fmt::Display for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

const LINES: usize = 40;
