//! Methods with the same name.

use std::{fmt, hint::black_box};

crate::faults! {
    "a method" in "faults::methods::Cart::price" => || { black_box(black_box(Cart(None)).price()); };
    "a method of the same name" in "faults::methods::Order::price" => || { black_box(black_box(Order(None)).price()); };
    "a method of a foreign trait" in "<faults::methods::Cart as core::fmt::Display>::fmt" =>
        || drop(black_box(Cart(None)).to_string());
    "a destructor" in "<faults::methods::Order as core::ops::drop::Drop>::drop" => || drop(black_box(Order(Some(7))));
}

struct Cart(Option<u8>);

struct Order(Option<u8>);

impl Cart {
    fn price(&self) -> u8 {
        self.0.unwrap() // fault: a method
    }
}

impl Order {
    fn price(&self) -> u8 {
        self.0.unwrap() // fault: a method of the same name
    }
}

impl fmt::Display for Cart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.unwrap()) // fault: a method of a foreign trait
    }
}

impl Drop for Order {
    fn drop(&mut self) {
        assert!(self.0.is_none(), "still there"); // fault: a destructor
    }
}
