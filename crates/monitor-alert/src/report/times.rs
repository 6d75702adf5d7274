//! Times and durations in a report.

use std::time::{Duration, SystemTime};

use jiff::{Timestamp, Zoned, tz::TimeZone};

use super::words::Words;

/// Returns the date and time with its zone, such as `2026-11-28 14:30:05.123 CET (UTC+01:00)`.
pub(super) fn full(at: SystemTime, zone: &TimeZone) -> String {
    local(at, zone).map_or_else(String::new, |at| at.strftime("%Y-%m-%d %H:%M:%S%.3f %Z (UTC%:z)").to_string())
}

/// Returns the time of the day in milliseconds.
pub(super) fn clock(at: SystemTime, zone: &TimeZone) -> String {
    local(at, zone).map_or_else(String::new, |at| at.strftime("%H:%M:%S%.3f").to_string())
}

/// Returns the abbreviation of the zone at this time.
pub(super) fn zone_name(at: SystemTime, zone: &TimeZone) -> String {
    local(at, zone).map_or_else(|| String::from("UTC"), |at| at.strftime("%Z").to_string())
}

/// Returns a duration in milliseconds below a second, in seconds below two minutes, and in minutes.
pub(super) fn duration(time: Duration, words: &Words) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{} ms", time.as_millis()),
        1..120 => format!("{}.{:01} s", seconds, time.subsec_millis() / 100).replace('.', words.decimal),
        120..7_200 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// Returns the time since the first error in the timeline, such as `+3.250 s`.
pub(super) fn offset(time: Duration, words: &Words) -> String {
    format!("+{:.3} s", time.as_secs_f64()).replace('.', words.decimal)
}

fn local(at: SystemTime, zone: &TimeZone) -> Option<Zoned> {
    Some(Timestamp::try_from(at).ok()?.to_zoned(zone.clone()))
}
