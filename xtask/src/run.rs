//! Runs commands: each is echoed first, and its failure becomes a sentence.

use std::{
    env,
    ffi::OsStr,
    io::{self, Write},
    path::Path,
    process::{Command, ExitStatus, Output, Stdio},
};

use crate::failure::Failure;

/// Returns the root folder of the workspace.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// Returns a `cargo` command with these arguments that runs in the root folder.
pub(crate) fn cargo(words: &str) -> Command {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(words.split_whitespace()).current_dir(root());
    command
}

/// Runs `command` and waits until it exits.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let line = line(command);
    let _ = writeln!(io::stderr(), "$ {line}");
    ended(&line, command.status())
}

/// Runs `command` and returns its standard output.
pub(crate) fn read(command: &mut Command) -> Result<String, Failure> {
    text_of(&line(command), command.stderr(Stdio::inherit()).output())
}

/// Runs `command` and returns its standard output. It is shown as well, even if the command fails.
pub(crate) fn read_shown(command: &mut Command) -> Result<String, Failure> {
    let line = line(command);
    let _ = writeln!(io::stderr(), "$ {line}");
    let output = command.stderr(Stdio::inherit()).output();
    if let Ok(output) = &output {
        let _ = io::stdout().write_all(&output.stdout);
    }
    text_of(&line, output)
}

/// Runs `command` and returns its standard output. Its standard error is included in a failure and not shown otherwise.
pub(crate) fn read_quietly(command: &mut Command) -> Result<String, Failure> {
    let line = line(command);
    let output = command.output().map_err(|error| Failure::step(format!("`{line}` cannot be run: {error}")))?;
    if !output.status.success() {
        return Err(Failure::step(format!("`{line}` ended with {}{}", output.status, last_words(&output.stderr))));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn last_words(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<_> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(20)..].iter().map(|line| format!("\n  {line}")).collect()
}

/// Returns whether `command` can be run and succeeds. Its output is discarded.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn text_of(line: &str, output: io::Result<Output>) -> Result<String, Failure> {
    let text = output.as_ref().map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    ended(line, output.map(|output| output.status)).map(|()| text)
}

fn ended(line: &str, status: io::Result<ExitStatus>) -> Result<(), Failure> {
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::step(format!("`{line}` ended with {status}"))),
        Err(error) => Err(Failure::step(format!("`{line}` cannot be run: {error}"))),
    }
}

fn line(command: &Command) -> String {
    let set = command.get_envs().filter_map(|(key, value)| Some(format!("{}={}", key.display(), quoted(value?))));
    let program = Path::new(command.get_program()).file_name().unwrap_or_else(|| command.get_program());
    let words = [program].into_iter().chain(command.get_args()).map(quoted);
    set.chain(words).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    if word.contains(' ') { format!("'{word}'") } else { word.into_owned() }
}

#[cfg(test)]
mod tests {
    use std::{env, process::Command};

    use super::{line, read, read_quietly, run, succeeds};

    #[test]
    fn a_command_is_echoed_as_one_would_type_it() {
        let mut command = Command::new("toolchain/bin/cargo");
        command.args(["doc", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(line(&command), "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps");
    }

    #[test]
    fn a_command_that_fails_is_named() {
        let failure = run(&mut Command::new("false")).expect_err("must fail");
        assert_eq!(failure.to_string(), "`false` ended with exit status: 1");
        assert!(!succeeds(&mut Command::new("false")));
    }

    #[test]
    fn a_command_that_does_not_exist_is_named() {
        let failure = run(&mut Command::new("no-such-command")).expect_err("must fail");
        assert!(failure.to_string().starts_with("`no-such-command` cannot be run: "), "{failure}");
        assert!(!succeeds(&mut Command::new("no-such-command")));
    }

    #[test]
    fn the_output_of_a_command_is_returned() {
        assert_eq!(read(Command::new("echo").arg("a b")).expect("must run"), "a b\n");
    }

    #[test]
    fn the_standard_error_of_a_quiet_command_is_shown_when_it_fails() {
        let shell = |script: &str| read_quietly(Command::new("sh").args(["-c", script]));
        assert_eq!(shell("echo caught >&2; echo 9").expect("must run"), "9\n");
        let failure = shell("seq 30 >&2; echo why >&2; exit 3").expect_err("must fail").to_string();
        assert!(failure.contains("ended with exit status: 3\n  12\n") && failure.ends_with("\n  why"), "{failure}");
    }

    /// Runs itself in a child process, because a process cannot read what it writes to the terminal.
    #[test]
    fn a_quiet_command_writes_nothing_to_the_terminal() {
        if env::var_os(CHILD).is_some() {
            read_quietly(Command::new("sh").args(["-c", "echo a caught panic >&2"])).expect("must run");
            return;
        }
        let mut test = Command::new(env::current_exe().expect("a path"));
        test.args(["--exact", "run::tests::a_quiet_command_writes_nothing_to_the_terminal", "--nocapture"]);
        let output = test.env(CHILD, "1").output().expect("must run");
        let printed = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        assert!(printed.contains("1 passed") && !printed.contains("a caught panic"), "{printed}");
    }

    const CHILD: &str = "XTASK_TEST_CHILD";
}
