//! The buffer a line is made in, one for each thread, used again and again.

use std::cell::Cell;

thread_local! {
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Lends an empty buffer. Whoever logs while a line is made, as a `Debug` may, gets one of its own.
pub(super) fn lend<R>(f: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    // A thread that ends has no buffer any more.
    let mut buffer = SPARE.try_with(Cell::take).unwrap_or_default();
    let result = f(&mut buffer);
    buffer.clear();
    if buffer.capacity() <= KEPT {
        let _ = SPARE.try_with(|spare| spare.set(buffer));
    }
    result
}

/// A line that was longer than this leaves no buffer behind.
const KEPT: usize = 64 * 1024;
