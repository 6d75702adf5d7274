//! A rule of the program's own.

use std::{ops::Range, sync::Arc};

use super::{FILTERED, found::Found};
use crate::base::unwind;

/// Finds what is to be masked.
#[derive(Clone)]
pub(super) struct Rule(pub(super) Arc<Find>);

pub(super) type Find = dyn Fn(&str) -> Option<Range<usize>> + Send + Sync;

impl Rule {
    /// Finds everything the rule masks, and all of `text` where the rule panics or returns a range that is none.
    pub(super) fn find(&self, text: &str, found: &mut Found) {
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
        match unwind::catch(|| (self.0)(text)).ok_or(NoRange)? {
            Some(range) if range.is_empty() || text.get(range.clone()).is_none() => Err(NoRange),
            range => Ok(range),
        }
    }
}

struct NoRange;

/// Returns `range` with all of the masks that it begins or ends in, so that no rule masks what is masked.
fn widened(text: &str, range: Range<usize>) -> Range<usize> {
    let is_mask = |at: &usize| text.as_bytes()[*at..].starts_with(FILTERED.as_bytes());
    let mask_around = |at: usize| (at.saturating_sub(FILTERED.len() - 1)..at).find(is_mask);
    let end = mask_around(range.end).map_or(range.end, |mask| mask + FILTERED.len());
    mask_around(range.start).unwrap_or(range.start)..end
}
