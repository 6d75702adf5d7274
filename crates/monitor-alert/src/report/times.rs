//! Times and durations in a report.

use std::time::{Duration, SystemTime};

use jiff::{Timestamp, Zoned, tz::TimeZone};

use super::words::Words;
use crate::incident::IncidentEntry;

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

/// Returns the time of an event since the first error, such as `+3.250 s`; `-3.250 s` before it.
pub(super) fn offset(entry: &IncidentEntry, started: SystemTime, words: &Words) -> String {
    let before = started.duration_since(entry.at).unwrap_or_default();
    // Only the wall clock has the times before the first error, and it may have been wrong.
    let is_before = entry.since_start.is_zero() && before <= MAX_BEFORE;
    let (sign, time) = if is_before && !before.is_zero() { ('-', before) } else { ('+', entry.since_start) };
    format!("{sign}{:.3} s", time.as_secs_f64()).replace('.', words.decimal)
}

fn local(at: SystemTime, zone: &TimeZone) -> Option<Zoned> {
    Some(Timestamp::try_from(at).ok()?.to_zoned(zone.clone()))
}

/// The longest time before the first error from which an incident has events.
const MAX_BEFORE: Duration = Duration::from_secs(15 * 60);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{incident::IncidentEvent, report::english};

    #[test]
    fn an_event_before_the_first_error_has_a_negative_time() {
        let started = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let shown = |at: SystemTime, millis| {
            let since_start = Duration::from_millis(millis);
            let event = IncidentEvent::Mitigated;
            let entry = IncidentEntry { at, since_start, event, evidence: Vec::new(), is_pinned: false };
            offset(&entry, started, &english::WORDS)
        };
        assert_eq!(shown(started, 0), "+0.000 s");
        assert_eq!(shown(started - Duration::from_millis(2_500), 0), "-2.500 s");
        assert_eq!(shown(started - Duration::from_secs(3600), 0), "+0.000 s", "the clock was wrong");
        assert_eq!(shown(started - Duration::from_secs(5), 70_250), "+70.250 s", "it was set back");
    }
}
