mod support;

use std::{io::Read, sync::mpsc, thread};

use monitor_core::DropReason;

use self::support::{LONG, Output, Scripted, counted, hung, monitor, wait_until};
use super::*;

#[test]
fn a_full_queue_drops_counts_and_never_waits_for_a_hung_writer() {
    let (hung, seen, go) = hung();
    let (output, monitor) = (hung.output.clone(), monitor());
    let builder = NonBlocking::builder(hung).capacity(10).drops(monitor.drops_of("log_writer"));
    let (lines, guard) = builder.spawn().unwrap();
    lines.write_line(b"first\n");
    seen.recv_timeout(LONG).unwrap();
    lines.write_line(b"second\n");
    lines.write_line(b"a\nb\n");
    lines.write_line(b"fit\n");
    assert_eq!(counted(&monitor, DropReason::QueueFull), 3);
    drop(go);
    drop(guard);
    assert_eq!(output.text(), "first\nsecond\n");
}

#[test]
fn the_guard_gives_up_on_a_hung_writer_and_counts_what_is_left() {
    let (hung, seen, go) = hung();
    let (output, monitor) = (hung.output.clone(), monitor());
    let builder =
        NonBlocking::builder(hung).flush_timeout(Duration::from_millis(5)).drops(monitor.drops_of("log_writer"));
    let (lines, guard) = builder.spawn().unwrap();
    lines.write_line(b"in work\n");
    seen.recv_timeout(LONG).unwrap();
    lines.write_line(b"queued\nqueued too\n");
    assert!(!lines.flush(Duration::from_millis(1)));
    drop(guard);
    assert_eq!(counted(&monitor, DropReason::Closed), 3);
    lines.write_line(b"late\n");
    assert_eq!(counted(&monitor, DropReason::Closed), 4);
    assert!(!lines.flush(Duration::MAX), "a lost line is not waited for");
    drop(go);
    assert!(!output.text().contains("queued"));
}

#[test]
fn a_writer_that_panics_is_counted_and_goes_on() {
    let (output, monitor) = (Output::default(), monitor());
    let inner = Scripted(output.clone(), |bytes: &[u8]| {
        assert!(!bytes.starts_with(b"poison"), "poisoned");
        None
    });
    let (lines, guard) = NonBlocking::builder(inner).drops(monitor.drops_of("log_writer")).spawn().unwrap();
    for line in ["one\n", "poison\n", "two\n"] {
        lines.write_line(line.as_bytes());
        assert!(lines.flush(LONG));
    }
    drop(guard);
    assert_eq!((output.text().as_str(), counted(&monitor, DropReason::Panicked)), ("one\ntwo\n", 1));
}

#[test]
fn a_line_after_half_a_line_is_not_glued_to_it() {
    let (output, monitor) = (Output::default(), monitor());
    let mut script = vec![Some(Err(io::ErrorKind::StorageFull.into())), Some(Ok(6))];
    let inner = Scripted(output.clone(), move |_: &[u8]| script.pop().flatten());
    let (lines, guard) = NonBlocking::builder(inner).drops(monitor.drops_of("log_writer")).spawn().unwrap();
    lines.write_line(b"one\ntwo\nthree\n");
    assert!(lines.flush(LONG));
    lines.write_line(b"four\n");
    drop(guard);
    assert_eq!(output.text(), "one\ntw\nfour\n");
    assert_eq!(counted(&monitor, DropReason::Failed), 2);
}

#[test]
fn a_writer_that_is_interrupted_or_would_block_is_asked_again() {
    let (output, monitor) = (Output::default(), monitor());
    let passing = [io::ErrorKind::WouldBlock, io::ErrorKind::Interrupted];
    let mut script: Vec<_> = passing.into_iter().flat_map(|kind| [Err(kind.into()), Ok(2)]).collect();
    let inner = Scripted(output.clone(), move |_: &[u8]| script.pop());
    let (lines, guard) = NonBlocking::builder(inner).drops(monitor.drops_of("log_writer")).spawn().unwrap();
    lines.write_line(b"one\ntwo\n");
    assert!(lines.flush(LONG));
    drop(guard);
    assert_eq!((output.text().as_str(), monitor.dropped().len()), ("one\ntwo\n", 0));
}

