//! Parsing cases from the Recommendation's test suite, and from its text.

use super::*;

const TRACE: &str = "12345678901234567890123456789012";
const VALID: &str = "00-12345678901234567890123456789012-1234567890123456-01";

fn read(value: &str) -> Option<TraceContext> {
    TraceContext::from_traceparent(value)
}

#[track_caller]
fn state(values: &[&str]) -> String {
    let context = read(VALID).expect("it is valid");
    context.with_tracestate(values.iter().copied()).tracestate().to_owned()
}

#[test]
fn a_valid_traceparent_is_continued() {
    for value in [VALID, &format!(" {VALID}"), &format!("\t{VALID} \t")] {
        let context = read(value).expect(value);
        assert_eq!((context.trace_id().to_string().as_str(), context.is_sampled()), (TRACE, true));
        assert_eq!(context.span_id().to_string(), "1234567890123456");
        assert_eq!(context.to_string(), VALID);
    }
}

#[test]
fn version_00_has_an_exact_length() {
    for rest in [".", "-", "-what-the-future-will-be-like"] {
        assert_eq!(read(&format!("{VALID}{rest}")), None, "{rest}");
    }
}

#[test]
fn of_a_later_version_what_is_known_is_read() {
    let later = VALID.replacen("00", "cc", 1);
    for rest in ["", "-", "-what-the-future-will-be-like"] {
        let context = read(&format!("{later}{rest}")).expect(rest);
        assert_eq!(context.to_string(), VALID, "it is handed on as version 00");
    }
    assert_eq!(read(&format!("{later}.what-the-future-will-be-like")), None);
}

#[test]
fn an_invalid_header_begins_a_new_trace() {
    let whole = [
        "",
        "00",
        "00-",
        "ff-12345678901234567890123456789012-1234567890123456-01",
        ".0-12345678901234567890123456789012-1234567890123456-01",
        "0.-12345678901234567890123456789012-1234567890123456-01",
        "00-.2345678901234567890123456789012-1234567890123456-01",
        "00-1234567890123456789012345678901.-1234567890123456-01",
        "00-00000000000000000000000000000000-1234567890123456-01",
        "00-1234567890123456789012345678901-1234567890123456-01",
        "00-123456789012345678901234567890123-1234567890123456-01",
        "00-12345678901234567890123456789012-0000000000000000-01",
        "00-12345678901234567890123456789012-.234567890123456-01",
        "00-12345678901234567890123456789012-123456789012345.-01",
        "00-12345678901234567890123456789012-123456789012345-01",
        "00-12345678901234567890123456789012-12345678901234567-01",
        "00-12345678901234567890123456789012-1234567890123456-.0",
        "00-12345678901234567890123456789012-1234567890123456-0.",
        "00-12345678901234567890123456789012-1234567890123456-001",
        "00-12345678901234567890123456789012-1234567890123456-1",
        "00-ABCDEFABCDEFABCDEFABCDEFABCDEFAB-1234567890123456-01",
        "00-12345678901234567890123456789012-ABCDEFABCDEFABCD-01",
        "00-12345678901234567890123456789012-1234567890123456-0A",
        "00_12345678901234567890123456789012_1234567890123456_01",
        "00-é2345678901234567890123456789012-1234567890123456-01",
    ];
    for value in whole {
        assert_eq!(read(value), None, "{value}");
    }
}

#[test]
fn the_sampled_and_random_flags_are_passed_on_and_unknown_flags_are_cleared() {
    let flags = |flags: &str| read(&format!("00-{TRACE}-1234567890123456-{flags}")).expect(flags);
    for (received, sent) in [("00", "-00"), ("01", "-01"), ("02", "-02"), ("03", "-03"), ("fc", "-00"), ("ff", "-03")] {
        let child = flags(received).child().to_string();
        assert!(child.ends_with(sent), "{received}: {child}");
    }
    let unsampled = flags("03").with_sampled(false);
    assert_eq!((unsampled.flags(), unsampled.with_sampled(true).flags()), (2, 3), "sampling leaves the random flag");
}

