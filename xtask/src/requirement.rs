//! The external commands required by the commands of this program.

use std::{env, fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use crate::run::{cargo, root, succeeds};

/// A required command.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Requirement {
    pub(crate) command: &'static str,
    pub(crate) needed_by: &'static str,
    pub(crate) need: Need,
    pub(crate) origin: Origin,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Need {
    /// Required by all commands.
    Always,
    /// Required only by the ignored tests.
    Services,
    /// Required only by the benches.
    Benches,
    /// Required only by the fuzzers.
    Fuzzing,
    /// Required by what only a nightly toolchain can do.
    Nightly,
    /// Required only by the check of the minimum Rust version.
    Msrv,
    /// Required only by the check of the dependencies.
    Deny,
    /// Required only by the check of messages to Slack.
    Node,
}

#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Origin {
    /// Debian packages, and a source for other systems.
    Debian { packages: &'static [&'static str], elsewhere: &'static str },
    /// A crate installed by cargo.
    Cargo(&'static str),
    /// A Python package, and a file that exists once it is installed.
    Python { package: &'static str, file: &'static str },
    /// A toolchain, which is never installed automatically.
    Toolchain(&'static str),
}

/// Returns the requirements that are not met on this machine.
pub(crate) fn missing() -> Vec<&'static Requirement> {
    REQUIREMENTS.iter().filter(|requirement| !requirement.is_met()).collect()
}

// === impl Requirement ===

impl Requirement {
    pub(crate) fn is_wanted(&self, needs: &[Need]) -> bool {
        needs.contains(&self.need)
    }

    fn is_met(&self) -> bool {
        match self.origin {
            Origin::Debian { .. } => is_on_path(self.command) || is_of_postgresql(self.command),
            // cargo also finds its commands outside of `PATH`.
            Origin::Cargo(name) => succeeds(cargo(name.trim_start_matches("cargo-")).arg("--version")),
            Origin::Python { file, .. } => root().join(PYTHON).join(file).is_file(),
            Origin::Toolchain(name) => succeeds(Command::new("rustup").args(["run", name, "rustc", "--version"])),
        }
    }
}

// === impl Origin ===

impl Origin {
    /// Returns an instruction for installing it.
    pub(crate) fn how(&self) -> String {
        match self {
            Self::Debian { packages, elsewhere } => {
                format!("on Debian: apt-get install {}; elsewhere: {elsewhere}", packages.join(" "))
            }
            Self::Cargo(name) => format!("cargo install --locked {name}"),
            Self::Python { package, .. } => format!("pip3 install --target {PYTHON} {package}"),
            Self::Toolchain(name) => format!("rustup toolchain install {name}"),
        }
    }
}

fn is_on_path(command: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| is_executable(&folder.join(command)))
}

/// Returns whether PostgreSQL provides the command. Debian has a folder per version, which is not on `PATH`.
fn is_of_postgresql(command: &str) -> bool {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions.into_iter().any(|version| is_executable(&version.path().join("bin").join(command)))
}

