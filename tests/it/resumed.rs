//! Panics of other threads that a request resumes.

use std::{
    any::Any,
    panic::{panic_any, resume_unwind},
    thread,
};

use monitor_core::instrument::panic;
use monitor_kit::{CodeLocation, Scope};

use crate::support::{flush, watched};

#[test]
fn a_panic_of_a_thread_that_is_resumed_has_the_place_where_it_arose() {
    let place = place_of(|| resume_unwind(failed_thread(|| panic!("a thread fails for good"))));
    assert_eq!(place.map(|at| at.line), Some(line!() - 1));
}

#[test]
fn a_panic_of_a_thread_with_an_error_that_is_resumed_has_its_place() {
    let place = place_of(|| resume_unwind(failed_thread(|| panic_any(Lost))));
    assert_eq!(place.map(|at| at.line), Some(line!() - 1));
}

#[tokio::test]
async fn a_panic_of_a_task_that_is_resumed_has_the_place_where_it_arose() {
    drop(watched());
    let task = tokio::spawn(async { panic!("a task fails for good") });
    let arose = line!() - 1;
    let payload = task.await.expect_err("it panics").into_panic();
    let place = place_of(|| resume_unwind(payload)).expect("its place is known");
    assert_eq!((&*place.file, place.line), (file!(), arose));
}

#[test]
fn a_panic_of_a_rayon_worker_has_the_place_where_it_arose() {
    drop(watched());
    let workers = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    let place = place_of(|| workers.install(|| assert_eq!(2, 3)));
    assert_eq!(place.map(|at| at.line), Some(line!() - 1));
}

#[test]
fn panics_of_two_places_that_are_alike_have_none() {
    drop(watched());
    let first = failed_thread(|| panic!("one of two threads fails"));
    let _second = failed_thread(|| panic!("one of two threads fails"));
    assert_eq!(place_of(|| resume_unwind(first)), None);
}

#[test]
fn two_panics_of_one_place_both_have_it() {
    drop(watched());
    let fails = || panic!("both threads fail");
    let (first, second) = (failed_thread(fails), failed_thread(fails));
    assert!(place_of(|| resume_unwind(first)).is_some());
    assert!(place_of(|| resume_unwind(second)).is_some());
}

#[test]
fn a_panic_about_a_thread_that_panicked_has_the_place_of_its_own() {
    let place = place_of(|| thread::spawn(|| assert_eq!(1, 2)).join().unwrap());
    assert_eq!(place.map(|at| at.line), Some(line!() - 1));
    let place = place_of(|| {
        thread::scope(|scope| drop(scope.spawn(|| assert_eq!(1, 3))));
    });
    assert_eq!(place.map(|at| at.line), Some(line!() - 2));
}

struct Lost;

/// Returns the payload of a panicked thread. Its location is known only if a monitor was built before.
fn failed_thread(f: impl FnOnce() + Send + 'static) -> Box<dyn Any + Send> {
    thread::spawn(f).join().expect_err("it panics")
}

/// Returns the location of the event captured for a panic in a request.
fn place_of(f: impl FnOnce()) -> Option<CodeLocation> {
    let (monitor, memory) = watched();
    let scope = Scope::new(&monitor);
    let mut caught = scope.in_scope(|| panic::catch(f)).expect_err("it panics");
    caught.capture_in(&scope);
    caught.drop_payload();
    flush(&monitor);
    memory.events().remove(0).failure.location.clone()
}
