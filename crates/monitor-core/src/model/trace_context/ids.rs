//! The IDs of traces and of the spans in them.

use std::{
    fmt,
    num::{NonZeroU64, NonZeroU128},
};

use uuid::Uuid;

use crate::base::{hex, json::FromText};

/// ID of a trace: 16 bytes, not all zero. Displayed as 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct TraceId(NonZeroU128);

/// ID of one unit of work within a trace: 8 bytes, not all zero. Displayed as 16 lower-case hexadecimal digits.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct SpanId(NonZeroU64);

// === impl TraceId ===

impl TraceId {
    /// Returns the ID with the bytes of a UUID, which are not all zero.
    #[inline]
    pub(super) fn of_uuid(id: Uuid) -> Self {
        Self::from_number(id.as_u128()).unwrap_or(Self(NonZeroU128::MAX))
    }

    pub(super) fn from_number(id: u128) -> Option<Self> {
        NonZeroU128::new(id).map(Self)
    }

    /// Appends the text of the ID to `buffer`.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::{TraceContext, TraceId};
    ///
    /// fn write(line: &mut Vec<u8>, id: TraceId) {
    ///     line.extend_from_slice(b"trace_id=");
    ///     id.append_to(line);
    /// }
    ///
    /// let (mut line, trace) = (Vec::new(), TraceContext::new());
    /// write(&mut line, trace.trace_id());
    /// assert_eq!(line, format!("trace_id={}", trace.trace_id()).as_bytes());
    /// ```
    pub fn append_to(self, buffer: &mut Vec<u8>) {
        buffer.extend_from_slice(&hex::digits(self.0.get()));
    }

    /// Returns the ID as 16 bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.get().to_be_bytes()
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&hex::digits(self.0.get())).unwrap_or_default())
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

// === impl SpanId ===

impl SpanId {
    /// Creates an ID from the lower half of a random UUID.
    pub(super) fn new() -> Self {
        Self::of_bits(Uuid::new_v4().as_u64_pair().1)
    }

    /// Creates an ID from the lower 62 bits, which are random. The highest bit is set, so that the ID is never zero.
    #[inline]
    pub(super) fn of_bits(bits: u64) -> Self {
        Self(HIGHEST | bits & u64::MAX >> 2)
    }

    /// Returns the ID of the first span of a trace. It is a hash of the 122 random bits of the trace ID, so it equals
    /// another span's ID no more often than two random IDs are equal.
    #[inline]
    pub(super) fn first_of(trace: Uuid) -> Self {
        let (high, low) = trace.as_u64_pair();
        let mixed = (high ^ low.rotate_left(32)).wrapping_mul(MIX);
        Self::of_bits(mixed ^ mixed >> 32)
    }

    pub(super) fn from_number(id: u64) -> Option<Self> {
        NonZeroU64::new(id).map(Self)
    }

    /// Returns the ID as 8 bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 8] {
        self.0.get().to_be_bytes()
    }

    /// Returns a number from 0 to below 1, computed from the bits that are random in an ID created here.
    pub(crate) fn fraction(self) -> f64 {
        (self.0.get() << 2 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Returns the ID as a number. The lower 62 bits of an ID created here are random.
    #[must_use]
    pub fn as_u64(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0.get())
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Parses lower-case hexadecimal digits; upper-case ones are not valid.
impl FromText for TraceId {
    fn from_text(text: &str) -> Option<Self> {
        (text.len() == 32).then(|| hex(text.as_bytes())).flatten().and_then(Self::from_number)
    }
}

impl FromText for SpanId {
    fn from_text(text: &str) -> Option<Self> {
        let number = (text.len() == 16).then(|| hex(text.as_bytes())).flatten()?;
        u64::try_from(number).ok().and_then(Self::from_number)
    }
}

pub(super) fn hex(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u128::from(value))
    })
}

const HIGHEST: NonZeroU64 = match NonZeroU64::new(1 << 63) {
    Some(bit) => bit,
    None => NonZeroU64::MAX,
};
/// An odd number with random-looking bits: 2^64 divided by the golden ratio.
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
