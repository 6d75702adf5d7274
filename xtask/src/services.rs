//! Installs the requirements of tests, benches and fuzzers.
//!
//! Debian packages are installed only by root on Debian. On other systems the command lists the missing requirements
//! and fails.

use std::{fmt::Write, process::Command};

use crate::{
    failure::Failure,
    machine::Machine,
    requirement::{Need, Origin, PYTHON, Requirement, missing},
    run::{cargo, root, run},
};

#[derive(Debug, Eq, PartialEq)]
enum Plan {
    Install { packages: Vec<&'static str>, crates: Vec<&'static str>, python: Vec<&'static str> },
    Refuse(Vec<&'static Requirement>),
}

/// Makes sure that all requirements for these needs are met.
pub(crate) fn provide(needs: &[Need]) -> Result<(), Failure> {
    match plan(&missing(), Machine::probe(), needs) {
        Plan::Install { packages, crates, python } => install(&packages, &crates, &python)?,
        Plan::Refuse(unmet) => return Err(Failure::unmet(wants(NOT_INSTALLED_HERE, &unmet))),
    }
    all_met(NOT_FOUND, needs)
}

/// Fails if a requirement for these needs is not met. Installs nothing.
pub(crate) fn require(needs: &[Need]) -> Result<(), Failure> {
    all_met(NOT_ASKED_TO_INSTALL, needs)
}

fn all_met(why_not: &str, needs: &[Need]) -> Result<(), Failure> {
    let unmet: Vec<_> = missing().into_iter().filter(|requirement| requirement.is_wanted(needs)).collect();
    if unmet.is_empty() { Ok(()) } else { Err(Failure::unmet(wants(why_not, &unmet))) }
}

fn plan(missing: &[&'static Requirement], machine: Machine, needs: &[Need]) -> Plan {
    let (mut packages, mut crates, mut python, mut unmet) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for &requirement in missing.iter().filter(|requirement| requirement.is_wanted(needs)) {
        match requirement.origin {
            Origin::Cargo(name) => crates.push(name),
            Origin::Python { package, .. } => python.push(package),
            Origin::Debian { packages: names, .. } if machine.is_debian && machine.is_root => packages.extend(names),
            Origin::Debian { .. } | Origin::Toolchain(_) => unmet.push(requirement),
        }
    }
    if unmet.is_empty() { Plan::Install { packages, crates, python } } else { Plan::Refuse(unmet) }
}

fn install(packages: &[&str], crates: &[&str], python: &[&str]) -> Result<(), Failure> {
    if !packages.is_empty() {
        run(Command::new("apt-get").arg("update"))?;
        let mut install = Command::new("apt-get");
        install.env("DEBIAN_FRONTEND", "noninteractive");
        run(install.args(["install", "-y", "--no-install-recommends"]).args(packages))?;
    }
    crates.iter().try_for_each(|name| run(&mut cargo(&format!("install --locked {name}"))))?;
    python.iter().try_for_each(|package| {
        let mut install = Command::new("pip3");
        run(install.args(["install", "--quiet", "--target", PYTHON, package]).current_dir(root()))
    })
}

fn wants(why: &str, unmet: &[&Requirement]) -> String {
    let mut text = format!("{why}\n");
    for requirement in unmet {
        let Requirement { command, needed_by, .. } = requirement;
        let _ = write!(text, "\n  {command}\n    needed by {needed_by}\n    {}\n", requirement.origin.how());
    }
    if unmet.iter().all(|requirement| requirement.need == Need::Services) {
        text.push_str("\nTo run the tests that do without: cargo xtask test --no-services");
    }
    text.trim_end().to_owned()
}

const NOT_INSTALLED_HERE: &str = "something is missing that this command does not install: it installs packages for \
                                  root on Debian only, and never a toolchain";
const NOT_FOUND: &str = "something was installed and is still not found";
const NOT_ASKED_TO_INSTALL: &str = "something is missing, and this command installs nothing";

#[cfg(test)]
mod tests;
