//! What an error says, as a number to know it again by.

use std::{
    fmt::{self, Write as _},
    hash::{DefaultHasher, Hasher as _},
};

/// Returns a mark of what `error` says, the same for the same text, whether or not it was cut already.
pub(crate) fn mark(error: &(impl fmt::Display + ?Sized)) -> u64 {
    struct Writer {
        hasher: DefaultHasher,
        left: usize,
    }
    impl fmt::Write for Writer {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let marked = text.len().min(self.left);
            self.hasher.write(&text.as_bytes()[..marked]);
            self.left -= marked;
            if self.left == 0 { Err(fmt::Error) } else { Ok(()) }
        }
    }
    let mut writer = Writer { hasher: DefaultHasher::new(), left: MARKED };
    let _ = write!(writer, "{error}");
    writer.hasher.finish()
}

/// How much of a text is marked; less than what a text is cut to.
const MARKED: usize = 4 * 1024;
