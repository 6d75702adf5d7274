//! Functions with `#[inline(always)]`, and a `#[track_caller]` helper.

use std::hint::black_box;

crate::faults! {
    "an inlined function" in "faults::inlined::left" => || { black_box(left()); };
    "another inlined function" in "faults::inlined::right" => || { black_box(right()); };
    "a caller" in "faults::inlined::must" => caller;
    "another caller" in "faults::inlined::must" => other_caller;
}

#[inline(always)]
fn left() -> u8 {
    black_box(None).unwrap() // fault: an inlined function
}

#[inline(always)]
fn right() -> u8 {
    black_box(None).unwrap() // fault: another inlined function
}

fn caller() {
    black_box(must(black_box(None))); // fault: a caller
}

fn other_caller() {
    let missing = black_box(None);
    let _found = black_box(must(missing)); // fault: another caller
}

#[track_caller]
fn must(value: Option<u8>) -> u8 {
    match value {
        Some(value) => value,
        None => panic!("nothing there"),
    }
}
