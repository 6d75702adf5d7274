//! The texts of facts.

use std::time::Duration;

use monitor_core::traffic::Lookback;

pub(crate) fn fact(name: &str, value: String) -> (String, String) {
    (name.to_owned(), value)
}

/// Returns a ratio in percent, with at most two decimals.
pub(super) fn percent(ratio: f64) -> f64 {
    (ratio * 10_000.0).round() / 100.0
}

pub(super) fn window(window: Lookback) -> String {
    match window {
        Lookback::Seconds(1) => String::from("1 second"),
        Lookback::Seconds(seconds) => format!("{seconds} seconds"),
        Lookback::Minutes(1) => String::from("1 minute"),
        Lookback::Minutes(minutes) => format!("{minutes} minutes"),
        other => format!("{other:?}"),
    }
}

/// Returns a duration in seconds with three digits, or in milliseconds.
pub(super) fn duration(seconds: f64) -> String {
    if seconds < 1.0 { format!("{:.0} ms", seconds * 1000.0) } else { format!("{seconds:.2} s") }
}

/// Returns a time in its largest whole unit.
pub(crate) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let units = [(24 * 60 * 60, "day"), (60 * 60, "hour"), (60, "minute"), (1, "second")];
    let is_whole = |(unit, _): &(u64, &str)| seconds >= *unit && seconds.is_multiple_of(*unit);
    let (unit, name) = units.into_iter().find(is_whole).unwrap_or((1, "second"));
    let plural = if seconds / unit == 1 { "" } else { "s" };
    format!("{} {name}{plural}", seconds / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_is_shown_as_it_was_set() {
        assert_eq!([0.05, 0.29, 0.001].map(|ratio| percent(ratio).to_string()), ["5", "29", "0.1"]);
    }

    #[test]
    fn a_time_is_shown_in_its_largest_whole_unit() {
        let shown = [0, 1, 59, 60, 90, 300, 3600, 5400, 7200, 86_400, 172_800].map(|s| span(Duration::from_secs(s)));
        assert_eq!(
            shown,
            [
                "0 seconds",
                "1 second",
                "59 seconds",
                "1 minute",
                "90 seconds",
                "5 minutes",
                "1 hour",
                "90 minutes",
                "2 hours",
                "1 day",
                "2 days"
            ]
        );
    }
}
