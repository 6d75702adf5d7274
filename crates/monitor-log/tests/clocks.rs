//! A wall clock that was once wrong does not stop the rotation of a file. The test clock applies to the whole process,
//! so this test has a binary of its own.

use std::{fs, io::Write, time::Duration};

use monitor_core::clock::WrongClock;
use monitor_log::{RollingFile, Rotation};

#[test]
fn a_line_written_while_the_clock_was_years_ahead_does_not_end_the_rotation() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("app.log");
    let clock = WrongClock::ahead(10 * 365 * DAY);
    let mut file = RollingFile::open(&path, Rotation::daily()).expect("it is opened");
    file.write_all(b"ten years ahead\n").expect("there is room");
    clock.correct();
    file.write_all(b"today\n").expect("there is room");
    file.write_all(b"still today\n").expect("there is room");
    assert_eq!(files(folder.path()), ["ten years ahead\n", "today\nstill today\n"]);
    drop(clock);
    let _clock = WrongClock::ahead(DAY);
    file.write_all(b"tomorrow\n").expect("there is room");
    assert_eq!(files(folder.path()), ["ten years ahead\n", "today\nstill today\n", "tomorrow\n"]);
}

/// Returns the texts of all non-empty files in a folder, in alphabetical order.
fn files(folder: &std::path::Path) -> Vec<String> {
    let files = fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path());
    let mut texts: Vec<_> = files.map(|file| fs::read_to_string(file).expect("text")).collect();
    texts.retain(|text| !text.is_empty());
    texts.sort_unstable();
    texts
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
