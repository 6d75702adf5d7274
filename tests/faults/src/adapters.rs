//! Faults in program code that functions of the standard library call.

use std::hint::black_box;

crate::faults! {
    "a closure of an iterator" in "faults::adapters::divide" => || drop(divide(&[1, 0]));
    "an index" in "faults::adapters::pick" => || drop(pick(&[1, 2, 3]));
    "a comparison" in "faults::adapters::sort" => || sort(&mut [2.0, f64::NAN, 1.0]);
}

fn divide(by: &[u32]) -> Vec<u32> {
    by.iter().map(|by| 10 / black_box(*by)).collect() // fault: a closure of an iterator
}

fn pick(from: &[u32]) -> u32 {
    from[black_box(7)] // fault: an index
}

fn sort(numbers: &mut [f64]) {
    numbers.sort_by(|a, b| a.partial_cmp(b).unwrap()); // fault: a comparison
}
