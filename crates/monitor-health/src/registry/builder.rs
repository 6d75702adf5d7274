//! Builds a registry of probes and validates its settings.

use std::{collections::HashMap, sync::Arc};

use monitor_core::{Monitor, Redaction};

use super::health::{Health, Place, Registry};
use crate::{
    detail::DetailPolicy,
    error::HealthError,
    probe::{
        Probe,
        liveness::{LivenessCheck, Vital},
        probe_slot::ProbeSlot,
    },
};

/// Builds a [`Health`] from settings. Made by [`Health::builder`].
///
/// # Example
///
/// ```
/// use monitor_kit::{Monitor, health::{Health, Probe, ProbeResult}};
///
/// let monitor = Monitor::builder("shop").release("1.4.2").build()?;
/// let health = Health::builder()
///     .monitor(&monitor)
///     .environment("eu-1")
///     .probe(Probe::new("database", || async { ProbeResult::ok() }).critical().ready())
///     .probe(Probe::new("cache", || async { ProbeResult::ok() }))
///     .alias("db", "database")
///     .group("storage", ["database", "cache"])
///     .build()?;
/// assert_eq!(health.reading().probes.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct HealthBuilder {
    version: String,
    environment: String,
    monitor: Monitor,
    redaction: Redaction,
    details: DetailPolicy,
    probes: Vec<Probe>,
    groups: Vec<(String, Vec<String>)>,
    aliases: Vec<(String, String)>,
    vitals: Vec<Vital>,
}

impl Default for HealthBuilder {
    fn default() -> Self {
        Self {
            version: String::new(),
            environment: String::new(),
            monitor: Monitor::disabled(),
            redaction: Redaction::new(),
            details: DetailPolicy::default(),
            probes: Vec::new(),
            groups: Vec::new(),
            aliases: Vec::new(),
            vitals: Vec::new(),
        }
    }
}

impl Health {
    /// Returns a builder with default settings.
    pub fn builder() -> HealthBuilder {
        HealthBuilder::default()
    }
}

impl HealthBuilder {
    /// Takes the release, the environment and the redaction of `monitor`, publishes changes of status to its reporters,
    /// and gives it the readings for its gauges. Later calls of [`version`](Self::version) and
    /// [`environment`](Self::environment) override its values.
    pub fn monitor(mut self, monitor: &Monitor) -> Self {
        if let Some(identity) = monitor.identity() {
            self.version = identity.release().to_owned();
            self.environment = identity.environment().to_owned();
        }
        self.redaction = monitor.redaction().clone();
        self.monitor = monitor.clone();
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

    /// Adds a second name for the probe called `probe`, such as `db` for `database`.
    pub fn alias(mut self, alias: impl Into<String>, probe: impl Into<String>) -> Self {
        self.aliases.push((alias.into(), probe.into()));
        self
    }

    /// Adds a path, `name`, that reports these probes together.
    pub fn group(mut self, name: impl Into<String>, probes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.groups.push((name.into(), probes.into_iter().map(Into::into).collect()));
        self
    }

    /// Adds a check of this process: if it fails, the process must be restarted. A probe cannot be used as one:
    ///
    /// ```compile_fail
    /// # use monitor_kit::health::{Health, ProbeResult};
    /// // A database that is down is no reason to restart the service.
    /// Health::builder().liveness("database", || async { ProbeResult::error("away") });
    /// ```
    pub fn liveness(mut self, name: impl Into<String>, check: impl LivenessCheck) -> Self {
        self.vitals.push(Vital { name: name.into(), check: Box::new(check) });
        self
    }

    /// Sets the detail that each caller may read. Defaults to messages and values for every caller.
    pub fn details(mut self, details: DetailPolicy) -> Self {
        self.details = details;
        self
    }

    /// Builds the registry. Within a tokio runtime, which must have its timers enabled, the probes start to run there.
    ///
    /// # Errors
    ///
    /// If a name is empty, malformed, used twice or one of the service's own paths, if an alias or a group names an
    /// unknown probe, if a group is empty, if a duration or a threshold is zero, or if a token is empty or malformed.
    pub fn build(self) -> Result<Health, HealthError> {
        self.probes.iter().try_for_each(check_pace)?;
        if self.details.has_bad_token() {
            return error("the bearer token of the details cannot be sent: use letters, digits and any of `-._~+/=`");
        }
        let paths = self.paths()?;
        for (at, vital) in self.vitals.iter().enumerate() {
            check_name(&vital.name)?;
            if self.vitals[..at].iter().any(|before| before.name == vital.name) {
                return error(format!("the liveness check `{}` is registered twice", vital.name));
            }
        }
        let or = |text: String, default: &str| if text.is_empty() { default.to_owned() } else { text };
        let registry = Registry {
            version: or(self.version, "unknown"),
            environment: or(self.environment, "development"),
            monitor: self.monitor,
            redaction: self.redaction,
            details: self.details,
            vitals: self.vitals,
            paths,
        };
        Ok(Health::new(registry, self.probes.into_iter().map(|probe| Arc::new(ProbeSlot::new(probe))).collect()))
    }

    /// Returns the target of each name: of probes, aliases, groups and tags.
    fn paths(&self) -> Result<HashMap<String, Place>, HealthError> {
        let mut paths = HashMap::new();
        for (at, probe) in self.probes.iter().enumerate() {
            add(&mut paths, &probe.name, Place::Probe(at))?;
        }
        let find = |name: &String, by: &str| match self.probes.iter().position(|probe| probe.name == *name) {
            Some(at) => Ok(at),
            None => error(format!("{by} names `{name}`, and there is no such probe")),
        };
        for (alias, name) in &self.aliases {
            add(&mut paths, alias, Place::Probe(find(name, &format!("the alias `{alias}`"))?))?;
        }
        for (group, names) in &self.groups {
            if names.is_empty() {
                return error(format!("the group `{group}` has no probes: name some, or leave it out"));
            }
            let by = format!("the group `{group}`");
            if let Some(twice) =
                names.iter().enumerate().find_map(|(at, name)| names[..at].contains(name).then_some(name))
            {
                return error(format!("{by} names `{twice}` twice: once is enough"));
            }
            let members: Result<Vec<_>, _> = names.iter().map(|name| find(name, &by)).collect();
            add(&mut paths, group, Place::Group(members?))?;
        }
        let mut tags: Vec<_> = self.probes.iter().flat_map(|probe| &probe.tags).collect();
        tags.sort_unstable();
        tags.dedup();
        for tag in tags {
            let tagged = self.probes.iter().enumerate().filter(|(_, probe)| probe.tags.contains(tag));
            add(&mut paths, tag, Place::Group(tagged.map(|(at, _)| at).collect()))?;
        }
        Ok(paths)
    }
}

fn check_pace(probe: &Probe) -> Result<(), HealthError> {
    let (name, pace) = (&probe.name, probe.pace);
    if pace.timeout.is_zero() {
        return error(format!("the probe `{name}` has a time-out of zero, so it would always fail"));
    }
    if pace.interval.is_zero() || pace.interval_when_down.is_zero() {
        return error(format!("the probe `{name}` has an interval of zero, so it would run all the time"));
    }
    if probe.max_unready.is_some_and(|longest| longest.is_zero()) {
        return error(format!("the probe `{name}` has a `max_unready` of zero: remove it from readiness instead"));
    }
    if pace.on_demand.is_some_and(|time_to_live| time_to_live.is_zero()) {
        return error(format!(
            "the probe `{name}` runs on demand with a time to live of zero: every caller would run it"
        ));
    }
    if pace.failures == 0 || pace.successes == 0 {
        return error(format!("the probe `{name}` has a threshold of 0: use at least 1"));
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), HealthError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    if name.is_empty() || !name.bytes().all(plain) {
        return error(format!("`{name}` is not a valid name: use small letters, digits, `_` and `-`"));
    }
    Ok(())
}

fn add(paths: &mut HashMap<String, Place>, name: &str, place: Place) -> Result<(), HealthError> {
    check_name(name)?;
    if OWN_PATHS.contains(&name) {
        return error(format!("the name `{name}` is a path of the health service: choose another"));
    }
    if paths.insert(name.to_owned(), place).is_some() {
        return error(format!(
            "the name `{name}` is taken twice: give each probe, alias, group and tag one of its own"
        ));
    }
    Ok(())
}

fn error<T>(text: impl Into<String>) -> Result<T, HealthError> {
    Err(HealthError::new(text))
}

const OWN_PATHS: [&str; 4] = ["health", "live", "ready", "startup"];

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{detail::DetailLevel, probe::result::ProbeResult};

