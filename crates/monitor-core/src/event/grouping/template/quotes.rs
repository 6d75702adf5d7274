//! Text between quotation marks.

/// Finds the ends of quotations in one line. A mark that closes nothing further on is searched for once.
#[derive(Default)]
pub(super) struct Quotes {
    /// A bit for each kind that is not closed again in the rest of the line.
    unclosed: u32,
}

impl Quotes {
    /// Returns the end of the quotation that begins at `at`.
    pub(super) fn end(&mut self, line: &str, at: usize) -> Option<usize> {
        let (before, text) = line.split_at(at);
        let open = text.chars().next().filter(|c| !c.is_ascii_alphanumeric())?;
        let kind = MARKS.iter().position(|(mark, _)| *mark == open)?;
        // `{\"name\":\"ann\"}`: a quotation that begins with an escaped mark ends with one.
        let is_escaped = before.ends_with('\\');
        let bit = 1 << (2 * kind + usize::from(is_escaped));
        if self.unclosed & bit != 0 || is_apostrophe(open) && before.ends_with(|c| is_of_word(c, '>')) {
            return None;
        }
        let end = closing(text, kind, is_escaped).map(|length| at + length);
        if end.is_none() {
            self.unclosed |= bit;
        }
        end
    }
}

/// Returns the length of the quotation that `text` begins with.
fn closing(text: &str, kind: usize, is_escaped: bool) -> Option<usize> {
    let (open, close) = MARKS[kind];
    let mut marks = text.match_indices(|c| close.contains(c)).filter(|(at, _)| *at > 0);
    let end = |(at, mark): (usize, &str)| at + mark.len();
    let closes = |(at, mark): &(usize, &str)| {
        let is_inside = is_apostrophe(open) && text[at + mark.len()..].starts_with(|c| is_of_word(c, '<'));
        !is_inside && text[..*at].ends_with('\\') == is_escaped
    };
    marks.find(closes).map(end)
}

/// The mark is also an apostrophe: `can't`.
fn is_apostrophe(open: char) -> bool {
    matches!(open, '\'' | '‘' | '‚')
}

/// The near end of a placeholder counts as a letter, so that a template is read as its message.
fn is_of_word(c: char, placeholder: char) -> bool {
    c.is_alphanumeric() || c == placeholder
}

/// What opens a quotation, and what closes it.
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
