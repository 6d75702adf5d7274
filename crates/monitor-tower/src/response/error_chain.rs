//! An error and its causes, one after another.

use std::{error::Error, io, iter::successors};

/// Returns `error` and what caused it, at most twenty deep, also what an [`io::Error`] was made of, which is not its
/// source.
pub(crate) fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |error| within(*error)).take(DEPTH)
}

fn within<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>() {
        Some(error) => error.get_ref().map(|inner| inner as _),
        None => error.source(),
    }
}

const DEPTH: usize = 20;
