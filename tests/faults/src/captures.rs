//! Captured errors and messages.

use std::{hint::black_box, num::ParseIntError};

use monitor_core::{CaptureExt, Level, capture_error, capture_message};

crate::faults! {
    "a capture" in "faults::captures::morning" => morning;
    "another capture" in "faults::captures::evening" => evening;
    "a capture of a result" in "faults::captures::result" => || drop(result());
    "a capture in a closure" in "faults::captures::closure" => || drop(closure());
    "a capture at the end of a function" in "faults::captures::last" => || last(&parse().unwrap_err());
    "another capture at the end of a function" in "faults::captures::other_last" =>
        || other_last(&parse().unwrap_err());
    "a message" in "faults::captures::message" => message;
    "the same message" in "faults::captures::other_message" => other_message;
}

fn morning() {
    if let Err(error) = parse() {
        capture_error(&error); // fault: a capture
        black_box(());
    }
}

fn evening() {
    if let Err(error) = parse() {
        capture_error(&error); // fault: another capture
        black_box(());
    }
}

fn result() -> Result<u8, ParseIntError> {
    parse().capture() // fault: a capture of a result
}

fn closure() -> Result<u8, ParseIntError> {
    parse().inspect_err(|error| capture_error(error)) // fault: a capture in a closure
}

#[inline(never)]
fn last(error: &ParseIntError) {
    capture_error(error); // fault: a capture at the end of a function
}

#[inline(never)]
fn other_last(error: &ParseIntError) {
    capture_error(error); // fault: another capture at the end of a function
}

fn message() {
    capture_message("out of stock", Level::Warn); // fault: a message
}

fn other_message() {
    let message = "out of stock";
    let () = capture_message(message, Level::Warn); // fault: the same message
}

fn parse() -> Result<u8, ParseIntError> {
    black_box("no number").parse()
}
