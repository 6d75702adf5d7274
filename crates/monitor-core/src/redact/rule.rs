//! A rule of the program's own.

use std::{borrow::Cow, ops::Range, sync::Arc};

use super::FILTERED;
use crate::panic;

/// Finds what is to be masked.
#[derive(Clone)]
pub(super) struct Rule(pub(super) Arc<Find>);

pub(super) type Find = dyn Fn(&str) -> Option<Range<usize>> + Send + Sync;

impl Rule {
    pub(super) fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let (mut written, mut rest) = (String::new(), text);
        loop {
            let found = panic::catch_printed(|| (self.0)(rest));
            let found = match found {
                Ok(None) => break,
                Ok(Some(found)) if found.is_empty() => None,
                Ok(Some(found)) => Some(found).filter(|found| rest.get(found.clone()).is_some()),
                Err(caught) => {
                    caught.dispose();
                    None
                }
            };
            let Some(found) = found else { return Cow::Owned(FILTERED.to_owned()) };
            written.push_str(&rest[..found.start]);
            written.push_str(FILTERED);
            rest = &rest[found.end..];
        }
        if rest.len() == text.len() { Cow::Borrowed(text) } else { Cow::Owned(written + rest) }
    }
}
