//! The texts of a request, in one buffer.

/// Path, user agent and client's ID, copied so that they do not hold the connection's read buffer. Stored as bytes, and
/// read as text only on demand.
#[derive(Clone)]
pub(super) struct Texts {
    /// Inline buffer: the texts of most requests fit, and need no allocation.
    short: [u8; SHORT],
    /// The texts, if they do not fit inline.
    long: Vec<u8>,
    ends: [u32; 3],
}

impl Texts {
    pub(super) const NONE: Self = Self { short: [0; SHORT], long: Vec::new(), ends: [0; 3] };

    /// Copies the texts in place, because the struct is large to move.
    pub(super) fn fill(&mut self, texts: [&[u8]; 3]) {
        let length = texts.iter().map(|text| text.len()).sum();
        let all = if length <= SHORT {
            &mut self.short[..]
        } else {
            self.long = vec![0; length];
            &mut self.long[..]
        };
        let mut at = 0;
        for (text, end) in texts.into_iter().zip(&mut self.ends) {
            all[at..at + text.len()].copy_from_slice(text);
            at += text.len();
            *end = u32::try_from(at).unwrap_or(u32::MAX);
        }
    }

    /// Returns the bytes of the text with this index.
    #[inline]
    pub(super) fn at(&self, index: usize) -> &[u8] {
        let begin = if index == 0 { 0 } else { self.ends[index - 1] };
        let all = if self.long.is_empty() { &self.short[..] } else { &self.long[..] };
        all.get(begin as usize..self.ends[index] as usize).unwrap_or_default()
    }
}

const SHORT: usize = 176;
