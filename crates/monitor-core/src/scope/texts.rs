//! The texts of a request, kept together.

/// Path, user agent and client's identifier in one place, so that nothing holds on to the connection's read buffer. They
/// are read as texts only when somebody wants to see them.
pub(super) struct Texts {
    all: Bytes,
    ends: [u32; 3],
}

/// Most requests have little to say, and need no allocation of their own for it.
enum Bytes {
    Short([u8; SHORT]),
    Long(Box<[u8]>),
}

impl Texts {
    #[inline]
    pub(super) fn new(texts: [&[u8]; 3]) -> Self {
        let mut end = 0;
        let ends = texts.map(|text| {
            end += text.len();
            end as u32
        });
        let all = if end <= SHORT {
            let mut short = [0; SHORT];
            let mut at = 0;
            for text in texts {
                short[at..at + text.len()].copy_from_slice(text);
                at += text.len();
            }
            Bytes::Short(short)
        } else {
            Bytes::Long(texts.concat().into())
        };
        Self { all, ends }
    }

    /// Returns the bytes of the text of this number.
    pub(super) fn at(&self, index: usize) -> &[u8] {
        let begin = if index == 0 { 0 } else { self.ends[index - 1] };
        let all = match &self.all {
            Bytes::Short(short) => short.as_slice(),
            Bytes::Long(long) => long,
        };
        &all[begin as usize..self.ends[index] as usize]
    }
}

const SHORT: usize = 176;