/// A pipe with a non-blocking writer: a write to a full pipe returns `WouldBlock`.
#[cfg(unix)]
fn pipe() -> (io::PipeReader, std::fs::File) {
    let (reader, writer) = io::pipe().expect("a pipe");
    rustix::io::ioctl_fionbio(&writer, true).expect("a pipe can be non-blocking");
    (reader, std::os::fd::OwnedFd::from(writer).into())
}

#[cfg(unix)]
#[test]
fn a_slow_reader_of_a_non_blocking_pipe_gets_every_line() {
    let ((mut reader, writer), monitor) = (pipe(), monitor());
    let (lines, guard) = NonBlocking::builder(writer).drops(monitor.drops_of("log_writer")).spawn().unwrap();
    (0..2_000).for_each(|number| lines.write_line(format!("{number:0100}\n").as_bytes()));
    let reading = thread::spawn(move || {
        let (mut text, mut some) = (Vec::new(), [0; 1000]);
        while let Ok(read @ 1..) = reader.read(&mut some) {
            text.extend_from_slice(&some[..read]);
            thread::yield_now();
        }
        String::from_utf8(text).expect("text")
    });
    assert!(lines.flush(LONG));
    drop(guard);
    let text = reading.join().unwrap();
    assert!(text.lines().map(|line| line.parse::<u32>().unwrap()).eq(0..2_000), "in order, whole, and once each");
    assert_eq!(monitor.dropped().len(), 0);
}

#[cfg(unix)]
#[test]
fn lines_that_a_stuck_pipe_did_not_take_are_counted_exactly() {
    let ((mut reader, writer), monitor) = (pipe(), monitor());
    let builder = NonBlocking::builder(writer).capacity(100_000).drops(monitor.drops_of("log_writer"));
    let (lines, guard) = builder.flush_timeout(Duration::from_millis(50)).spawn().unwrap();
    (0..4_000).for_each(|number| lines.write_line(format!("{number:0100}\n").as_bytes()));
    assert!(!lines.flush(Duration::from_millis(1)));
    drop(guard);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    let whole = text.matches('\n').count() as u64;
    let lost: u64 = monitor.dropped().iter().map(|dropped| dropped.count).sum();
    assert!(whole > 100 && counted(&monitor, DropReason::QueueFull) > 100, "{:?}", monitor.dropped());
    assert_eq!(whole + lost, 4_000, "{:?}", monitor.dropped());
}

#[test]
fn only_the_lines_of_the_chunk_that_fails_are_lost() {
    let (output, monitor) = (Output::default(), monitor());
    let mut calls = 0;
    let inner = Scripted(output.clone(), move |_: &[u8]| {
        calls += 1;
        (calls == 2).then(|| Err(io::ErrorKind::StorageFull.into()))
    });
    let (lines, guard) = NonBlocking::builder(inner).drops(monitor.drops_of("log_writer")).spawn().unwrap();
    let line = format!("{}\n", "x".repeat(1023));
    lines.write_line(line.repeat(40).as_bytes());
    drop(guard);
    assert_eq!((output.text().lines().count(), counted(&monitor, DropReason::Failed)), (24, 16));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_counted() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let monitor = monitor();
    let (lines, guard) = NonBlocking::builder(full).drops(monitor.drops_of("log_writer")).spawn().unwrap();
    lines.write_line(b"one\ntwo\n");
    assert!(lines.flush(LONG), "what failed is done with");
    lines.write_line(b"three\n");
    drop(guard);
    assert_eq!(counted(&monitor, DropReason::Failed), 3);
}

