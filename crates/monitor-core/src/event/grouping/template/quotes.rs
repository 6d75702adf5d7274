//! Text between quotation marks.

/// Finds the end of each quotation in one line. A mark without a closing mark is searched for only once, so that the
/// time stays linear.
#[derive(Default)]
pub(super) struct Quotes {
    /// One bit for each kind of mark that is not closed in the rest of the line.
    unclosed: u32,
}

/// The mark that opens a quotation.
#[derive(Clone, Copy)]
struct Opening {
    /// Index into [`MARKS`].
    kind: usize,
    /// Whether a backslash precedes it.
    is_escaped: bool,
}

// === impl Quotes ===

impl Quotes {
    /// Returns the end of the quotation that begins at `at`.
    pub(super) fn end(&mut self, line: &str, at: usize) -> Option<usize> {
        let (before, text) = line.split_at(at);
        let open = text.chars().next().filter(|c| !c.is_ascii_alphanumeric())?;
        let kind = MARKS.iter().position(|(mark, _)| *mark == open)?;
        let opening = Opening { kind, is_escaped: before.ends_with('\\') };
        if self.unclosed & opening.bit() != 0 || is_apostrophe(open) && before.ends_with(|c| is_of_word(c, '>')) {
            return None;
        }
        let end = opening.length(text).map(|length| at + length);
        if end.is_none() {
            self.unclosed |= opening.bit();
        }
        end
    }
}

// === impl Opening ===

impl Opening {
    /// Returns the bit of this kind of mark in [`Quotes::unclosed`].
    fn bit(self) -> u32 {
        1 << (2 * self.kind + usize::from(self.is_escaped))
    }

    /// Returns the length of the quotation at the beginning of `text`.
    fn length(self, text: &str) -> Option<usize> {
        let (open, close) = MARKS[self.kind];
        let mut marks = text.match_indices(|c| close.contains(c)).filter(|(at, _)| *at > 0);
        let end = |(at, mark): (usize, &str)| at + mark.len();
        let closes = |(at, mark): &(usize, &str)| {
            let is_inside = is_apostrophe(open) && text[at + mark.len()..].starts_with(|c| is_of_word(c, '<'));
            // A quotation that begins with an escaped mark ends with one: `{\"name\":\"ann\"}`.
            !is_inside && text[..*at].ends_with('\\') == self.is_escaped
        };
        marks.find(closes).map(end)
    }
}

/// Returns `true` if the mark is also an apostrophe, as in `can't`.
fn is_apostrophe(open: char) -> bool {
    matches!(open, '\'' | '‘' | '‚')
}

/// The adjacent bracket of a placeholder counts as a letter, so that a template is read like its message.
fn is_of_word(c: char, placeholder: char) -> bool {
    c.is_alphanumeric() || c == placeholder
}

/// Opening marks and their closing marks.
const MARKS: [(char, &str); 10] = [
    ('"', "\""),
    ('\'', "'"),
    ('“', "”"),
    ('‘', "’"),
    ('„', "“”"),
    ('‚', "‘’"),
    ('«', "»"),
    ('‹', "›"),
    ('「', "」"),
    ('『', "』"),
];
