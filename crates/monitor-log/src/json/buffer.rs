//! A reusable line buffer per thread, so that a line needs no allocation.

use std::cell::Cell;

thread_local! {
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Lends an empty buffer. A nested call, such as from a `Debug` that logs while a line is written, gets a buffer of its
/// own.
pub(super) fn lend<R>(f: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    // While the thread ends, its thread-local may be destroyed already.
    let mut buffer = SPARE.try_with(Cell::take).unwrap_or_default();
    let result = f(&mut buffer);
    buffer.clear();
    if buffer.capacity() <= MAX_BUFFER_BYTES {
        let _ = SPARE.try_with(|spare| spare.set(buffer));
    }
    result
}

/// Maximum capacity kept for the next line, in bytes. Larger buffers are freed.
const MAX_BUFFER_BYTES: usize = 64 * 1024;
