use std::time::Duration;

use super::*;

fn sources(limit: usize) -> Sites {
    gated(limit, 100)
}

fn gated(limit: usize, per_second: u32) -> Sites {
    let (counted, drops) = (Arc::new(Counted::new(limit)), Arc::new(DropCounter::new("intake")));
    Sites::new(limit, per_second, Uuid::nil(), counted, drops)
}

fn moment(seconds: i64) -> Moment {
    Moment { wall: clock::from_micros(seconds.unsigned_abs() * 1_000_000), steady: seconds * 1_000_000 }
}

#[test]
fn ten_a_minute_are_admitted_and_all_are_counted() {
    let source = Site::default();
    let at = moment(60);
    assert_eq!((0..25).filter(|_| source.count(at)).count(), 10);
    assert!(!source.would_admit(at.steady));
    assert!(source.count(moment(120)));
    source.ledger(|_, totals| assert_eq!((totals.count, totals.first_seen), (26, at.wall)));
}

#[test]
fn a_wall_clock_that_is_set_admits_no_more_than_ten_a_minute() {
    let source = Site::default();
    let set = |hours: u64| Moment { wall: clock::from_micros(hours * 3_600_000_000), ..moment(60) };
    assert_eq!((0..25).filter(|hours| source.count(set(*hours))).count(), 10);
}

#[test]
fn a_clock_that_was_ahead_and_is_set_back_takes_the_times_back() {
    let source = Site::default();
    let ahead = Moment { wall: clock::from_micros(u64::MAX / 2), ..moment(60) };
    for at in [ahead, moment(61), moment(62)] {
        assert!(source.count(at));
    }
    source.ledger(|_, totals| {
        assert_eq!((totals.count, totals.first_seen, totals.last_seen), (3, moment(61).wall, moment(62).wall));
    });
}

#[test]
fn two_threads_that_count_in_the_wrong_order_lose_no_time() {
    let source = Site::default();
    let (first, second) = (moment(60), Moment { wall: moment(60).wall + Duration::from_micros(3), ..moment(60) });
    assert!(source.count(second) && source.count(first));
    source.ledger(|_, totals| assert_eq!((totals.first_seen, totals.last_seen), (first.wall, second.wall)));
}

#[test]
fn an_event_that_found_no_room_may_be_followed_by_another() {
    let (sources, source) = (sources(1), Site::default());
    let at = moment(60);
    let count = || sources.count(&source, at, || true);
    let admitted: Vec<_> = (0..10).map(|_| count().expect("it is one of ten")).collect();
    source.readmit(admitted[9]);
    assert_eq!(count().map(|admission| admission.suppressed), Ok(1));
    assert_eq!(count().map(|_| ()), Err(DropReason::Throttled));
}

#[test]
fn past_the_limit_there_is_no_new_source() {
    let sources = sources(2);
    assert!(sources.find(1, "/a", "gone").is_some());
    assert!(sources.find(1, "/b", "gone").is_none());
    assert!(sources.find(1, "/a", "gone").is_some());
}

#[test]
fn messages_of_a_place_have_sites_of_their_own_up_to_a_limit() {
    let sources = sources(1000);
    let find = |message: &str| sources.find(1, "/a", message).expect("there is room");
    let same = |first: &str, second: &str| Arc::ptr_eq(&find(first), &find(second));
    assert!(same("row 1 is gone", "row 2 is gone"));
    assert!(!same("row 1 is gone", "no space left"));
    let word = |number: u8| char::from(b'a' + number % 26).to_string().repeat(usize::from(number / 26) + 1);
    (0..100).for_each(|number| drop(find(&word(number))));
    assert!(same(&word(98), &word(99)), "what came past the limit shares the place's own source");
    assert!(!same(&word(0), &word(1)));
}

#[test]
fn messages_past_the_limit_share_one_throttle() {
    let (sources, at) = (sources(1000), moment(60));
    let word = |number: u8| char::from(b'a' + number % 26).to_string().repeat(usize::from(number / 26) + 1);
    let admits = |number| sources.would_admit(1, "/a", &word(number), at.steady);
    for number in 0..100 {
        let expected = number < 32 + 10;
        assert_eq!(admits(number), expected, "{number}: asked before");
        assert_eq!(sources.find(1, "/a", &word(number)).expect("there is room").count(at), expected, "{number}");
    }
}

#[test]
fn where_there_is_no_room_nothing_new_is_admitted() {
    let (sources, at) = (sources(2), moment(60));
    assert!(sources.would_admit(1, "/a", "gone", at.steady));
    sources.find(1, "/a", "gone").expect("there is room");
    assert!(sources.would_admit(1, "/a", "no space left", at.steady), "the place's own source takes it");
    assert!(!sources.would_admit(1, "/b", "gone", at.steady));
}

#[test]
fn past_the_gate_only_what_is_new_is_captured_whole() {
    let (sources, at) = (gated(64, 3), moment(0));
    let all: Vec<_> = (0..8).map(|place| sources.find(place, "", "gone").expect("there is room")).collect();
    let admitted = |at| all.iter().filter(|source| sources.count(source, at, || true).is_ok()).count();
    assert_eq!((admitted(at), admitted(at), admitted(at)), (8, 3, 0), "the first of each, and three more");
    assert_eq!(admitted(moment(1)), 3);
    assert_eq!(sources.drops.read().collect::<Vec<_>>(), [(DropReason::StormGate, 5 + 8 + 5)]);
}

#[test]
fn the_first_error_of_a_source_is_captured_whole_whatever_its_share() {
    let (sources, source) = (sources(1), Site::default());
    let count = |is_sampled| sources.count(&source, moment(0), || is_sampled);
    assert_eq!(count(false).map(|admission| admission.suppressed), Ok(0));
    assert_eq!(count(false).map(|_| ()), Err(DropReason::Sampled));
    assert_eq!(count(true).map(|admission| admission.suppressed), Ok(1), "it says how many were not");
    source.ledger(|_, totals| assert_eq!(totals.count, 3));
}

#[test]
fn each_site_that_counted_is_taken_once() {
    let sources = sources(1000);
    let all: Vec<_> = (0..300).map(|place| sources.find(place, "", "gone").expect("there is room")).collect();
    let count = |at: usize| assert!(sources.count(&all[at], moment(0), || true).is_ok());
    let taken = || sources.counted.take();
    [0, 1, 63, 64, 299, 63].into_iter().for_each(count);
    let expected: Vec<_> = [0, 1, 63, 64, 299].map(|at: usize| all[at].number).into();
    assert_eq!(taken().iter().map(|source| source.number).collect::<Vec<_>>(), expected);
    assert!(taken().is_empty());
    count(7);
    assert!(Arc::ptr_eq(&taken()[0], &all[7]));
}

#[test]
fn users_are_counted_once() {
    let (sources, source) = (sources(1), Site::default());
    for user in ["1", "2", "1"] {
        source.add_user(sources.mark(user));
    }
    assert_eq!((source.drain_users().count(), source.drain_users().count()), (2, 0));
    source.add_user(sources.mark("1"));
    assert_eq!(source.drain_users().count(), 1);
}
