//! Tests of replays.

use std::sync::Arc;

use super::{
    super::{HistorySlots, book::Totals},
    *,
};
use crate::{
    base::{clock::Moment, drops::DropCounter},
    model::outcome::{FinalStatus, Outcome},
    traffic::recorder::{Measured, TrafficRecorder},
};

/// Serves one request in each of these minutes from now on, and returns the totals after the last one.
fn serve(slots: &HistorySlots, now: Moment, minutes: &[i64]) -> Totals {
    let recorder = TrafficRecorder::new(8, Measured::default(), Arc::new(DropCounter::new("traffic")));
    let totals = || Totals { routes: recorder.read(), issues: Vec::new() };
    for minute in minutes {
        slots.tick(totals, later(now, *minute));
        let series = recorder.series(KnownMethod::Get, "/");
        recorder.start(series);
        recorder.end(series, FinalStatus::new(Outcome::Completed, 200), Duration::from_millis(5));
    }
    totals()
}

fn later(now: Moment, minutes: i64) -> Moment {
    let time = Duration::from_secs(60 * minutes.unsigned_abs());
    Moment { steady: now.steady + minutes * 60_000_000, wall: now.wall + time }
}

/// Returns the length of each slot in minutes, and its count.
fn replayed(history: &History<'_>) -> Vec<(u64, u64)> {
    let replay = history.replay().expect("there is no other replay");
    let count = |slot: &HistorySlot| slot.routes.iter().map(|route| route.counts.ended.count).sum();
    replay.map(|replayed| (replayed.length.as_secs() / 60, count(&replayed.slot))).collect()
}

#[test]
fn hours_come_first_and_the_current_minute_last() {
    let (slots, now) = (HistorySlots::new("1.0"), Moment::now());
    let totals = serve(&slots, now, &[0, 1, 3000, 3001, 3001, 3090]);
    let history = History::new(&slots, totals);
    let all = replayed(&history);
    let in_hours: u64 = all.iter().filter(|(length, _)| *length == 60).map(|(_, count)| count).sum();
    assert_eq!(in_hours, 2, "{all:?}");
    assert_eq!(all[all.len() - 3..], [(1, 1), (1, 2), (1, 1)]);
    let ages: Vec<_> = history.replay().expect("the other one was dropped").map(|replayed| replayed.age).collect();
    assert!(ages.is_sorted_by(|earlier, later| earlier >= later), "{ages:?}");
}

#[test]
fn an_hour_begins_at_its_place_also_if_its_first_minutes_had_no_requests() {
    let (slots, now) = (HistorySlots::new("1.0"), Moment::now());
    let totals = serve(&slots, now, &[0, 90, 4000]);
    let replay = History::new(&slots, totals).replay().expect("there is no other replay");
    let hours: Vec<_> = replay.filter(|replayed| replayed.length == HOUR).map(|hour| hour.slot.begin).collect();
    let apart = hours[1].duration_since(hours[0]).expect("it is later");
    // The minutes that the first hour had before this process are no part of it.
    assert_eq!(apart.as_secs().div_ceil(60) % 60, 0, "{apart:?}");
}

#[test]
fn there_is_one_replay_at_a_time() {
    let slots = HistorySlots::new("1.0");
    let history = History::new(&slots, Totals { routes: Vec::new(), issues: Vec::new() });
    let replay = history.replay();
    assert!(replay.is_some() && history.replay().is_none());
    drop(replay);
    assert!(history.replay().is_some());
}