    fn probe(name: &str) -> Probe {
        Probe::new(name, || async { ProbeResult::ok() })
    }

    #[track_caller]
    fn refuses(builder: HealthBuilder, culprit: &str) {
        let error = builder.build().expect_err("a bad setting").to_string();
        assert!(error.contains(culprit), "{error}");
    }

    #[test]
    fn bad_settings_are_refused_by_name() {
        let with = |probe| Health::builder().probe(probe);
        refuses(with(probe("")), "``");
        refuses(with(probe("a:b")), "`a:b`");
        refuses(with(probe("ready")), "`ready`");
        refuses(with(probe("a")).probe(probe("a")), "`a`");
        refuses(with(probe("a")).alias("a", "a"), "`a`");
        refuses(Health::builder().alias("db", "database"), "`database`");
        refuses(with(probe("a").timeout(Duration::ZERO)), "`a` has a time-out");
        refuses(with(probe("a").interval(Duration::ZERO)), "`a` has an interval");
        refuses(with(probe("a").interval_when_down(Duration::ZERO)), "`a` has an interval");
        refuses(with(probe("a").on_demand(Duration::ZERO)), "`a` runs on demand");
        refuses(with(probe("a").failure_threshold(0)), "`a` has a threshold");
        refuses(with(probe("a").success_threshold(0)), "`a` has a threshold");
        refuses(with(probe("a")).group("g", ["a", "b"]), "the group `g` names `b`");
        refuses(with(probe("a")).group("g", [""; 0]), "the group `g` has no probes");
        refuses(with(probe("a")).group("a", ["a"]), "`a` is taken twice");
        refuses(with(probe("a").tag("live")), "`live`");
        refuses(with(probe("a").tag("b")).probe(probe("b")), "`b` is taken twice");
        refuses(Health::builder().liveness("a b", || true), "`a b`");
        refuses(Health::builder().liveness("a", || true).liveness("a", || true), "`a` is registered twice");
        refuses(with(probe("a")).group("g", ["a", "a"]), "the group `g` names `a` twice");
        refuses(with(probe("a").max_unready(Duration::ZERO)), "`a` has a `max_unready`");
        for token in ["", " abc", "abc\n", "gehe\u{e9}im"] {
            refuses(Health::builder().details(DetailPolicy::default().bearer(token, DetailLevel::Full)), "token");
        }
    }
}
