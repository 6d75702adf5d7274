//! Under a flood of lines, no line is lost or torn.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use monitor_core::clock;
use monitor_log::{FlushGuard, NonBlocking, RollingFile, Rotation, WhenFull};

const THREADS: usize = 4;
const LINES: usize = 100_000;
const MOVES: usize = 20;
const LONG: Duration = Duration::from_secs(60);

fn open(path: &Path, max_bytes: u64) -> (NonBlocking, FlushGuard) {
    let file = RollingFile::open(path, Rotation::size(max_bytes).keep(10_000)).expect("a file");
    let builder = NonBlocking::builder(file).when_full(WhenFull::Block).flush_timeout(LONG);
    builder.spawn().expect("a thread")
}

fn line(number: usize) -> String {
    format!("{number:08} {}\n", char::from(b'a' + (number % 26) as u8).to_string().repeat(240))
}

fn push(lines: &NonBlocking, before_each: impl Fn(usize) + Sync) {
    thread::scope(|scope| {
        for first in 0..THREADS {
            let before_each = &before_each;
            scope.spawn(move || {
                for number in (first..LINES).step_by(THREADS) {
                    before_each(number);
                    lines.write_line(line(number).as_bytes());
                }
            });
        }
    });
}

/// Asserts that each line is in exactly one of the files, complete.
fn assert_lossless(directory: &Path) {
    let mut seen = vec![0_u32; LINES];
    for file in fs::read_dir(directory).expect("a directory") {
        let text = fs::read_to_string(file.expect("a file").path()).expect("text");
        for found in text.split_inclusive('\n') {
            let number: usize = found[..8].parse().expect("a number");
            assert_eq!(found, line(number), "torn");
            seen[number] += 1;
        }
    }
    let wrong: Vec<_> = seen.iter().enumerate().filter(|(_, times)| **times != 1).take(5).collect();
    assert!(wrong.is_empty(), "number and times: {wrong:?}");
}

#[test]
#[expect(clippy::print_stdout, reason = "the rate is printed, not asserted")]
fn every_line_of_many_threads_is_found_once() {
    let directory = tempfile::tempdir().unwrap();
    let (lines, guard) = open(&directory.path().join("app.log"), 1024 * 1024);
    let begun = clock::now();
    push(&lines, |_| ());
    assert!(lines.flush(LONG));
    println!("{:.0} lines per second", LINES as f64 / begun.elapsed().as_secs_f64());
    drop(guard);
    assert_lossless(directory.path());
    assert!(directory.path().join("app.log.20").exists());
}

#[test]
fn every_line_is_found_once_while_the_file_is_moved_away() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("app.log");
    let (lines, guard) = open(&path, 256 * 1024);
    let moved = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..MOVES {
                wait_until(|| fs::rename(&path, directory.path().join(format!("moved.{number}"))).is_ok());
                moved.store(number + 1, Ordering::Release);
            }
        });
        push(&lines, |number| wait_until(|| moved.load(Ordering::Acquire) >= number * MOVES / LINES));
    });
    assert!(lines.flush(LONG));
    drop(guard);
    assert!(directory.path().join(format!("moved.{}", MOVES - 1)).exists());
    assert_lossless(directory.path());
}

fn wait_until(is_met: impl Fn() -> bool) {
    let deadline = clock::now() + LONG;
    while !is_met() {
        assert!(clock::now() < deadline, "it never came");
        thread::yield_now();
    }
}