fn is_executable(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// Folder in which Python packages are installed.
pub(crate) const PYTHON: &str = "target/python";

/// All requirements.
pub(crate) const REQUIREMENTS: [Requirement; 18] = [
    Requirement {
        command: "cc",
        needed_by: "every test: SQLite is compiled from C",
        need: Need::Always,
        origin: Origin::Debian {
            // The headers are only a recommendation of `gcc`.
            packages: &["gcc", "libc6-dev"],
            elsewhere: "any C compiler that is called cc",
        },
    },
    Requirement {
        command: "cargo-nextest",
        needed_by: "every test: it runs them",
        need: Need::Always,
        origin: Origin::Cargo("cargo-nextest"),
    },
    Requirement {
        command: "promtool",
        needed_by: "the tests that let Prometheus judge what /metrics answers",
        need: Need::Services,
        origin: Origin::Debian {
            packages: &["prometheus"],
            elsewhere: "the archives or packages of the Prometheus project",
        },
    },
    Requirement {
        command: "prometheus-alertmanager",
        needed_by: "the tests that post alerts to Alertmanager",
        need: Need::Services,
        origin: Origin::Debian {
            packages: &["prometheus-alertmanager"],
            elsewhere: "the archives of the Prometheus project, whose program is called `alertmanager`",
        },
    },
    Requirement {
        command: "postgres",
        needed_by: "the tests of the PostgreSQL probe: they start servers of their own",
        need: Need::Services,
        origin: Origin::Debian { packages: &["postgresql"], elsewhere: "the packages of the PostgreSQL project" },
    },
    Requirement {
        command: "redis-server",
        needed_by: "the tests of the Redis probe: they start servers of their own",
        need: Need::Services,
        origin: Origin::Debian { packages: &["redis-server"], elsewhere: "the packages of Redis" },
    },
    Requirement {
        command: "pip3",
        needed_by: "the tests that export spans, compare masking and check /openapi.json: it installs their programs",
        need: Need::Services,
        origin: Origin::Debian { packages: &["python3-pip"], elsewhere: "Python 3 with pip" },
    },
    Requirement {
        command: "rotel",
        needed_by: "the test that exports spans: it is the collector that receives them",
        need: Need::Services,
        origin: Origin::Python { package: "rotel==0.0.1a15", file: "rotel/rotel-agent" },
    },
    Requirement {
        command: "sentry-relay",
        needed_by: "the test that compares what is masked with what Sentry's Relay masks",
        need: Need::Services,
        origin: Origin::Python { package: "sentry-relay==0.10.1", file: "sentry_relay/_lowlevel__lib.so" },
    },
    Requirement {
        command: "schemathesis",
        needed_by: "the test that compares the answers of the TODO API with its /openapi.json",
        need: Need::Services,
        origin: Origin::Python { package: "schemathesis==4.32.5", file: "schemathesis/__init__.py" },
    },
    Requirement {
        command: "valgrind",
        needed_by: "the benches and their ceilings: it counts instructions",
        need: Need::Benches,
        origin: Origin::Debian { packages: &["valgrind"], elsewhere: "the packages of Valgrind" },
    },
    Requirement {
        command: "wrk",
        needed_by: "the benches: it asks their servers",
        need: Need::Benches,
        origin: Origin::Debian { packages: &["wrk"], elsewhere: "https://github.com/wg/wrk" },
    },
    Requirement {
        command: "rustc of the nightly toolchain",
        needed_by: "the fuzzers and the check of minimal versions: they use options that only it has",
        need: Need::Nightly,
        origin: Origin::Toolchain("nightly"),
    },
    Requirement {
        command: "c++",
        needed_by: "the fuzzers: libFuzzer is compiled from C++",
        need: Need::Fuzzing,
        origin: Origin::Debian { packages: &["g++"], elsewhere: "any C++ compiler that is called c++" },
    },
    Requirement {
        command: "cargo-fuzz",
        needed_by: "the fuzzers: it builds and runs them",
        need: Need::Fuzzing,
        origin: Origin::Cargo("cargo-fuzz"),
    },
    Requirement {
        command: "rustc of Rust 1.90",
        needed_by: "the check that the libraries build with it",
        need: Need::Msrv,
        origin: Origin::Toolchain("1.90.0"),
    },
    Requirement {
        command: "cargo-deny",
        needed_by: "the check of licences, sources and duplicates among the dependencies",
        need: Need::Deny,
        origin: Origin::Cargo("cargo-deny"),
    },
    Requirement {
        command: "npm",
        needed_by: "the check of messages to Slack: it installs Slack's types and their compiler",
        need: Need::Node,
        origin: Origin::Debian { packages: &["nodejs", "npm"], elsewhere: "https://nodejs.org" },
    },
];

#[cfg(test)]
mod tests {
    use super::is_on_path;

    #[test]
    fn commands_are_looked_for_on_the_path() {
        assert!(is_on_path("sh"));
        assert!(!is_on_path("no-such-command"));
    }
}
