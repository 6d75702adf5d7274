//! A weekly schedule: a day, a time and a time zone.

use std::time::SystemTime;

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Time, Weekday},
    tz::TimeZone,
};

use crate::time_zone::time_zone;

/// A time of each week, such as `Mon 10:00 Europe/Berlin`.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    day: Weekday,
    time: Time,
    zone: TimeZone,
    text: String,
}

impl Schedule {
    /// Reads a text such as `Mon 10:00 Europe/Berlin`. Without a time zone it is UTC.
    ///
    /// # Errors
    ///
    /// Returns a sentence that says what to change.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let malformed = || format!("`{text}` is no weekly time: use one such as `Mon 10:00 Europe/Berlin`");
        let mut words = text.split_ascii_whitespace();
        let day = words.next().and_then(weekday).ok_or_else(malformed)?;
        let time = words.next().and_then(|word| word.parse().ok()).ok_or_else(malformed)?;
        let zone = time_zone(words.next().unwrap_or("UTC"))?;
        if words.next().is_some() {
            return Err(malformed());
        }
        Ok(Self { day, time, zone, text: text.to_owned() })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the latest time of the schedule that is not after `now`, or `None` beyond the years of a calendar.
    pub(super) fn latest(&self, now: SystemTime) -> Option<SystemTime> {
        let now = Timestamp::try_from(now).ok()?;
        let today = self.zone.to_datetime(now).date();
        let days_since = today.weekday().since(self.day);
        let of_week = |weeks_ago: i64| {
            let date = today.checked_sub((i64::from(days_since) + 7 * weeks_ago).days()).ok()?;
            // A time that a change of the clocks leaves out is an hour later.
            self.zone.to_ambiguous_zoned(date.to_datetime(self.time)).compatible().ok().map(|zoned| zoned.timestamp())
        };
        let this_week = of_week(0)?;
        let latest = if this_week <= now { this_week } else { of_week(1)? };
        Some(latest.into())
    }
}

/// Parses an English weekday, or its first three letters.
fn weekday(word: &str) -> Option<Weekday> {
    let names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let word = word.to_ascii_lowercase();
    let is_name = |name: &str| word == name || word == name[..3];
    let at = names.into_iter().position(is_name)?;
    Weekday::from_monday_zero_offset(i8::try_from(at).ok()?).ok()
}
