//! The texts of a request, kept together.

/// Path, user agent and client's identifier in one place, so that nothing holds on to the connection's read buffer. They
/// are read as texts only when somebody wants to see them.
#[derive(Clone)]
pub(super) struct Texts {
    /// Most requests have little to say, and need no allocation of their own for it.
    short: [u8; SHORT],
    /// What does not fit into the short ones.
    long: Vec<u8>,
    ends: [u32; 3],
}

impl Texts {
    pub(super) const NONE: Self = Self { short: [0; SHORT], long: Vec::new(), ends: [0; 3] };

    /// Takes the texts in. They are written to where they stay, for they are large to be moved.
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

    /// Returns the bytes of the text of this number.
    #[inline]
    pub(super) fn at(&self, index: usize) -> &[u8] {
        let begin = if index == 0 { 0 } else { self.ends[index - 1] };
        let all = if self.long.is_empty() { &self.short[..] } else { &self.long[..] };
        all.get(begin as usize..self.ends[index] as usize).unwrap_or_default()
    }
}

const SHORT: usize = 176;
