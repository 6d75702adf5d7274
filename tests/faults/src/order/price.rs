//! A function that has its name, file name, column and message in common with another one.

use std::hint::black_box;

crate::faults! {
    "the price of order" in "faults::order::price::load" => || drop(load());
}

fn load() -> u8 {
    black_box(None).unwrap() // fault: the price of order
}
