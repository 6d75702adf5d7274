//! The values of fields.

use std::time::Duration;

use monitor_core::traffic::Lookback;
use toml::de::DeValue;

pub(super) fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(number) => number.as_str().parse().ok(),
        DeValue::Integer(_) => count(value).map(|count| count as f64),
        _ => None,
    }
}

pub(super) fn count(value: &DeValue<'_>) -> Option<u64> {
    let DeValue::Integer(number) = value else { return None };
    u64::from_str_radix(number.as_str(), number.radix()).ok()
}

/// Reads a text, or a list of texts.
pub(super) fn texts(value: &DeValue<'_>) -> Option<Vec<String>> {
    match value {
        DeValue::String(text) => Some(vec![text.as_ref().to_owned()]),
        DeValue::Array(list) => list.iter().map(|value| texts(value.get_ref())?.pop()).collect(),
        _ => None,
    }
}

/// Reads a time such as `90s`.
pub(super) fn time(value: &DeValue<'_>) -> Option<Duration> {
    let DeValue::String(text) = value else { return None };
    let unit = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit);
    let number: u64 = number.parse().ok()?;
    let seconds = |unit: u64| number.checked_mul(unit).map(Duration::from_secs);
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => seconds(1),
        "m" => seconds(60),
        "h" => seconds(60 * 60),
        "d" => seconds(24 * 60 * 60),
        _ => None,
    }
}

/// Reads a window. Up to a minute it slides by seconds, and a longer one has whole minutes.
pub(super) fn window(value: &DeValue<'_>) -> Option<Lookback> {
    let time = time(value).filter(|time| time.subsec_millis() == 0)?;
    match time.as_secs() {
        seconds @ 1..=60 => Some(Lookback::Seconds(u8::try_from(seconds).ok()?)),
        seconds @ 61..=3600 if seconds % 60 == 0 => Some(Lookback::Minutes(u8::try_from(seconds / 60).ok()?)),
        _ => None,
    }
}

/// Returns the number of characters to insert, remove or replace to make one word of another.
pub(super) fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, c) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (column, d) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(c != *d);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_windows_are_read_in_their_units() {
        let read = |text: &str| time(&DeValue::String(text.into()));
        let [second, hour] = [1, 3600].map(Duration::from_secs);
        assert_eq!(
            ["300ms", "1s", "60m", "1h"].map(read),
            [Some(Duration::from_millis(300)), Some(second), Some(hour), Some(hour)]
        );
        assert_eq!(["", "5", "s", "1.5s", "-1s", "5 m", "5w", "99999999999999999999s"].map(read), [None; 8]);
        let read = |text: &str| window(&DeValue::String(text.into()));
        assert_eq!(read("60s"), Some(Lookback::Seconds(60)));
        assert_eq!(read("1m"), Some(Lookback::Seconds(60)));
        assert_eq!(read("5m"), Some(Lookback::Minutes(5)));
        assert_eq!(["0s", "90s", "2h", "500ms"].map(read), [None; 4]);
    }

    #[test]
    fn the_distance_of_words_is_the_number_of_their_differences() {
        let distances =
            [("above", "above"), ("above", "abov"), ("at-least", "atleast"), ("", "abc"), ("kitten", "sitting")];
        assert_eq!(distances.map(|(one, other)| distance(one, other)), [0, 1, 1, 3, 3]);
    }
}
