//! The texts of facts.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_is_shown_as_it_was_set() {
        assert_eq!([0.05, 0.29, 0.001].map(|ratio| percent(ratio).to_string()), ["5", "29", "0.1"]);
    }
}
