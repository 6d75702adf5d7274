//! Generic functions, and traits of the program implemented for types of the standard library.

use std::hint::black_box;

crate::faults! {
    "a generic function" in "faults::generics::first" => || { black_box(first::<u8>(&[])); };
    "a trait for String" in "<alloc::string::String as faults::generics::Total>::total" =>
        || drop(black_box(String::new()).total());
    "a trait for Vec" in "<alloc::vec::Vec as faults::generics::Total>::total" =>
        || drop(black_box(vec![0_u8]).total());
    "a trait for Result" in "<core::result::Result as faults::generics::Total>::total" =>
        || drop(black_box(Ok::<u8, u8>(1)).total());
    "a default method" in "faults::generics::Total::half" => || drop(black_box(String::from("a")).half());
}

trait Total {
    fn total(&self) -> usize;

    fn half(&self) -> usize {
        10 / black_box(0) // fault: a default method
    }
}

impl Total for String {
    fn total(&self) -> usize {
        black_box(self.chars().next()).unwrap() as usize // fault: a trait for String
    }
}

impl<T> Total for Vec<T> {
    fn total(&self) -> usize {
        black_box(self.get(1).map(|_| 1)).unwrap() // fault: a trait for Vec
    }
}

impl<T, E> Total for Result<T, E> {
    fn total(&self) -> usize {
        black_box(self.as_ref().err().map(|_| 1)).unwrap() // fault: a trait for Result
    }
}

fn first<T: Copy>(of: &[T]) -> T {
    *black_box(of).first().unwrap() // fault: a generic function
}