#[test]
fn a_trace_that_begins_here_has_the_random_flag_and_7_random_bytes_at_its_end() {
    let traces = [TraceContext::new(), TraceContext::of_request(&RequestId::new())];
    assert_eq!(traces.map(|trace| (trace.flags(), trace.to_string().ends_with("-02"))), [(2, true); 2]);
    let (mut all, mut any) = ([0xff; 7], [0; 7]);
    for _ in 0..200 {
        let bytes = TraceContext::of_request(&RequestId::new()).trace_id().to_bytes();
        for (at, byte) in bytes[9..].iter().enumerate() {
            (all[at], any[at]) = (all[at] & byte, any[at] | byte);
        }
    }
    assert_eq!((all, any), ([0; 7], [0xff; 7]), "a bit that never changes is not random");
}

#[test]
fn a_tracestate_in_several_headers_keeps_its_order() {
    assert_eq!(state(&["foo=1,bar=2", "rojo=1,congo=2", "baz=3"]), "foo=1,bar=2,rojo=1,congo=2,baz=3");
    assert_eq!(state(&["foo=1", ""]), "foo=1");
    assert_eq!(state(&["", "foo=1"]), "foo=1");
    assert_eq!(state(&["foo=1,"]), "foo=1");
    assert_eq!(state(&[",foo=1"]), "foo=1");
    assert_eq!(state(&[]), "");
}

#[test]
fn white_space_around_members_is_none_of_them() {
    assert_eq!(state(&["foo=1 \t , \t bar=2, \t baz=3"]), "foo=1,bar=2,baz=3");
    assert_eq!(state(&["foo=1\t \t,\t \tbar=2,\t \tbaz=3"]), "foo=1,bar=2,baz=3");
    assert_eq!(state(&[" foo=1", "\tbar=2\t "]), "foo=1,bar=2");
    assert_eq!(state(&["foo= 1"]), "foo= 1");
}

#[test]
fn of_a_key_that_comes_twice_the_first_stays() {
    assert_eq!(state(&["foo=1,foo=2"]), "foo=1");
    assert_eq!(state(&["foo=1", "bar=2,foo=3"]), "foo=1,bar=2");
}

#[test]
fn every_allowed_character_is_allowed() {
    let key = "abcdefghijklmnopqrstuvwxyz0123456789_-*/";
    let value: String = (' '..='~').filter(|char| !matches!(char, ',' | '=')).collect();
    assert_eq!(state(&[&format!("{key}={value}")]), format!("{key}={value}"));
    assert_eq!(state(&[&format!("{key}@a-z0-9_-*/={value}")]), format!("{key}@a-z0-9_-*/={value}"));
    for key in ["0a@b", "1foo", "foo@", "foo@@bar", "foo@bar@baz", "foo@1"] {
        assert_eq!(state(&[&format!("{key}=1,bar=2")]), format!("{key}=1,bar=2"), "Level 2 allows it");
    }
}

#[test]
fn a_list_with_anything_else_in_it_is_discarded() {
    let keys = ["foo =1", "FOO=1", "foo.bar=1", "@foo=1", "_foo=1", "=1"];
    let values = ["foo=bar=baz", "foo=", "foo=a\tb", "foo=\u{7f}", "foo=é", "foo"];
    for member in keys.into_iter().chain(values) {
        assert_eq!(state(&[&format!("bar=2,{member}")]), "", "{member}");
    }
}

#[test]
fn keys_and_values_have_their_longest() {
    let (tenant, system) = ("t".repeat(242), "v".repeat(15));
    for key in ["z".repeat(256), format!("{tenant}@v"), format!("t@{system}"), format!("{}@{system}", &tenant[..240])] {
        assert_eq!(state(&[&format!("foo=1,{key}=1")]), format!("foo=1,{key}=1"));
    }
    for key in ["z".repeat(257), format!("{tenant}@{system}")] {
        assert_eq!(state(&[&format!("foo=1,{key}=1")]), "");
    }
    assert_eq!(state(&[&format!("foo={}", "x".repeat(256))]).len(), 260);
    assert_eq!(state(&[&format!("foo={}", "x".repeat(257))]), "");
}

