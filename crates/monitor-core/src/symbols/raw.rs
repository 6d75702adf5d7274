//! Captured backtraces: return addresses and nothing else.

/// The return addresses of a thread's stack, the innermost first.
#[derive(Clone, Debug, Default)]
pub(crate) struct RawBacktrace(Box<[usize]>);

impl RawBacktrace {
    /// Unwinds the stack of this thread. Takes microseconds, because no file is read.
    #[inline(never)]
    pub(crate) fn capture() -> Self {
        let mut addresses = Vec::with_capacity(TYPICAL_FRAMES);
        backtrace::trace(|frame| {
            addresses.push(frame.ip().addr());
            addresses.len() < MAX_FRAMES
        });
        Self(addresses.into_boxed_slice())
    }

    /// Returns an address within each call instruction, because a return address may belong to the next function.
    pub(crate) fn calls(&self) -> impl Iterator<Item = usize> {
        self.0.iter().map(|address| address.saturating_sub(1))
    }
}

const TYPICAL_FRAMES: usize = 64;
const MAX_FRAMES: usize = 128;
