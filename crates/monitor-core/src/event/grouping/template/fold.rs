//! Normalisation of numbers: digits of other scripts, and commas as thousands separators.

use std::borrow::Cow;

/// Returns `line` with full-width characters as ASCII, digits of other scripts as `0`, and without commas as thousands
/// separators.
pub(super) fn fold(line: &str) -> Cow<'_, str> {
    if line.is_ascii() {
        return join_thousands(line);
    }
    let narrow: String = line.chars().map(narrow).collect();
    Cow::Owned(join_thousands(&narrow).into_owned())
}

fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - FULL_WIDTH).unwrap_or(c),
        _ if !c.is_ascii() && c.is_numeric() => '0',
        _ => c,
    }
}

fn join_thousands(line: &str) -> Cow<'_, str> {
    let mut joined = String::new();
    let mut from = 0;
    for (at, _) in line.match_indices(',').filter(|(at, _)| is_between_thousands(line.as_bytes(), *at)) {
        joined.push_str(&line[from..at]);
        from = at + 1;
    }
    if from == 0 {
        return Cow::Borrowed(line);
    }
    joined.push_str(&line[from..]);
    Cow::Owned(joined)
}

/// Returns `true` if one to three digits that are not part of a word precede the comma, and exactly three follow it.
fn is_between_thousands(line: &[u8], comma: usize) -> bool {
    let (before, behind) = (&line[..comma], &line[comma + 1..]);
    let digits = |text: &mut dyn Iterator<Item = &u8>| text.take(4).take_while(|byte| byte.is_ascii_digit()).count();
    let leading = digits(&mut before.iter().rev());
    let is_word = before[..comma - leading].last().is_some_and(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii());
    (1..=3).contains(&leading) && !is_word && digits(&mut behind.iter()) == 3
}

/// Distance between a full-width character and its ASCII form.
const FULL_WIDTH: u32 = 0xfee0;
