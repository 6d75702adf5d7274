//! However the program ends, it leaves no process and no folder behind.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Returns the command that plays the incident with `folder` as the temporary folder.
fn play(folder: &TempDir, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_incident"));
    command.args(args).current_dir(folder.path()).env("TMPDIR", folder.path());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Waits until `find` returns a value.
fn until<T>(what: &str, mut find: impl FnMut() -> Option<T>) -> T {
    for _ in 0..20_000 {
        if let Some(found) = find() {
            return found;
        }
        thread::sleep(Duration::from_micros(500));
    }
    panic!("{what}");
}

/// Waits for the first child of `parent`. It is visible as soon as it is forked.
fn first_child(parent: &Child) -> PathBuf {
    let children = format!("/proc/{0}/task/{0}/children", parent.id());
    until("no child", || {
        let children = fs::read_to_string(&children).ok()?;
        Some(Path::new("/proc").join(children.split_whitespace().next()?))
    })
}

/// Returns whether the process has ended. A zombie counts as ended, whatever process reaps it.
fn has_ended(process: &Path) -> bool {
    let state = fs::read_to_string(process.join("stat")).ok();
    state.and_then(|stat| Some(stat.rsplit_once(") ")?.1.starts_with(['Z', 'X']))).unwrap_or(true)
}

fn entries(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).expect("it is there").flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn killed_in_its_first_moments_it_leaves_no_process() {
    for _ in 0..5 {
        let folder = folder();
        let mut parent = play(&folder, &[]).spawn().expect("it starts");
        let child = first_child(&parent);
        parent.kill().expect("it runs");
        parent.wait().expect("it has ended");
        until(&format!("{} goes on", child.display()), || has_ended(&child).then_some(()));
    }
}

#[test]
fn a_signal_to_end_leaves_neither_process_nor_folder() {
    for (signal, status) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
        let folder = folder();
        let parent = play(&folder, &[]).spawn().expect("it starts");
        let child = first_child(&parent);
        kill_process(Pid::from_child(&parent), signal).expect("it runs");
        let output = parent.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(status), "{}", stderr(&output));
        until(&format!("{} goes on", child.display()), || has_ended(&child).then_some(()));
        assert_eq!(entries(&folder), Vec::<String>::new());
    }
}

#[test]
fn a_report_that_cannot_be_written_is_known_at_once() {
    let folder = folder();
    fs::create_dir(folder.path().join("taken")).expect("a folder");
    for (report, why) in [
        ("no/such/report.md", "cannot write the report to no/such/report.md: there is no folder no/such"),
        ("taken", "cannot write the report to taken: it is a folder"),
    ] {
        let output = play(&folder, &["--report", report]).output().expect("it ends");
        assert_eq!((output.status.code(), stderr(&output)), (Some(1), format!("incident: {why}\n")));
    }
    assert_eq!(entries(&folder), ["taken"]);
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
