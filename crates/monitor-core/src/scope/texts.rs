//! The texts of a request, kept together.

/// Path, user agent and client's identifier in one allocation, so that nothing holds on to the connection's
/// read buffer. They are read as texts only when somebody wants to see them.
pub(super) struct Texts {
    all: Vec<u8>,
    ends: [usize; 3],
}

impl Texts {
    pub(super) fn new(texts: [&[u8]; 3]) -> Self {
        let mut all = Vec::with_capacity(texts.iter().map(|text| text.len()).sum());
        let mut ends = [0; 3];
        for (text, end) in texts.into_iter().zip(&mut ends) {
            all.extend_from_slice(text);
            *end = all.len();
        }
        Self { all, ends }
    }

    /// Returns the text of this number, or an empty one where it is none.
    pub(super) fn at(&self, index: usize) -> &str {
        let begin = if index == 0 { 0 } else { self.ends[index - 1] };
        str::from_utf8(&self.all[begin..self.ends[index]]).unwrap_or_default()
    }
}
