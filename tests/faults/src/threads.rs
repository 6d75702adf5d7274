//! Faults on other threads that this thread resumes, or that make it fail.

use std::{
    hint::black_box,
    panic::{panic_any, resume_unwind},
    thread,
};

crate::faults! {
    "a panic of a thread, resumed" in "faults::threads::resumed" => resumed;
    "an error of a thread, resumed" in "faults::threads::resumed_error" => resumed_error;
    "a join of a thread" in "faults::threads::joined" => joined;
    "a thread of a scope" in "faults::threads::scoped" => scoped;
}

fn resumed() {
    let fails = || black_box(None::<u8>).expect("a thread has one"); // fault: a panic of a thread, resumed
    resume_unwind(thread::spawn(fails).join().unwrap_err());
}

fn resumed_error() {
    let fails = || panic_any(std::io::Error::other("the thread is gone")); // fault: an error of a thread, resumed
    resume_unwind(thread::spawn(fails).join().unwrap_err());
}

fn joined() {
    let there = thread::spawn(|| assert_eq!(black_box(1), 2));
    there.join().unwrap(); // fault: a join of a thread
}

fn scoped() {
    thread::scope(spawn); // fault: a thread of a scope
}

fn spawn<'scope>(scope: &'scope thread::Scope<'scope, '_>) {
    scope.spawn(|| assert_eq!(black_box(1), 3));
}