#[test]
fn blocking_loses_nothing_with_a_slow_writer() {
    let (output, monitor) = (Output::default(), monitor());
    let slow = Scripted(output.clone(), |_: &[u8]| {
        (0..50).for_each(|_| thread::yield_now());
        Some(Ok(1))
    });
    let builder =
        NonBlocking::builder(slow).capacity(64).when_full(WhenFull::Block).drops(monitor.drops_of("log_writer"));
    let (lines, guard) = builder.spawn().unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..100).for_each(|number| lines.write_line(format!("{number:03}\n").as_bytes())));
        }
    });
    assert!(lines.flush(LONG));
    drop(guard);
    assert_eq!((output.text().lines().count(), monitor.dropped().len()), (400, 0));
    assert!(output.text().lines().all(|line| line.len() == 3));
}

#[test]
fn a_caller_that_waits_for_room_gives_up_when_the_guard_is_dropped() {
    let (hung, seen, go) = hung();
    let monitor = monitor();
    let builder =
        NonBlocking::builder(hung).capacity(1).when_full(WhenFull::Block).drops(monitor.drops_of("log_writer"));
    let (lines, guard) = builder.flush_timeout(Duration::from_millis(5)).spawn().unwrap();
    lines.write_line(b"in work\n");
    seen.recv_timeout(LONG).unwrap();
    lines.write_line(b"queued\n");
    thread::scope(|scope| {
        scope.spawn(|| lines.write_line(b"waits\n"));
        drop(guard);
    });
    assert_eq!(counted(&monitor, DropReason::Closed), 3);
    drop(go);
}

#[test]
fn a_writer_that_logs_does_not_wait_for_itself() {
    let (sender, receiver) = mpsc::channel::<NonBlocking>();
    let (output, monitor) = (Output::default(), monitor());
    let mut own = None;
    let inner = Scripted(output.clone(), move |_: &[u8]| {
        let own = own.get_or_insert_with(|| receiver.recv().unwrap());
        (0..3).for_each(|_| own.write_line(b"written\n"));
        None
    });
    let builder =
        NonBlocking::builder(inner).capacity(8).when_full(WhenFull::Block).drops(monitor.drops_of("log_writer"));
    let (lines, guard) = builder.spawn().unwrap();
    sender.send(lines.clone()).unwrap();
    lines.write_line(b"first\n");
    assert!(lines.flush(LONG));
    drop(guard);
    assert!(output.text().starts_with("first\nwritten\n"));
    assert!(counted(&monitor, DropReason::QueueFull) >= 2);
}

#[test]
fn a_thread_whose_guard_is_gone_writes_nothing_more() {
    let (hung, seen, go) = hung();
    let (output, monitor) = (hung.output.clone(), monitor());
    let builder =
        NonBlocking::builder(hung).flush_timeout(Duration::from_millis(5)).drops(monitor.drops_of("log_writer"));
    let (lines, guard) = builder.spawn().unwrap();
    let line = format!("{}\n", "x".repeat(1023));
    lines.write_line(line.repeat(40).as_bytes());
    seen.recv_timeout(LONG).unwrap();
    drop(guard);
    assert_eq!(counted(&monitor, DropReason::Closed), 40);
    drop(go);
    assert_eq!(seen.iter().count(), 0, "the writer is dropped without another call");
    assert_eq!(output.text().lines().count(), 16, "what was in its hands");
}

#[test]
fn a_line_is_written_without_being_asked_for() {
    let output = Output::default();
    let (lines, _guard) = NonBlocking::builder(output.clone()).spawn().unwrap();
    for number in 1..=10 {
        // Every other line is pushed while the thread sleeps.
        wait_until(|| number % 2 == 0 || lines.0.sleeps());
        lines.write_line(b"line\n");
        wait_until(|| output.text().lines().count() == number);
    }
}

#[test]
fn a_queue_for_no_bytes_is_refused() {
    let error = NonBlocking::builder(Output::default()).capacity(0).spawn().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("capacity"), "{error}");
}

#[test]
fn tracing_writes_through_it() {
    let output = Output::default();
    let (lines, guard) = NonBlocking::builder(output.clone()).spawn().unwrap();
    let subscriber = tracing_subscriber::fmt().with_writer(lines).with_ansi(false).finish();
    tracing::subscriber::with_default(subscriber, || tracing::info!("the shop is open"));
    drop(guard);
    assert!(output.text().ends_with("the shop is open\n"), "{}", output.text());
}
