//! Hash of an error's message, to recognise the same message again.

use std::{
    fmt::{self, Write as _},
    hash::{DefaultHasher, Hasher as _},
};

/// Returns the hash of the message of `error`. It covers the first 4 KiB only, so a message has the same hash before
/// and after it was cut.
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

/// Number of hashed bytes; less than the length to which texts are cut.
const MARKED: usize = 4 * 1024;
