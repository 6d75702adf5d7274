//! Readings of the history that do not change from one second to the next.

use std::{
    cell::RefCell,
    time::{Duration, Instant},
};

use monitor_core::{Fingerprint, clock, traffic::WindowCounts};

/// Values of spans. Rules read them every second, and a week of a service with many routes takes milliseconds to read:
/// a value is read again once a 4,000th of its span has passed, so that an hour is read every second and a week every
/// few minutes.
#[derive(Debug)]
pub(super) struct Memo<V>(RefCell<Vec<(Duration, Instant, V)>>);

impl<V: Clone> Memo<V> {
    pub(super) fn get(&self, span: Duration, read: impl FnOnce() -> V) -> V {
        let (now, max_age) = (clock::now(), span / 4000);
        let mut values = self.0.borrow_mut();
        values.retain(|(known, at, _)| *known != span || now.saturating_duration_since(*at) < max_age);
        if let Some((.., value)) = values.iter().find(|(known, ..)| *known == span) {
            return value.clone();
        }
        let value = read();
        values.push((span, now, value.clone()));
        value
    }
}

impl<V> Default for Memo<V> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

/// What conditions read from the history.
#[derive(Debug, Default)]
pub(crate) struct HistoryMemo {
    pub(super) totals: Memo<WindowCounts>,
    pub(super) releases: Memo<Vec<(String, WindowCounts)>>,
    pub(super) events: Memo<Vec<(Fingerprint, u64)>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_again_after_a_4000th_of_its_span() {
        let memo = Memo::default();
        assert_eq!(memo.get(DAY, || 1), 1);
        assert_eq!(memo.get(DAY, || 2), 1);
        assert_eq!(memo.get(DAY * 2, || 3), 3, "each span has a value of its own");
        assert_eq!((memo.get(Duration::ZERO, || 4), memo.get(Duration::ZERO, || 5)), (4, 5));
        let short = Duration::from_millis(4);
        memo.get(short, || 6);
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(memo.get(short, || 7), 7);
    }

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
}
