//! `cargo xtask minimal`: checks the libraries with the lowest versions of dependencies that the manifests allow.

use std::process::Command;

use crate::{copy::Copy, failure::Failure, requirement::Need, run::run, services};

/// Resolves the direct dependencies to their lowest versions in a copy, and checks the libraries with all features.
pub(crate) fn minimal(options: &[&str]) -> Result<(), Failure> {
    if let [unknown, ..] = options {
        return Err(Failure::usage(format!("`{unknown}` is not an option of `minimal`")));
    }
    services::require(&[Need::Nightly])?;
    // Users do not build the dev-dependencies, some of which need newer versions.
    let copy = Copy::new("minimal", without_dev_dependencies)?;
    let mut update = Command::new("rustup");
    update.args(["run", "nightly", "cargo", "update", "-Z", "direct-minimal-versions"]);
    run(&mut copy.within(update))?;
    run(&mut copy.cargo("check --workspace --lib --all-features"))
}

fn without_dev_dependencies(manifest: &str) -> String {
    let mut rest = String::new();
    let mut is_dropped = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_dropped = line.ends_with("dev-dependencies]");
        }
        if !is_dropped {
            rest.extend([line, "\n"]);
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::without_dev_dependencies;

    #[test]
    fn dev_dependencies_are_left_out_also_those_of_a_target() {
        let manifest = "[dependencies]\na = \"1\"\n[dev-dependencies]\nb = \"1\"\n\
                        [target.'cfg(unix)'.dev-dependencies]\nc = \"1\"\n[lints]\nworkspace = true\n";
        assert_eq!(without_dev_dependencies(manifest), "[dependencies]\na = \"1\"\n[lints]\nworkspace = true\n");
    }
}
