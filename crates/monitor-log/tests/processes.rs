//! Logs of real processes: several that write to one file, one with a non-blocking standard output, and one that exits.

use std::{
    env,
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, Command, Stdio},
};

use monitor_core::Monitor;
use monitor_log::{LogBuilder, RollingFile, Rotation};

const PROCESSES: usize = 3;
const LINES: usize = 2_000;

/// A child process, killed when dropped.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns the command that runs one test of this file in a process of its own.
fn child(test: &str, order: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(env::current_exe().expect("a path"));
    command.args(["--exact", test, "--nocapture"]).env(ORDER, order).stdin(Stdio::piped());
    command
}

/// Returns the task given by the parent process; `None` in an ordinary test run.
fn order() -> Option<String> {
    env::var(ORDER).ok()
}

const ORDER: &str = "MONITOR_LOG_TEST";

#[test]
fn lines_of_processes_that_rotate_one_file_are_found_once() {
    let directory = tempfile::tempdir().unwrap();
    let mut writers: Vec<_> = (0..PROCESSES)
        .map(|number| {
            let order = format!("{number} {}", directory.path().join("app.log").display());
            Ended(child("a_process_that_writes_and_rotates", order).stdout(Stdio::null()).spawn().unwrap())
        })
        .collect();
    // Each child starts when its input is closed, that is, after the last one was spawned.
    let inputs: Vec<_> = writers.iter_mut().map(|writer| writer.0.stdin.take()).collect();
    drop(inputs);
    for writer in &mut writers {
        assert!(writer.0.wait().unwrap().success());
    }
    let text = all_lines(directory.path());
    let mut found: Vec<_> = text.lines().filter(|line| !line.is_empty()).collect();
    found.sort_unstable();
    let mut written: Vec<_> = (0..PROCESSES).flat_map(|number| (0..LINES).map(move |at| line(number, at))).collect();
    written.sort_unstable();
    assert_eq!(found.len(), written.len());
    assert!(found.iter().eq(&written));
    assert!(directory.path().join("app.log.10").exists(), "there was no rotation");
}

/// The child process of the test above.
#[test]
fn a_process_that_writes_and_rotates() {
    let Some(order) = order() else { return };
    let (number, path) = order.split_once(' ').unwrap();
    let mut file = RollingFile::open(path, Rotation::size(1024).keep(10_000)).unwrap();
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    for at in 0..LINES {
        file.write_all(format!("{}\n", line(number.parse().unwrap(), at)).as_bytes()).unwrap();
    }
    assert!(file.rotation_error().is_none());
}

fn line(number: usize, at: usize) -> String {
    format!("process {number} line {at:06}")
}

fn all_lines(directory: &Path) -> String {
    let files = fs::read_dir(directory).expect("a directory").map(|file| file.expect("a file").path());
    files.map(|file| fs::read_to_string(file).expect("text")).collect()
}

/// Node, for instance, makes the pipe of a child that inherits it non-blocking.
#[cfg(unix)]
#[test]
fn standard_output_that_does_not_block_loses_no_line() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&writer, true).unwrap();
    let mut command = child("a_process_that_logs_to_standard_output", "begin");
    let mut logger = Ended(command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap());
    drop(command);
    let mut said = BufReader::new(logger.0.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(said.any(|line| line == LOGGED), "the pipe is full by now");
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(said.find(|line| line.starts_with("dropped")).as_deref(), Some("dropped 0"));
    let lines = text.lines().filter(|line| line.starts_with('{'));
    let numbers: Vec<usize> = lines
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["number"].as_u64().unwrap() as usize)
        .collect();
    assert!(numbers.iter().copied().eq(0..LINES), "{} of {LINES} lines", numbers.len());
}

/// The child process of the test above.
#[test]
fn a_process_that_logs_to_standard_output() {
    if order().is_none() {
        return;
    }
    let monitor = Monitor::builder("shop").log(None).build().unwrap();
    let log = LogBuilder::new(&monitor).json(true).init().unwrap();
    for number in 0..LINES {
        tracing::info!(number, padding = "x".repeat(100), "line");
    }
    say(LOGGED);
    drop(log);
    let mut dropped = String::from("dropped ");
    let _ = write!(dropped, "{}", monitor.dropped().iter().map(|dropped| dropped.count).sum::<u64>());
    say(&dropped);
}

#[test]
fn events_captured_last_are_in_the_log_when_the_guard_goes_before_the_monitor() {
    let program = child("a_program_that_fails_at_its_end", "begin").output().unwrap();
    let text = String::from_utf8(program.stdout).unwrap();
    let logged =
        |number: usize| text.lines().any(|line| line.contains(&format!("\"exception\":\"charge {number} failed\"")));
    assert!((0..5).all(logged), "{text}");
}

/// The child process of the test above. The locals are declared in the order of the README, and dropped in reverse.
#[test]
fn a_program_that_fails_at_its_end() {
    if order().is_none() {
        return;
    }
    let monitor = Monitor::builder("shop").environment("production").build().unwrap();
    let _log = monitor_log::init(&monitor).unwrap();
    for number in 0..5 {
        monitor.capture_error(&std::io::Error::other(format!("charge {number} failed")));
    }
}

fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

const LOGGED: &str = "logged";
