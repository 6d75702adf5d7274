//! The decision to install or to fail, for every kind of machine.

use super::{NOT_ASKED_TO_INSTALL, NOT_INSTALLED_HERE, Plan, plan, wants};
use crate::{
    machine::Machine,
    requirement::{Need, REQUIREMENTS, Requirement},
};

const ROOT_ON_DEBIAN: Machine = Machine { is_debian: true, is_root: true };
const USER_ON_DEBIAN: Machine = Machine { is_debian: true, is_root: false };
const ALL: [Need; 2] = [Need::Always, Need::Services];
const ROOT_ELSEWHERE: Machine = Machine { is_debian: false, is_root: true };

#[track_caller]
fn missing(commands: &[&str]) -> Vec<&'static Requirement> {
    let find = |command: &&str| REQUIREMENTS.iter().find(|known| known.command == *command).expect("in the table");
    commands.iter().map(find).collect()
}

fn install(packages: &[&'static str], crates: &[&'static str]) -> Plan {
    Plan::Install { packages: packages.to_vec(), crates: crates.to_vec(), python: Vec::new() }
}

#[test]
fn nothing_is_installed_when_nothing_is_missing() {
    assert_eq!(plan(&[], USER_ON_DEBIAN, &ALL), install(&[], &[]));
}

#[test]
fn root_on_debian_installs_everything() {
    let all = missing(&["cc", "cargo-nextest", "promtool"]);
    let expected = install(&["gcc", "libc6-dev", "prometheus"], &["cargo-nextest"]);
    assert_eq!(plan(&all, ROOT_ON_DEBIAN, &ALL), expected);
}

#[test]
fn without_services_only_the_ground_is_installed() {
    let all = missing(&["cc", "cargo-nextest", "promtool"]);
    let expected = install(&["gcc", "libc6-dev"], &["cargo-nextest"]);
    assert_eq!(plan(&all, ROOT_ON_DEBIAN, &[Need::Always]), expected);
}

#[test]
fn a_user_and_another_system_are_refused() {
    let some = missing(&["promtool", "cargo-nextest"]);
    for machine in [USER_ON_DEBIAN, ROOT_ELSEWHERE] {
        assert_eq!(plan(&some, machine, &ALL), Plan::Refuse(missing(&["promtool"])));
    }
}

#[test]
fn without_services_a_missing_service_is_no_reason_to_refuse() {
    let some = missing(&["promtool", "cargo-nextest"]);
    for machine in [USER_ON_DEBIAN, ROOT_ELSEWHERE] {
        assert_eq!(plan(&some, machine, &[Need::Always]), install(&[], &["cargo-nextest"]));
    }
}

#[test]
fn a_missing_compiler_is_refused_without_services_too() {
    let some = missing(&["cc", "promtool"]);
    assert_eq!(plan(&some, USER_ON_DEBIAN, &[Need::Always]), Plan::Refuse(missing(&["cc"])));
}

#[test]
fn a_refusal_names_the_command_its_tests_and_the_way_to_it() {
    let text = wants(NOT_INSTALLED_HERE, &missing(&["promtool"]));
    assert!(text.contains("  promtool\n    needed by the tests that let Prometheus judge"), "{text}");
    assert!(text.contains("apt-get install prometheus; elsewhere: "), "{text}");
    assert!(text.ends_with("cargo xtask test --no-services"), "{text}");
}

#[test]
fn a_refusal_names_no_way_round_where_there_is_none() {
    assert!(!wants(NOT_INSTALLED_HERE, &missing(&["cc", "promtool"])).contains("--no-services"));
}

#[test]
fn tools_of_the_fuzzers_are_not_installed_for_tests() {
    let all = missing(&["c++", "cargo-fuzz", "promtool"]);
    assert_eq!(plan(&all, ROOT_ON_DEBIAN, &ALL), install(&["prometheus"], &[]));
    assert_eq!(plan(&all, ROOT_ON_DEBIAN, &[Need::Fuzzing]), install(&["g++"], &["cargo-fuzz"]));
}

#[test]
fn a_toolchain_is_never_installed_unasked() {
    let nightly = missing(&["rustc of the nightly toolchain"]);
    assert_eq!(plan(&nightly, ROOT_ON_DEBIAN, &[Need::Nightly]), Plan::Refuse(nightly.clone()));
    assert!(wants(NOT_INSTALLED_HERE, &nightly).contains("rustup toolchain install nightly"));
}

#[test]
fn anybody_may_install_a_package_of_pythons() {
    let plan = plan(&missing(&["rotel"]), USER_ON_DEBIAN, &ALL);
    let python = vec!["rotel==0.0.1a15"];
    assert_eq!(plan, Plan::Install { packages: Vec::new(), crates: Vec::new(), python });
}

#[test]
fn without_setup_the_missing_is_named_and_nothing_is_installed() {
    let text = wants(NOT_ASKED_TO_INSTALL, &missing(&["cargo-nextest"]));
    assert!(text.starts_with("something is missing, and this command installs nothing\n\n  cargo-nextest\n"), "{text}");
    assert!(text.ends_with("cargo install --locked cargo-nextest"), "{text}");
}
