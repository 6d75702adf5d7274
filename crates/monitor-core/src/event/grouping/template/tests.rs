//! Variable parts are replaced, constant parts stay, and the template of a template is itself.

use proptest::prelude::*;

use super::*;

#[track_caller]
fn says(message: &str, expected: &str) {
    assert_eq!(template(message), expected, "{message}");
    assert_eq!(template(expected), expected, "the template of its template, {message}");
}

#[test]
fn variable_parts_are_replaced_by_placeholders() {
    says("no todo 17 for user a1b2", "no todo <number> for user <id>");
    says("mail to jo.doe@example.org failed.", "mail to <email> failed.");
    says("GET https://a.example/x?y=1: timed out", "GET <url>: timed out");
    says("db-3.prod.internal:5432 refused", "<host> refused");
    says("no route to 10.0.0.7:80, [2001:db8::1]:80", "no route to <ip>, [<ip>]:<number>");
    says("row ceee0822-ed8f-4622-b2a3-789e73e75cd1 is gone", "row <uuid> is gone");
    says("object da39a3ee5e6b4b0d3255bfef95601890afd80709", "object <hash>");
    says("since 2025-07-29T12:30:00.250Z or 2025-07-29 or 12:30:01", "since <date> or <date> or <date>");
    says("after 1h30m and 12ms and 1.5s", "after <duration> and <duration> and <duration>");
    says("at 0xFEED0 or deadbeef01", "at <hex> or <hex>");
    says("load -1.5e3 of -3", "load <number> of <number>");
    says("key \"a b\" taken, can't open 'x y'", "key <quoted> taken, can't open <quoted>");
    says("id=17: worker3 user/42 took 17px", "id=<number>: worker<number> user/<number> took <number>px");
    says("left: 1", "left: <number>");
}

#[test]
fn quotations_are_found_behind_an_equals_sign_and_in_every_typography() {
    for message in
        ["name='ann'", "name=\"ann\"", "name=“ann”", "name=‘it’s’", "name=„ann“", "name=«ann»", "name=「ann」"]
    {
        says(message, "name=<quoted>");
    }
    says("the users' 'a' isn't 'b's", "the users' <quoted> isn't 'b's");
    says(r#"{\"name\":\"ann\"} and "a \" b""#, r"{\<quoted>:\<quoted>} and <quoted>");
    says("an open 'quotation", "an open 'quotation");
}

#[test]
fn numbers_are_one_kind_however_they_are_written() {
    for number in ["3", "2.5", "1,234", "1,234,567.89", "-1e9", "１２", "１，２３４", "٣٤", "[3]"] {
        assert_eq!(template(&format!("{number} rows")).replace(['[', ']'], ""), "<number> rows", "{number}");
    }
    says("took 2.5px, not 1,234px", "took <number>px, not <number>px");
    says("E038,234 and 12.5%", "E038,<number> and <number>%");
}

#[test]
fn a_list_has_the_template_of_a_longer_one() {
    for list in ["[4]", "[4, 5]", "[1, 2, 3]", "[1,2,3]", "[1000,2.5]"] {
        says(list, "[<number>]");
    }
    says("{\"a\", 'b'} of [true, false]", "{<quoted>} of [<bool>]");
    says("(1, \"a\"), (2, \"b\")", "(<number>, <quoted>), (<number>, <quoted>)");
}

#[test]
fn dates_and_times_of_day_are_one_kind_however_they_are_written() {
    for date in [
        "9:08",
        "11:21",
        "11:21:09.250Z",
        "9:08 PM",
        "9:08pm",
        "9:08 p.m.",
        "2025-07-29 12:30:00.5 +02:00",
        "7/29/2025 9:08 PM",
        "7/29/2025, 11:21:09\u{202f}AM",
        "Tue, 15 Nov 1994 08:12:31 GMT",
        "Tuesday, 15-Nov-94 08:12:31 GMT",
        "Tue Nov  5 08:12:31 1994",
        "Tue, 15 Nov 1994 08:12:31 -0500",
        "Tue Jul 29 12:30:00 UTC 2025",
        "November 5, 2025",
        "5 Nov",
    ] {
        says(&format!("since={date}, at {date} of 7 rows"), "since=<date>, at <date> of <number> rows");
    }
    says("ended 15 Nov 1994. It began at 9:08 PM.", "ended <date>. It began at <date>.");
    says("row 5 9:08 or 15 Nov 3 rows, May be", "row <number> <date> or <date> <number> rows, May be");
}

#[test]
fn both_truths_are_one() {
    for (message, expected) in [("ok: true", "ok: <bool>"), ("ok=False", "ok=<bool>"), ("True!", "<bool>!")] {
        says(message, expected);
    }
    says("a false-positive is_true untrue", "a false-positive is_true untrue");
}

#[test]
fn constant_parts_stay() {
    for message in [
        "attempt to divide by zero",
        "called `Option::unwrap()` on a `None` value",
        "error E0382 in main.rs",
        "self.config is missing",
        "the service's queue is full",
        "&'a str is no &'b str, Mon and May",
        "",
    ] {
        says(message, message);
    }
}

#[test]
fn only_the_first_lines_count() {
    says("\nassertion failed\n\n  left: 1\n right: 2", "assertion failed\n  left: <number>");
}

proptest! {
    #[test]
    fn the_template_of_a_template_is_itself(message in "\\PC{0,80}") {
        let once = template(&message);
        prop_assert_eq!(template(&once), once);
    }

    #[test]
    fn the_template_of_a_template_of_what_it_knows_is_itself(pieces in prop::collection::vec(piece(), 0..12)) {
        let once = template(&pieces.concat());
        prop_assert_eq!(template(&once), once);
    }

    #[test]
    fn a_number_changes_nothing(first: u64, second: f64) {
        prop_assert_eq!(template(&format!("row {first} gone")), template(&format!("row {second} gone")));
    }
}

fn piece() -> impl Strategy<Value = String> {
    let known = [
        "a",
        "E",
        "x",
        "5",
        "17",
        "0382",
        "1,234",
        "2.5",
        "e",
        "Nov",
        "Tue",
        "Z",
        "AM",
        "9:08",
        "2025",
        "://",
        "localhost",
        "true",
        ".com",
        ":80",
        "@",
        "=",
        "-",
        ".",
        ":",
        ",",
        ", ",
        " ",
        "'",
        "\"",
        "\\",
        "“",
        "”",
        "‘",
        "’",
        "<",
        ">",
        "[",
        "]",
        "::",
        "<number>",
        "<quoted>",
        "<date>",
        "é",
        "１",
        "µs",
        "%",
        "/",
        "\t",
        "\n",
        "0x",
        "deadbeef",
        "!",
    ];
    prop_oneof![3 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => "[a-zA-Z0-9.:='\"@/,-]{1,4}"]
}
