//! Mute windows: times of the day in which a rule begins no alert.

use std::time::SystemTime;

use jiff::{Timestamp, civil::Time, tz::TimeZone};

use crate::time_zone::time_zone;

/// A time of each day. It reaches over midnight if it ends before it begins.
#[derive(Clone, Debug)]
pub(crate) struct Mute {
    from: Time,
    to: Time,
    zone: TimeZone,
}

impl Mute {
    /// Reads a text such as `22:00-06:00 Europe/Berlin`.
    ///
    /// # Errors
    ///
    /// Returns a sentence that says what to change.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let malformed = || format!("`{text}` is no mute window: use one such as `22:00-06:00 Europe/Berlin`");
        let (times, zone) = text.split_once(' ').unwrap_or((text, "UTC"));
        let (from, to) = times.split_once('-').ok_or_else(malformed)?;
        let time = |text: &str| text.parse::<Time>().map_err(|_| malformed());
        let (from, to) = (time(from)?, time(to)?);
        if from == to {
            return Err(format!("the mute window `{text}` begins when it ends: remove the rule to mute it all day"));
        }
        Ok(Self { from, to, zone: time_zone(zone)? })
    }

    pub(crate) fn has(&self, at: SystemTime) -> bool {
        // A clock beyond the year 9999 mutes nothing.
        let Ok(at) = Timestamp::try_from(at) else { return false };
        let time = self.zone.to_datetime(at).time();
        if self.from < self.to { self.from <= time && time < self.to } else { self.from <= time || time < self.to }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn muted(window: &str, times: &[&str]) -> Vec<bool> {
        let mute = Mute::parse(window).expect("a window");
        times.iter().map(|time| mute.has(time.parse::<Timestamp>().expect("a time").into())).collect()
    }

    #[test]
    fn a_window_begins_and_ends_each_day() {
        let day = ["2026-03-01T08:59:59Z", "2026-03-01T09:00:00Z", "2026-03-02T16:59:59Z", "2026-03-02T17:00:00Z"];
        assert_eq!(muted("09:00-17:00", &day), [false, true, true, false]);
        assert_eq!(muted("17:00-09:00", &day), [true, false, false, true], "over midnight");
    }

    #[test]
    fn a_window_is_in_the_time_of_its_zone() {
        let (winter, summer) = ("2026-01-15T21:30:00Z", "2026-07-15T20:30:00Z");
        assert_eq!(muted("22:00-06:00 Europe/Berlin", &[winter, summer]), [true, true]);
        assert_eq!(muted("22:00-06:00", &[winter, summer]), [false, false]);
    }

    #[test]
    fn a_bad_window_is_refused_with_what_to_change() {
        let refused = |text: &str| Mute::parse(text).expect_err("must be refused");
        for text in ["", "22:00", "22:00-25:00", "night", "22:00 - 06:00"] {
            assert!(refused(text).contains("use one such as `22:00-06:00 Europe/Berlin`"), "{text}");
        }
        assert!(refused("06:00-06:00").contains("begins when it ends"));
        assert!(refused("22:00-06:00 Mars/Olympus").contains("install tzdata"));
    }
}
