//! One of two modules with a file and a function of one name.

pub(crate) mod price;
