//! `cargo xtask matrix`: checks locations and groups of errors in every build profile that users ship.

use crate::{
    failure::Failure,
    run::{cargo, root, run},
};

/// A build of the program `faults`.
struct Profile {
    name: &'static str,
    options: &'static str,
    variables: &'static [(&'static str, &'static str)],
    /// The debug information of the build, passed as the program's argument.
    knows: &'static str,
}

/// Builds and runs the program in each profile, and reports all failures.
pub(crate) fn matrix(names: &[&str]) -> Result<(), Failure> {
    if let Some(unknown) = names.iter().find(|name| !PROFILES.iter().any(|profile| profile.name == **name)) {
        let known = PROFILES.map(|profile| profile.name).join(", ");
        return Err(Failure::usage(format!("`{unknown}` is no build profile: there are {known}")));
    }
    let wanted = PROFILES.iter().filter(|profile| names.is_empty() || names.contains(&profile.name));
    let failed: Vec<_> = wanted.filter_map(|profile| Some((profile.name, try_out(profile).err()?))).collect();
    match &*failed {
        [] => Ok(()),
        all => {
            let lines = all.iter().map(|(name, failure)| format!("{name}: {failure}"));
            Err(Failure::step(lines.collect::<Vec<_>>().join("\n")))
        }
    }
}

/// Builds and runs one profile. Profiles share no dependencies, so each has a target folder of its own.
fn try_out(profile: &Profile) -> Result<(), Failure> {
    let Profile { name, options, variables, knows } = profile;
    let words = format!("run --manifest-path tests/faults/Cargo.toml --locked {options} -- {knows}");
    let target = root().join("target/matrix").join(name);
    run(cargo(&words).env("CARGO_TARGET_DIR", target).envs(variables.iter().copied()))
}

const PROFILES: [Profile; 10] = [
    Profile { name: "dev", options: "", variables: &[], knows: "paths" },
    Profile {
        name: "dev-line-tables",
        options: "",
        variables: &[("CARGO_PROFILE_DEV_DEBUG", "line-tables-only")],
        knows: "names",
    },
    Profile { name: "release", options: "--release", variables: &[], knows: "symbols" },
    Profile {
        name: "release-line-tables",
        options: "--release",
        variables: &[("CARGO_PROFILE_RELEASE_DEBUG", "line-tables-only")],
        knows: "names",
    },
    Profile {
        name: "release-debug-1",
        options: "--release",
        variables: &[("CARGO_PROFILE_RELEASE_DEBUG", "1")],
        knows: "paths",
    },
    Profile {
        name: "release-debug-2",
        options: "--release",
        variables: &[("CARGO_PROFILE_RELEASE_DEBUG", "2")],
        knows: "paths",
    },
    Profile {
        name: "thin-lto",
        options: "--release",
        variables: &[
            ("CARGO_PROFILE_RELEASE_DEBUG", "line-tables-only"),
            ("CARGO_PROFILE_RELEASE_LTO", "thin"),
            ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1"),
        ],
        knows: "names",
    },
    Profile {
        name: "stripped",
        options: "--release",
        variables: &[("CARGO_PROFILE_RELEASE_STRIP", "symbols")],
        knows: "nothing",
    },
    Profile {
        name: "v0-mangling",
        options: "--release",
        variables: &[
            ("CARGO_PROFILE_RELEASE_DEBUG", "line-tables-only"),
            ("RUSTFLAGS", "-C symbol-mangling-version=v0"),
        ],
        knows: "names",
    },
    Profile {
        name: "abort",
        options: "--release",
        variables: &[("CARGO_PROFILE_RELEASE_PANIC", "abort")],
        knows: "symbols",
    },
];
