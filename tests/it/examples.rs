//! Every example runs to its end and prints what it is to show.

use std::{env, path::PathBuf, process::Command};

/// Returns the example of this name, as it was built beside this test.
fn example(name: &str) -> Command {
    let test = env::current_exe().expect("this program has a path");
    let folder = test.parent().and_then(|deps| deps.parent()).map(|profile| profile.join("examples"));
    Command::new(folder.unwrap_or_else(PathBuf::new).join(name))
}

pub(crate) fn with_environment(name: &str, variable: &str, value: &str) -> Command {
    let mut command = example(name);
    command.env(variable, value);
    command
}

/// Runs it and returns what it prints.
#[track_caller]
pub(crate) fn run(mut command: Command) -> String {
    let output = command.output().expect("the example was built");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}{stderr}");
    stdout.into_owned()
}
