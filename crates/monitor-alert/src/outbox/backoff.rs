//! The delay between two attempts.

use std::time::Duration;

use crate::hash;

/// Returns the delay after this failed attempt, counted from 1: a second that doubles with each attempt up to five
/// minutes, and up to a quarter more or less. The jitter is derived from `id`: entries that failed together are not
/// retried together, and a test can repeat it.
pub(super) fn delay(id: &str, attempt: u32) -> Duration {
    let doublings = attempt.saturating_sub(1).min(MAX_DOUBLINGS);
    let base = (FIRST * (1 << doublings)).min(LONGEST);
    let jitter = f64::from(hash::number(&[id, &attempt.to_string()])) / f64::from(u32::MAX);
    base.mul_f64(1.0 - JITTER + 2.0 * JITTER * jitter)
}

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(300);
/// Beyond it the delay is the longest one.
const MAX_DOUBLINGS: u32 = 9;
const JITTER: f64 = 0.25;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_up_to_five_minutes_with_a_quarter_of_jitter() {
        for id in (0..100).map(|number: u32| number.to_string()) {
            for (attempt, base) in [(1, 1.0), (2, 2.0), (9, 256.0), (10, 300.0), (1000, 300.0), (u32::MAX, 300.0)] {
                let seconds = delay(&id, attempt).as_secs_f64();
                assert!((base * 0.75..=base * 1.25).contains(&seconds), "attempt {attempt}: {seconds} s");
            }
        }
    }

    #[test]
    fn entries_that_failed_together_are_retried_apart() {
        let mut delays: Vec<_> = (0..100).map(|number: u32| delay(&number.to_string(), 5)).collect();
        delays.sort();
        delays.dedup();
        assert!(delays.len() > 90);
        assert!(delays[0] < Duration::from_secs(13) && delays[delays.len() - 1] > Duration::from_secs(19));
    }
}
