//! The processes that measure. Each prints one figure per line: a name, a tab and a number.

use std::{path::PathBuf, process::Command};

use crate::{
    failure::Failure,
    run::{self, root},
};

/// The logging setup of a process.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Log {
    None,
    Peers,
    Ours,
}

impl Log {
    pub(super) const ALL: [Self; 3] = [Self::None, Self::Peers, Self::Ours];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Peers => "peers",
            Self::Ours => "ours",
        }
    }
}

/// Returns the command of a program of the package `benches`. Backtraces of panics are disabled, whatever the
/// environment has.
pub(super) fn command(program: &str) -> Command {
    let mut command = Command::new(path(program));
    command.env("RUST_BACKTRACE", "0").env_remove("RUST_LOG");
    command
}

pub(super) fn path(program: &str) -> PathBuf {
    root().join("target/release").join(program)
}

/// Runs a program and returns its figures. Its standard error is shown only if it fails, because programs that measure
/// panics print thousands of them.
pub(super) fn read(program: &str, words: &[&str]) -> Result<Vec<(String, f64)>, Failure> {
    figures(&run::read_quietly(command(program).args(words))?)
}

pub(super) fn figures(text: &str) -> Result<Vec<(String, f64)>, Failure> {
    let figure = |line: &str| {
        let (what, number) = line.split_once('\t')?;
        Some((what.to_owned(), number.parse().ok()?))
    };
    let unreadable = |line: &str| Failure::step(format!("`{line}` is no figure of a bench"));
    text.lines().map(|line| figure(line).ok_or_else(|| unreadable(line))).collect()
}

#[cfg(test)]
mod tests {
    use super::figures;

    #[test]
    fn a_figure_is_a_name_a_tab_and_a_number() {
        let read = figures("tower/bare\t12.5\naxum/all of ours\t3\n").expect("figures");
        assert_eq!(read, [("tower/bare".to_owned(), 12.5), ("axum/all of ours".to_owned(), 3.0)]);
        assert_eq!(figures("ready\n").expect_err("no figure").to_string(), "`ready` is no figure of a bench");
    }
}
