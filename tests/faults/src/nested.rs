//! Functions with the same name in modules of one file.

crate::faults! {
    "one nested module" in "faults::nested::one::load" => || { std::hint::black_box(one::load()); };
    "another nested module" in "faults::nested::two::load" => || { std::hint::black_box(two::load()); };
}

mod one {
    pub(super) fn load() -> u8 {
        std::hint::black_box(None).unwrap() // fault: one nested module
    }
}

mod two {
    pub(super) fn load() -> u8 {
        std::hint::black_box(None).unwrap() // fault: another nested module
    }
}
