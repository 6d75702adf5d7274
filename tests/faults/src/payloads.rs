//! Panics whose payload is not a text.

use std::{borrow::Cow, error::Error, hint::black_box, io, panic::panic_any};

crate::faults! {
    "an error as a payload" in "faults::payloads::io" => io;
    "an error in a box as a payload" in "faults::payloads::boxed" => boxed;
    "a borrowed text as a payload" in "faults::payloads::cow" => cow;
    "a number as a payload" in "faults::payloads::number" => number;
}

fn io() {
    panic_any(black_box(io::Error::other("the disk is gone"))); // fault: an error as a payload
}

fn boxed() {
    let error: Box<dyn Error + Send + Sync> = "the network is gone".into();
    panic_any(black_box(error)); // fault: an error in a box as a payload
}

fn cow() {
    panic_any(black_box(Cow::Borrowed("the memory is gone"))); // fault: a borrowed text as a payload
}

fn number() {
    panic_any(black_box(7_u8)); // fault: a number as a payload
}
