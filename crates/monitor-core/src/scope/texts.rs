//! The texts of a request, kept together.

/// Path, user agent, client's identifier and address in one allocation, so that nothing holds on to the connection's
/// read buffer.
#[derive(Default)]
pub(super) struct Texts {
    all: Box<str>,
    ends: [usize; 3],
}

impl Texts {
    pub(super) fn new(texts: [&str; 4]) -> Self {
        if texts.iter().all(|text| text.is_empty()) {
            return Self::default();
        }
        let all = texts.concat().into_boxed_str();
        let path = texts[0].len();
        let user_agent = path + texts[1].len();
        Self { all, ends: [path, user_agent, user_agent + texts[2].len()] }
    }

    /// Returns the text of this number.
    pub(super) fn at(&self, index: usize) -> &str {
        let begin = if index == 0 { 0 } else { self.ends[index - 1] };
        let end = self.ends.get(index).copied().unwrap_or(self.all.len());
        &self.all[begin..end]
    }
}
