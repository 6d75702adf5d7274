//! Dates and times of day, including those of several words: `Tue, 15 Nov 1994 08:12:31 GMT`, `7/29/2025 9:08 PM`.

use super::is_border;

/// Returns the length of the date at the beginning of `text`.
pub(super) fn length(text: &str) -> Option<usize> {
    // Fast path: the first letter rules out most words.
    if !text.starts_with(|c: char| c.is_ascii_digit() || c.is_ascii_uppercase()) {
        return None;
    }
    let (mut seen, mut at, mut end) = (Seen(0), 0, 0);
    while let Some((word, is_last)) = word(&text[at..]) {
        let Some(field) = Field::of(word).filter(|field| seen.allows(*field)) else { break };
        seen.0 |= 1 << field as u8;
        end = at + word.len();
        match gap(&text[end..]) {
            Some(gap) if !is_last => at = end + gap,
            _ => break,
        }
    }
    seen.is_date().then_some(end)
}

/// Returns `true` if `word` alone is a date or a time of day.
pub(super) fn is_date(word: &str) -> bool {
    matches!(Field::of(word), Some(Field::Date | Field::Time))
}

/// The role of a word within a date.
#[derive(Clone, Copy, PartialEq)]
enum Field {
    Weekday,
    Day,
    Month,
    Year,
    /// Day, month and year in one word.
    Date,
    Time,
    /// `AM` or `PM`.
    Half,
    Zone,
}

/// The fields read so far, one bit each.
#[derive(Clone, Copy)]
struct Seen(u8);

impl Field {
    fn of(word: &str) -> Option<Self> {
        let is_number = |length: usize| word.len() == length && is_digits(word);
        Some(match word {
            _ if is_number(1) || is_number(2) => Self::Day,
            _ if is_number(4) => Self::Year,
            _ if is_time(word) => Self::Time,
            _ if is_whole_date(word) => Self::Date,
            _ if is_half(word) => Self::Half,
            _ if is_name(word, &MONTHS) => Self::Month,
            _ if is_name(word, &WEEKDAYS) => Self::Weekday,
            _ if ZONES.contains(&word) || is_offset(word) => Self::Zone,
            _ => return None,
        })
    }
}

impl Seen {
    fn has(self, field: Field) -> bool {
        self.0 & 1 << field as u8 != 0
    }

    /// Returns `true` if `field` may come next: each field at most once, and in an order that programs print.
    fn allows(self, field: Field) -> bool {
        let (has_date, has_time) = (self.has(Field::Date), self.has(Field::Time));
        !self.has(field)
            && match field {
                Field::Weekday => self.0 == 0,
                Field::Day | Field::Month => !has_date && !has_time,
                Field::Year => self.has(Field::Month) && !has_date,
                Field::Date => !self.has(Field::Day) && !self.has(Field::Month) && !has_time,
                // `row 5 9:08` is a number and a time, not a date.
                Field::Time => !self.has(Field::Day) || self.has(Field::Month),
                Field::Half => has_time && !self.has(Field::Zone),
                Field::Zone => has_time,
            }
    }

    fn is_date(self) -> bool {
        let is_month_of = self.has(Field::Day) || self.has(Field::Year);
        self.has(Field::Date) || self.has(Field::Time) || self.has(Field::Month) && is_month_of
    }
}

/// Returns the next word without its final punctuation, and `true` if there was any, because punctuation ends the date.
fn word(text: &str) -> Option<(&str, bool)> {
    // The longest is `2025-07-29T12:30:00.000000000+02:00`.
    let mut chars = text.char_indices().take(MAX_WORD_BYTES + 1);
    let end = chars.find(|(_, c)| is_border(*c)).map_or(text.len(), |(at, _)| at);
    let word = text.get(..end).filter(|word| (1..=MAX_WORD_BYTES).contains(&word.len()))?;
    let core = word.trim_end_matches(['.', ':', '!', '?', '…']);
    Some(if is_half(word) || core.len() == word.len() { (word, false) } else { (core, true) })
}

/// Returns the length of the gap between two words of one date: an optional comma, and one or two spaces.
fn gap(text: &str) -> Option<usize> {
    let spaces = text.strip_prefix(',').unwrap_or(text);
    let rest = spaces.trim_start_matches(char::is_whitespace);
    let count = spaces[..spaces.len() - rest.len()].chars().count();
    (1..=2).contains(&count).then(|| text.len() - rest.len())
}

/// Returns `true` for `9:08`, `11:21:00.250Z`, `9:08PM`, and for any numbers joined by colons in the same way.
fn is_time(word: &str) -> bool {
    let word = HALVES.iter().find_map(|half| strip_suffix_ignoring_case(word, half)).unwrap_or(word);
    let zone = word.find(['Z', '+', '-']).unwrap_or(word.len());
    let (clock, zone) = word.split_at(zone);
    let (clock, fraction) = clock.split_once(['.', ',']).unwrap_or((clock, "0"));
    let mut numbers = clock.split(':');
    (2..=3).contains(&numbers.clone().count())
        && numbers.all(is_digits)
        && is_digits(fraction)
        && (zone.is_empty() || zone == "Z" || is_offset(zone))
}

/// Returns `true` for `2025-07-29`, `2025-07-29T12:30:00Z`, `7/29/2025`, `29.7.2025`, `06-Nov-94`.
fn is_whole_date(word: &str) -> bool {
    if let Some((date, time)) = word.split_at_checked(10)
        && let Some(time) = time.strip_prefix(['T', 't', '_'])
    {
        return is_whole_date(date) && is_time(time);
    }
    ['-', '/', '.'].into_iter().any(|separator| {
        let mut parts = word.split(separator);
        let (Some(first), Some(middle), Some(last), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return false;
        };
        let is_named = is_name(middle, &MONTHS);
        let has_year = first.len() == 4 || last.len() == 4 || is_named;
        [first, last].into_iter().all(|part| is_digits(part) && part.len() != 3 && part.len() <= 4)
            && (is_named || is_digits(middle) && middle.len() <= 2)
            && has_year
    })
}

/// Returns `true` for `+0200`, `-05:00`.
fn is_offset(word: &str) -> bool {
    word.strip_prefix(['+', '-']).is_some_and(|offset| match offset.split_once(':') {
        Some((hours, minutes)) => hours.len() == 2 && minutes.len() == 2 && is_digits(hours) && is_digits(minutes),
        None => offset.len() == 4 && is_digits(offset),
    })
}

fn is_half(word: &str) -> bool {
    HALVES.iter().any(|half| word.eq_ignore_ascii_case(half))
}

/// Returns `true` for one of `names`, or for its first three letters.
fn is_name(word: &str, names: &[&str]) -> bool {
    names.iter().any(|name| word == *name || word.len() == 3 && name.starts_with(word))
}

fn strip_suffix_ignoring_case<'a>(word: &'a str, suffix: &str) -> Option<&'a str> {
    let (rest, end) = word.split_at_checked(word.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix).then_some(rest)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

const HALVES: [&str; 4] = ["AM", "PM", "a.m.", "p.m."];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const ZONES: [&str; 15] =
    ["GMT", "UTC", "UT", "Z", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT", "CET", "CEST", "BST"];
/// Maximum length of a word within a date, in bytes.
const MAX_WORD_BYTES: usize = 40;
