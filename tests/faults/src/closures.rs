//! Closures of two functions, run by a third function.

use std::hint::black_box;

crate::faults! {
    "a closure" in "faults::closures::morning" => morning;
    "another closure" in "faults::closures::evening" => evening;
    "a closure in a box" in "faults::closures::boxed" => boxed;
}

fn morning() {
    run(|| black_box(None::<u8>).unwrap()); // fault: a closure
}

fn evening() {
    run(|| black_box(None::<u8>).unwrap()); // fault: another closure
}

fn boxed() {
    let work: Box<dyn Fn() -> u8> = Box::new(|| black_box(None).unwrap()); // fault: a closure in a box
    run(black_box(work));
}

fn run(work: impl Fn() -> u8) {
    black_box(work());
}
