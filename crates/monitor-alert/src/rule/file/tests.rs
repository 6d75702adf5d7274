//! Tests of rules in TOML.

use std::time::Duration;

use super::*;

#[track_caller]
fn refused(text: &str, line: usize, advice: &str) {
    let error = Rule::from_toml(text).expect_err("must be refused");
    assert!(error.line() == line && error.to_string().contains(advice), "{error}");
}

#[test]
fn the_example_has_every_type_and_equals_rules_in_code() {
    let read = Rule::from_toml(include_str!("../../../../../examples/rules.toml")).expect("the example is good");
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    let in_code: Vec<Rule> = vec![
        IssueRule::new().into(),
        MilestoneRule::new().at_least(10).into(),
        ErrorRatioRule::above(0.05)
            .lasting(minutes(1))
            .within(Lookback::Seconds(60))
            .at_least(10)
            .resolve_below(0.02)
            .resolve_after(minutes(2))
            .into(),
        ErrorRatioRule::above(0.5).per_route().name("route-errors").severity(Severity::Warning).at_least(20).into(),
        IssueEventsRule::more_than(100).within(minutes(60)).into(),
        EscalatingRule::times(10.0).at_least(50).mute("22:00-06:00 Europe/Berlin").into(),
        DurationRule::p95_above(Duration::from_millis(800))
            .within(Lookback::Minutes(5))
            .at_least(50)
            .per_route()
            .into(),
        DurationRule::p95_above(Duration::from_secs(5)).name("tail").quantile(0.99).into(),
        SlowerRule::than_last_release(1.5).at_least(200).into(),
        SlowerRule::than_last_hour(2.0).name("sudden").above(Duration::from_millis(250)).into(),
        SilenceRule::minutes(10).after(50).into(),
        BurnRule::objective(0.999).at_least(500).into(),
        HealthRule::readiness().lasting(Duration::from_secs(10)).into(),
        ProcessEndRule::new().lasts(minutes(60)).into(),
    ];
    assert_eq!(read, in_code);
}

#[test]
fn an_error_names_its_line_and_what_to_change() {
    refused("[[rule]]\ntype = \"error-ratio\"\nabove = \"much\"", 3, "`above` must be a number, such as 0.05");
    refused("\n[[rule]]\ntype = \"error-ratio\"", 2, "add one, such as `above = 0.05`");
    refused("[[rule]]\ntype = \"error-ration\"", 2, "use one of `burn`, `error-ratio`");
    refused("[[rule]]\nabove = 1", 1, "the rule has no `type`");
    refused("[[rule]]\ntype = \"issue\"\n\n[[rule]]\ntype = \"error-ratio\"\nabove = 5", 4, "use one between 0 and 1");
    refused("[[rule]]\ntype = \"silence\"\nminutes = 90", 1, "use 1 to 30 minutes");
    refused("[[rule]]\ntype = \"slow\"\nabove = \"300\"", 3, "such as \"300ms\"");
    refused("[[rule]]\ntype = \"burn\"\nobjective = 0.99\nseverity = \"high\"", 4, "use one of `critical`, `warning`");
    refused("[[rule]]\ntype = \"burn\"\nobjective = 0.99\nname = 7", 4, "must be a text in quotes");
    refused("[[rule]]\ntype = \"error-ratio\"\nabove = 0.1\nwithin = \"90s\"", 4, "1 to 60 seconds or minutes");
    refused("[[rule]]\ntype = \"error-ratio\"\nabove = 0.1\nper-route = 1", 4, "`true` or `false`");
    refused("[[rule]]\ntype = \"issue-events\"\nmore-than = -1", 3, "a whole number");
    refused("[[rule]]\ntype = \"readiness\"\nmute = [7]", 3, "a text in quotes, or a list of them");
    refused("[[rule]]\ntype = \"readiness\"\nmute = [\"22:00-06:00\", \"night\"]", 1, "`night` is no mute window");
    refused("rule = 7", 1, "begin each rule with `[[rule]]`");
    refused("[[rule]]\ntype = ", 2, "");
    refused("[[rule]]\ntype = \"issue\"\n[[rule]]\ntype = \"issue\"", 1, "two alert rules are called `issue`");
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_known_one() {
    refused("[[rule]]\ntype = \"error-ratio\"\nabove = 0.1\natleast = 5", 4, "is it `at-least`?");
    refused("[[rule]]\ntype = \"issue\"\nfor = \"5m\"", 3, "`for` is unknown here");
    refused("[[rules]]\ntype = \"issue\"", 1, "`rules` is no part of the rules");
}

#[test]
fn a_long_text_is_refused() {
    refused(&"#".repeat(64 * 1024 + 1), 1, "use at most 65536");
    assert_eq!(Rule::from_toml(&"#".repeat(64 * 1024)), Ok(vec![]));
}

#[test]
fn an_error_of_a_file_names_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rules.toml");
    let missing = Rule::from_file(&path).expect_err("there is no file");
    assert!(missing.line() == 0 && missing.to_string().contains("rules.toml: the rules cannot be read"), "{missing}");
    fs::write(&path, "[[rule]]\ntype = \"isue\"").expect("a writable folder");
    let refused = Rule::from_file(&path).expect_err("must be refused");
    assert!(refused.to_string().contains("rules.toml:2: `type = \"isue\"` is unknown"), "{refused}");
    fs::write(&path, "[[rule]]\ntype = \"issue\"").expect("a writable folder");
    assert_eq!(Rule::from_file(&path), Ok(vec![IssueRule::new().into()]));
}
