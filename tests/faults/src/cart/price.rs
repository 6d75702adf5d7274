//! A function with the same name, file name, column and message as another one.

use std::hint::black_box;

crate::faults! {
    "the price of cart" in "faults::cart::price::load" => || drop(load());
}

fn load() -> u8 {
    black_box(None).unwrap() // fault: the price of cart
}
