//! One of two modules whose files and functions have the same names.

pub(crate) mod price;
