//! `cargo xtask matrix`: checks locations and groups of errors in every build profile that users ship.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    failure::Failure,
    run::{cargo, read_shown, root},
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
    copy_with_moved_lines()
        .map_err(|error| Failure::step(format!("`{}` cannot be written: {error}", moved().display())))?;
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

/// Builds and runs one profile twice, the second time from another folder with all lines moved. Each fault must be one
/// issue over both builds.
fn try_out(profile: &Profile) -> Result<(), Failure> {
    let [issues, moved] = [issues(profile, &root().join("tests/faults"))?, issues(profile, &moved())?];
    match &*changed(&issues, &moved) {
        [] => Ok(()),
        marks => Err(Failure::step(format!("not one issue over two builds with other lines: {}", marks.join(", ")))),
    }
}

/// Returns the output of the program: a line for each fault. Profiles share no dependencies, so each has a target
/// folder of its own. The two builds of a profile share all but the program itself.
fn issues(profile: &Profile, folder: &Path) -> Result<String, Failure> {
    let Profile { name, options, variables, knows } = profile;
    let mut command = cargo("run --locked --manifest-path");
    command.arg(folder.join("Cargo.toml")).args(options.split_whitespace()).args(["--", knows]);
    let target = root().join("target/matrix").join(name);
    read_shown(command.env("CARGO_TARGET_DIR", target).envs(variables.iter().copied()))
}

/// Returns the marks of faults that have another issue in the second build, or the same place. Where the line takes
/// part the issue may be another.
fn changed<'a>(first: &'a str, second: &'a str) -> Vec<&'a str> {
    let faults = |printed: &'a str| {
        printed.lines().filter_map(|line| match line.splitn(3, ' ').collect::<Vec<_>>()[..] {
            [issue, place, mark] if place.contains(".rs:") => Some((mark, (issue, place))),
            _ => None,
        })
    };
    let second: BTreeMap<_, _> = faults(second).collect();
    let is_one_issue =
        |mark: &str, (issue, place)| second.get(mark).is_some_and(|(other, moved)| *other == issue && *moved != place);
    let changed = faults(first).filter(|(mark, fault)| !is_one_issue(mark, *fault)).map(|(mark, _)| mark);
    changed.filter(|mark| !mark.ends_with("(by its line)")).collect()
}

/// Copies the program, with one more line above all others in each source. The copy has a version of its own: cargo
/// would take a package of the same name and version for the one it has just built.
fn copy_with_moved_lines() -> io::Result<()> {
    let (faults, moved) = (root().join("tests/faults"), moved());
    let crates = root().join("crates").display().to_string();
    copy(&faults.join("src"), &moved.join("src"), |source| format!("// Moves all lines.\n{source}"))?;
    for file in ["Cargo.toml", "Cargo.lock"] {
        let text = fs::read_to_string(faults.join(file))?;
        fs::write(moved.join(file), text.replace("\"0.0.0\"", "\"0.0.1\"").replace("../../crates", &crates))?;
    }
    Ok(())
}

/// Copies a folder, with each file changed by `change`.
fn copy(from: &Path, to: &Path, change: fn(&str) -> String) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to, change)?;
        } else {
            fs::write(to, change(&fs::read_to_string(from)?))?;
        }
    }
    Ok(())
}

fn moved() -> PathBuf {
    root().join("target/matrix/moved")
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

#[cfg(test)]
mod tests {
    use super::changed;

    #[test]
    fn a_fault_with_another_issue_once_its_line_moved_is_found_unless_its_line_takes_part() {
        let first =
            "v2-a src/a.rs:7 a panic\nv2-b src/b.rs:7 a capture\nv2-c src/c.rs:7 inlined (by its line)\n3 faults";
        assert_eq!(changed(first, &first.replace(":7", ":8")), [""; 0]);
        let second = "v2-a src/a.rs:8 a panic\nv2-x src/b.rs:8 a capture\nv2-y src/c.rs:8 inlined (by its line)\n";
        assert_eq!(changed(first, second), ["a capture"]);
        assert_eq!(changed(first, ""), ["a panic", "a capture"]);
        assert_eq!(changed(first, first), ["a panic", "a capture"], "no line moved");
    }
}
