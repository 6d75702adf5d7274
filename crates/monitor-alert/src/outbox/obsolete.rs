//! The entries of one alert that are of no use after the states of two processes were merged: sent in this order, they
//! would leave the receiver with the wrong state of the alert.

use std::collections::BTreeSet;

use crate::alert::Transition;

/// Returns the positions of the obsolete entries. `entries` are those of one alert, in order, by transition and
/// episode; `active` is the episode of the alert that has not ended, if there is one.
pub(super) fn positions(entries: &[(Transition, u64)], active: Option<u64>) -> BTreeSet<usize> {
    let mut obsolete = contradicting(entries, active);
    let last = if active.is_some() { Transition::Triggered } else { Transition::Resolved };
    let left: Vec<_> = (0..entries.len()).filter(|at| !obsolete.contains(at)).collect();
    obsolete.extend(left.into_iter().rev().take_while(|at| entries[*at].0 != last));
    obsolete
}

/// Returns the ends of the active episode, and the beginnings that come after the end of their episode.
fn contradicting(entries: &[(Transition, u64)], active: Option<u64>) -> BTreeSet<usize> {
    let mut ended = BTreeSet::new();
    let contradicts = |(transition, episode): &(Transition, u64)| match transition {
        Transition::Triggered => ended.contains(episode),
        Transition::Resolved => Some(*episode) == active || !ended.insert(*episode),
    };
    let found: Vec<_> = entries.iter().map(contradicts).collect();
    (0..entries.len()).filter(|at| found[*at]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the remaining ones of entries such as `T1 R1`.
    fn rest(entries: &str, active: Option<u64>) -> String {
        let words: Vec<_> = entries.split_whitespace().collect();
        let parsed = words.iter().map(|word| {
            let transition = if word.starts_with('T') { Transition::Triggered } else { Transition::Resolved };
            (transition, word[1..].parse().expect("an episode"))
        });
        let obsolete = positions(&parsed.collect::<Vec<_>>(), active);
        let left = (0..words.len()).filter(|at| !obsolete.contains(at)).map(|at| words[at]);
        left.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_last_entry_leaves_the_receiver_with_the_state_of_the_alert() {
        assert_eq!(rest("T1 R1 T2", Some(2)), "T1 R1 T2");
        assert_eq!(rest("T1 R1", Some(2)), "T1", "it is active still");
        assert_eq!(rest("R1", Some(2)), "");
        assert_eq!(rest("T1 R1", None), "T1 R1");
        assert_eq!(rest("T1 R1 T2", None), "T1 R1", "it is over");
        assert_eq!(rest("T2", None), "");
    }

    #[test]
    fn an_episode_begins_before_it_ends_and_the_active_one_does_not_end() {
        assert_eq!(rest("R1 T1 T2", Some(2)), "R1 T2");
        assert_eq!(rest("R1 T1", None), "R1");
        assert_eq!(rest("R1 T1", Some(1)), "T1");
    }
}
