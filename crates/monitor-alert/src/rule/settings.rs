//! The settings that all conditions have.

use std::time::Duration;

use super::mute::Mute;
use crate::alert::Severity;

/// Name, severity, delays and mute windows of a condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settings {
    pub(super) name: String,
    pub(super) severity: Severity,
    pub(super) lasting: Duration,
    pub(super) resolve_after: Duration,
    pub(super) mutes: Vec<String>,
}

impl Settings {
    pub(super) fn new(name: &str, severity: Severity) -> Self {
        Self {
            name: name.to_owned(),
            severity,
            lasting: Duration::ZERO,
            resolve_after: Duration::from_secs(60),
            mutes: Vec::new(),
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let Self { name, mutes, .. } = self;
        let is_of_name = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if name.is_empty() || !name.bytes().all(is_of_name) {
            return Err(format!("`{name}` is no name of an alert rule: use lower-case letters, digits and `-`"));
        }
        mutes.iter().try_for_each(|text| Mute::parse(text).map(|_| ()))
    }
}

/// Defines the setters of a rule with a field `settings`.
macro_rules! setters {
    ($default:literal) => {
        #[doc = concat!("Sets the name, which tells rules of one program apart: lower-case letters, digits and `-`. A \
            rule whose name is changed resolves the alerts of its old name. Defaults to `", $default, "`.")]
        pub fn name(mut self, name: impl Into<String>) -> Self {
            self.settings.name = name.into();
            self
        }

        /// Sets the severity of the alerts.
        pub fn severity(mut self, severity: Severity) -> Self {
            self.settings.severity = severity;
            self
        }

        /// Sets the time for which the condition must hold before the rule alerts. Defaults to 0: it alerts at once.
        pub fn lasting(mut self, time: Duration) -> Self {
            self.settings.lasting = time;
            self
        }

        /// Sets the time for which the condition must be over before an alert is resolved. Defaults to 60 seconds.
        pub fn resolve_after(mut self, time: Duration) -> Self {
            self.settings.resolve_after = time;
            self
        }

        /// Adds a daily time in which the rule begins no alert, such as `"22:00-06:00"` in UTC, or `"22:00-06:00
        /// Europe/Berlin"`. An alert that is active when it begins can end in it. A condition that is met when it ends
        /// alerts then.
        pub fn mute(mut self, window: impl Into<String>) -> Self {
            self.settings.mutes.push(window.into());
            self
        }
    };
}

/// Implements the functions of a condition that read its settings.
macro_rules! common {
    () => {
        fn name(&self) -> &str {
            &self.settings.name
        }

        fn severity(&self) -> Severity {
            self.settings.severity
        }

        fn lasting(&self) -> Duration {
            self.settings.lasting
        }

        fn resolve_after(&self) -> Duration {
            self.settings.resolve_after
        }

        fn mutes(&self) -> &[String] {
            &self.settings.mutes
        }
    };
}

pub(super) use {common, setters};
