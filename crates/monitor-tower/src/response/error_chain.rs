//! An error and its chain of causes.

use std::{error::Error, io, iter::successors};

/// Returns `error` and its causes, at most twenty in total. They include the error inside of an [`io::Error`], which
/// [`source`](Error::source) skips.
pub(crate) fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |error| within(*error)).take(MAX_CAUSES)
}

fn within<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>() {
        Some(error) => error.get_ref().map(|inner| inner as _),
        None => error.source(),
    }
}

const MAX_CAUSES: usize = 20;
