//! Tests of the schedule of the weekly test alert.

use jiff::Timestamp;

use super::*;

fn at(text: &str) -> SystemTime {
    text.parse::<Timestamp>().expect("a time").into()
}

fn test(schedule: &str) -> WeeklyTest {
    WeeklyTest::new(Schedule::parse(schedule).expect("a schedule"))
}

#[track_caller]
fn assert_due(test: &mut WeeklyTest, times: &[(&str, bool)]) {
    for (time, is_due) in times {
        assert_eq!(test.is_due(at(time)), *is_due, "{time}");
    }
}

#[test]
fn a_test_is_due_once_a_week_in_the_time_of_its_zone() {
    let mut test = test("Mon 10:00 Europe/Berlin");
    assert_due(
        &mut test,
        &[
            ("2026-03-20T12:00:00Z", false),
            ("2026-03-23T08:59:59Z", false),
            ("2026-03-23T09:00:00Z", true),
            ("2026-03-23T09:00:01Z", false),
            ("2026-03-29T23:00:00Z", false),
            // It is summer time since the day before.
            ("2026-03-30T07:59:59Z", false),
            ("2026-03-30T08:00:00Z", true),
            ("2026-04-20T00:00:00Z", true),
            ("2026-04-20T08:00:00Z", true),
        ],
    );
}

#[test]
fn a_time_that_the_clocks_leave_out_is_later() {
    let mut test = test("sunday 02:30 Europe/Berlin");
    assert_due(
        &mut test,
        &[
            ("2026-03-28T12:00:00Z", false),
            ("2026-03-29T01:29:59Z", false),
            ("2026-03-29T01:30:00Z", true),
            // The hour from 2:00 comes twice.
            ("2026-10-25T00:30:00Z", true),
            ("2026-10-25T01:30:00Z", false),
        ],
    );
}

#[test]
fn a_clock_that_was_wrong_does_not_suspend_the_tests() {
    let mut test = test("Mon 10:00");
    assert_due(
        &mut test,
        &[
            ("2026-11-23T11:00:00Z", false),
            ("2036-01-01T00:00:00Z", true),
            ("2026-11-23T11:01:00Z", false),
            ("2026-11-30T10:00:00Z", true),
            // A clock that is set back by a second.
            ("2026-11-30T09:59:59Z", false),
            ("2026-11-30T10:00:00Z", false),
            // By six days: the test of this week was sent.
            ("2026-11-24T10:00:00Z", false),
            ("2026-11-30T10:00:00Z", false),
            ("1970-01-01T00:00:00Z", false),
            ("2026-11-30T10:05:00Z", true),
        ],
    );
    assert!(!test.is_due(SystemTime::UNIX_EPOCH + Duration::from_secs(400_000_000_000)), "beyond the year 9999");
}

fn stored(test: &mut WeeklyTest) -> Vec<(String, Vec<u8>)> {
    let value = |change| match change {
        StoreWrite::Put { key, value } => Some((key, value)),
        _ => None,
    };
    test.everything().into_iter().filter_map(value).collect()
}

#[test]
fn a_time_that_passed_while_no_process_ran_is_made_up_for() {
    let mut before = test("Mon 10:00");
    assert_due(&mut before, &[("2026-11-24T00:00:00Z", false)]);
    assert_eq!(before.take_changes().len(), 1, "the start is known to the next process");
    assert!(before.take_changes().is_empty());
    let mut values = stored(&mut before);

    let mut soon = test("Mon 10:00");
    assert_due(&mut soon, &[("2026-11-25T00:00:00Z", false)]);
    soon.merge(&mut values.clone());
    assert_due(&mut soon, &[("2026-11-25T00:00:01Z", false), ("2026-11-30T10:00:00Z", true)]);

    let mut later = test("Mon 10:00");
    assert_due(&mut later, &[("2026-12-01T00:00:00Z", false)]);
    later.merge(&mut values.clone());
    assert_due(&mut later, &[("2026-12-01T00:00:01Z", true), ("2026-12-01T00:00:02Z", false)]);
    // The process before has sent it as well, and its state comes late.
    later.merge(&mut values);
    assert_due(&mut later, &[("2026-12-01T00:00:03Z", false)]);
    assert_eq!(later.take_changes().len(), 1);
}

#[test]
fn fields_of_a_newer_release_are_written_back() {
    let mut test = test("Mon 10:00");
    let mut values = vec![(store_key(), br#"{"last_ms":1764000000000,"new":7}"#.to_vec())];
    values.push(("alert-other".to_owned(), b"{}".to_vec()));
    test.merge(&mut values);
    assert_eq!(values.len(), 1);
    assert!(test.is_due(at("2026-12-01T00:00:00Z")));
    assert!(String::from_utf8_lossy(&stored(&mut test)[0].1).contains("\"new\":7"));
}

#[test]
fn a_bad_schedule_is_refused_with_what_to_change() {
    let refused = |text: &str| Schedule::parse(text).expect_err("must be refused");
    for text in ["", "Mon", "10:00", "Mon 25:00", "Moonday 10:00", "Mon 10:00 UTC weekly"] {
        assert!(refused(text).contains("use one such as `Mon 10:00 Europe/Berlin`"), "{text}");
    }
    assert!(refused("Mon 10:00 Mars/Olympus").contains("install tzdata"));
}
