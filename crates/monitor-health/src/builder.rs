//! Building a registry of probes, where bad settings are found.

use std::{collections::HashMap, fmt, sync::atomic::AtomicU8};

use monitor_core::{Monitor, Redaction};

use crate::{Health, Probe, health::Registry};

/// Settings of a [`Health`]. Made by [`Health::builder`].
#[derive(Debug, Default)]
#[must_use]
pub struct HealthBuilder {
    version: String,
    environment: String,
    probes: Vec<Probe>,
    aliases: Vec<(String, String)>,
    redaction: Redaction,
}

/// Why a registry could not be built.
#[derive(Debug)]
pub struct BuildError(String);

impl HealthBuilder {
    /// Publishes the release and environment of `monitor`, and redacts as it does. What is set afterwards goes before.
    pub fn monitor(mut self, monitor: &Monitor) -> Self {
        if let Some(identity) = monitor.identity() {
            self.version = identity.release().to_owned();
            self.environment = identity.environment().to_owned();
        }
        self.redaction = monitor.redaction().clone();
        self
    }

    /// Sets the version to publish. Defaults to `unknown`.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Sets the environment to publish. Defaults to `development`.
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        self.environment = environment.into();
        self
    }

    /// Adds a probe.
    pub fn probe(mut self, probe: Probe) -> Self {
        self.probes.push(probe);
        self
    }

    /// Makes the probe called `probe` answer at `alias` as well, as in `db` for `database`.
    pub fn alias(mut self, alias: impl Into<String>, probe: impl Into<String>) -> Self {
        self.aliases.push((alias.into(), probe.into()));
        self
    }

    /// Builds the registry.
    ///
    /// # Errors
    ///
    /// When a name is empty, ill-formed, taken twice or one of the service's own paths, when an alias names no probe, or
    /// when a time-out is zero.
    pub fn build(self) -> Result<Health, BuildError> {
        let mut paths: HashMap<String, usize> = HashMap::new();
        for (at, probe) in self.probes.iter().enumerate() {
            if probe.timeout.is_zero() {
                return error(format!("the probe `{}` has a time-out of zero, so it would always fail", probe.name));
            }
            add(&mut paths, &probe.name, at)?;
        }
        for (alias, name) in &self.aliases {
            let Some(at) = self.probes.iter().position(|probe| probe.name == *name) else {
                return error(format!("the alias `{alias}` names `{name}`, and there is no such probe"));
            };
            add(&mut paths, alias, at)?;
        }
        let or = |text: String, default: &str| if text.is_empty() { default.to_owned() } else { text };
        Ok(Health::new(Registry {
            version: or(self.version, "unknown"),
            environment: or(self.environment, "development"),
            known: self.probes.iter().map(|_| AtomicU8::default()).collect(),
            probes: self.probes,
            paths,
            redaction: self.redaction,
        }))
    }
}

fn add(paths: &mut HashMap<String, usize>, name: &str, at: usize) -> Result<(), BuildError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    if name.is_empty() || !name.bytes().all(plain) {
        return error(format!("`{name}` is no name for a probe: use small letters, digits, `_` and `-`"));
    }
    if OWN_PATHS.contains(&name) {
        return error(format!("the probe name `{name}` is a path of the health service: choose another"));
    }
    if paths.insert(name.to_owned(), at).is_some() {
        return error(format!("the probe name `{name}` is taken twice: give each probe and alias one of its own"));
    }
    Ok(())
}

fn error<T>(text: String) -> Result<T, BuildError> {
    Err(BuildError(text))
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BuildError {}

const OWN_PATHS: [&str; 4] = ["health", "live", "ready", "startup"];

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Outcome;

    fn probe(name: &str) -> Probe {
        Probe::new(name, || async { Outcome::ok() })
    }

    #[track_caller]
    fn refuses(builder: HealthBuilder, culprit: &str) {
        let error = builder.build().expect_err("a bad setting").to_string();
        assert!(error.contains(culprit), "{error}");
    }

    #[test]
    fn bad_settings_are_refused_by_name() {
        refuses(Health::builder().probe(probe("")), "``");
        refuses(Health::builder().probe(probe("a:b")), "`a:b`");
        refuses(Health::builder().probe(probe("ready")), "`ready`");
        refuses(Health::builder().probe(probe("a")).probe(probe("a")), "`a`");
        refuses(Health::builder().probe(probe("a")).alias("a", "a"), "`a`");
        refuses(Health::builder().alias("db", "database"), "`database`");
        refuses(Health::builder().probe(probe("a").timeout(Duration::ZERO)), "`a`");
    }
}
