//! `cargo xtask deny`: checks the dependencies of the libraries by the rules of `deny.toml`.

use crate::{
    failure::Failure,
    requirement::Need,
    run::{cargo, run},
    services,
};

/// Checks licences, sources and duplicates; with `--advisories`, known vulnerabilities, whose list is downloaded.
pub(crate) fn deny(options: &[&str]) -> Result<(), Failure> {
    let checks = match options {
        [] => "licenses bans sources",
        ["--advisories"] => "advisories",
        ["--advisories", unknown, ..] | [unknown, ..] => {
            return Err(Failure::usage(format!("`{unknown}` is not an option of `deny`")));
        }
    };
    services::provide(&[Need::Deny])?;
    run(&mut cargo(&format!("deny check {checks}")))
}