#[test]
fn a_list_has_at_most_32_members() {
    let members = |count: usize| (0..count).map(|number| format!("bar{number:02}=1")).collect::<Vec<_>>().join(",");
    assert_eq!(state(&[&members(32)]), members(32));
    assert_eq!(state(&[&members(33)]), "");
    assert_eq!(state(&[&members(16), &members(17)]), "", "those that come twice count as well");
}

#[test]
fn past_512_characters_the_long_members_go_first_and_then_the_last() {
    let long = format!("long={}", "x".repeat(200));
    let short: Vec<_> = (0..4).map(|number| format!("key{number}={}", "x".repeat(95))).collect();
    let list = [&short[..2], std::slice::from_ref(&long), &short[2..]].concat().join(",");
    assert_eq!(state(&[&list]), short.join(","));
    let many: Vec<_> = (0..6).map(|number| format!("key{number}={}", "x".repeat(123))).collect();
    assert_eq!(state(&[&many.join(",")]), many[..3].join(","));
    let exact = format!("a={},b={}", "x".repeat(253), "x".repeat(254));
    assert_eq!((exact.len(), state(&[&exact])), (512, exact));
}

#[test]
fn a_child_is_of_the_same_trace_and_knows_its_parent() {
    let parent = read(VALID).expect("it is valid").with_tracestate(["foo=1"]);
    let (first, second) = (parent.child(), parent.child());
    assert_eq!((first.trace_id(), first.parent_id()), (parent.trace_id(), Some(parent.span_id())));
    assert_eq!((first.tracestate(), first.is_sampled()), ("foo=1", true));
    let shown = format!("{:?} {:?}", parent.trace_id(), parent.span_id());
    assert_eq!(shown, "12345678901234567890123456789012 1234567890123456");
    assert_ne!(first.span_id(), second.span_id());
}

#[test]
fn a_trace_that_begins_here_has_no_parent_and_the_digits_of_its_request() {
    let id = RequestId::new();
    let trace = TraceContext::of_request(&id);
    assert_eq!(trace.trace_id().to_string(), id.to_string().replace('-', ""));
    assert_eq!((trace.parent_id(), trace.is_sampled(), trace.tracestate()), (None, false, ""));
    let accepted = RequestId::accept("00000000-0000-0000-0000-000000000000").expect("it is plain");
    assert_ne!(TraceContext::of_request(&accepted).trace_id().to_string(), "0".repeat(32));
    assert!(read(&trace.to_string()).is_some());
}

#[test]
fn ids_of_a_tracer_replace_ours_unless_one_is_zero() {
    let ours = read(VALID).expect("it is valid").with_tracestate(["foo=1"]).child();
    let theirs = ours.with_ids(ours.trace_id().to_bytes(), [2; 8], 0).expect("they are not zero");
    assert_eq!(theirs.to_string(), format!("00-{TRACE}-{}-00", "02".repeat(8)));
    assert_eq!((theirs.tracestate(), theirs.parent_id()), ("foo=1", ours.parent_id()));
    let other = ours.with_ids([1; 16], [2; 8], 0b11).expect("they are not zero");
    assert_eq!(other.to_string(), format!("00-{}-{}-03", "01".repeat(16), "02".repeat(8)));
    assert_eq!((other.tracestate(), other.parent_id()), ("", None), "they belong to the first trace");
    assert_eq!(ours.with_ids([0; 16], [1; 8], 1), None);
    assert_eq!(ours.with_ids([1; 16], [0; 8], 1), None);
}

#[test]
fn fractions_are_spread_from_0_to_below_1() {
    are_spread(|| SpanId::new().fraction());
    are_spread(|| TraceContext::new().span_id().fraction());
    assert!(SpanId::from_number(u64::MAX).expect("it is not zero").fraction() < 1.0);
}

#[track_caller]
fn are_spread(fraction: impl Fn() -> f64) {
    let fractions: Vec<_> = (0..4000).map(|_| fraction()).collect();
    assert!(fractions.iter().all(|fraction| (0.0..1.0).contains(fraction)));
    let below = |share: f64| fractions.iter().filter(|fraction| **fraction < share).count();
    assert!((200..=600).contains(&below(0.1)) && (1800..=2200).contains(&below(0.5)), "{} {}", below(0.1), below(0.5));
}
