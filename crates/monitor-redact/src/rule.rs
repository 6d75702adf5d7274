//! A masking rule of the program.

use std::{
    mem,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use crate::found::{FILTERED, Found};

/// A callback that finds text to mask.
#[derive(Clone)]
pub(crate) struct Rule(pub(crate) Arc<Find>);

pub(crate) type Find = dyn Fn(&str) -> Option<Range<usize>> + Send + Sync;

impl Rule {
    /// Finds everything that the rule masks. If the callback panics, or returns an empty or invalid range, all of
    /// `text` is masked.
    pub(crate) fn find(&self, text: &str, found: &mut Found) {
        let mut at = 0;
        loop {
            match self.ask(&text[at..]) {
                Ok(None) => return,
                Ok(Some(range)) => {
                    found.mask(widened(text, at + range.start..at + range.end));
                    at += range.end;
                }
                Err(NoRange) => return found.mask(0..text.len()),
            }
        }
    }

    fn ask(&self, text: &str) -> Result<Option<Range<usize>>, NoRange> {
        match catch(|| (self.0)(text)).ok_or(NoRange)? {
            // An empty range would make no progress.
            Some(range) if range.is_empty() || text.get(range.clone()).is_none() => Err(NoRange),
            range => Ok(range),
        }
    }
}

struct NoRange;

/// Runs `f` and returns its result, or `None` if it panicked. The payload is dropped inside the outer guard, because
/// its `Drop` may panic too. The payload of that second panic is leaked.
fn catch<R>(f: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(|| catch_unwind(AssertUnwindSafe(f)).ok())).unwrap_or_else(|second| {
        #[expect(clippy::mem_forget, reason = "its `Drop` may panic again, and no guard is left to catch that")]
        mem::forget(second);
        None
    })
}

/// Extends `range` to the whole of every mask that it begins or ends in, so that no rule splits a mask.
fn widened(text: &str, range: Range<usize>) -> Range<usize> {
    let is_mask = |at: &usize| text.as_bytes()[*at..].starts_with(FILTERED.as_bytes());
    let mask_around = |at: usize| (at.saturating_sub(FILTERED.len() - 1)..at).find(is_mask);
    let end = mask_around(range.end).map_or(range.end, |mask| mask + FILTERED.len());
    mask_around(range.start).unwrap_or(range.start)..end
}
