//! Alertmanager, through its API.

mod alerts;

use std::{fmt, time::Duration};

use http::HeaderMap;

use super::settings::http_settings;
use crate::{
    active::ActiveAlert,
    alert::Notification,
    http::{HttpClient, NotifierError},
    notifier::{DeliveryError, Notifier},
    rate_limit::RateLimit,
};

/// Posts alerts to an [Alertmanager](https://prometheus.io/docs/alerting/latest/alertmanager/), through version 2 of
/// its API.
///
/// Alertmanager takes an alert that is not repeated within its `resolve_timeout`, by default 5 minutes, for resolved.
/// Active alerts are therefore repeated every [minute](Self::refresh_every), and end after the time-out if the process
/// ends for good. Their beginning has Alertmanager's clock, so a wrong clock of this machine cannot keep an alert from
/// firing. Their end has this machine's: if that is ahead, the alert ends later.
///
/// | label | value |
/// | --- | --- |
/// | `alertname` | the rule, such as `issue` or `error-ratio` |
/// | `key` | the [key](crate::Alert::key) of the alert |
/// | `service`, `environment`, `severity` | those of the alert |
///
/// No label depends on the process: the alerts of replicas are one. The annotation `summary` is the title; `release`,
/// the facts, and the link that acknowledges the alert as `acknowledge_url`, are annotations as well.
///
/// # Outcomes
///
/// | response | outcome |
/// | --- | --- |
/// | 2xx | delivered |
/// | 408, 425, 429, 5xx | retried, after the time in `Retry-After` if there is one |
/// | none: a time-out, a broken connection | retried |
/// | any other | given up |
///
/// # Example
///
/// ```
/// use monitor_kit::{Monitor, alert::{Alertmanager, Alerts}};
///
/// let alertmanager = Alertmanager::new("http://127.0.0.1:9093")?;
/// let monitor = Monitor::builder("shop").extend(Alerts::to(alertmanager)).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Example: two instances of a cluster, with credentials
///
/// ```
/// use std::time::Duration;
/// use monitor_kit::alert::{Alertmanager, Alerts};
///
/// let instance = |name, url| {
///     let alertmanager = Alertmanager::new(url)?.name(name).header("authorization", "Bearer c2VjcmV0")?;
///     Ok::<_, monitor_kit::alert::NotifierError>(alertmanager.refresh_every(Duration::from_secs(30)))
/// };
/// let alerts = Alerts::to(instance("alertmanager-a", "https://a.alerts.example/prefix")?)
///     .and(instance("alertmanager-b", "https://b.alerts.example/prefix")?);
/// # Ok::<(), monitor_kit::alert::NotifierError>(())
/// ```
pub struct Alertmanager {
    name: String,
    rate_limit: RateLimit,
    client: HttpClient,
    refresh_every: Duration,
}

impl Alertmanager {
    /// Creates a notifier of the Alertmanager at `url`, with the path below which it serves its API, if it has one.
    /// Errors and `Debug` show only the host.
    ///
    /// # Errors
    ///
    /// Returns an error if `url` is no URL that starts with `http://` or `https://`.
    pub fn new(url: &str) -> Result<Self, NotifierError> {
        let client = HttpClient::new(&format!("{}/api/v2/alerts", url.trim_end_matches('/')))?;
        Ok(Self { name: "alertmanager".to_owned(), rate_limit: RateLimit::default(), client, refresh_every: REFRESH })
    }

    /// Sets the interval in which active alerts are repeated, at least a second. It should be a fraction of
    /// Alertmanager's `resolve_timeout`. Defaults to a minute.
    #[must_use]
    pub const fn refresh_every(mut self, interval: Duration) -> Self {
        self.refresh_every = interval;
        self
    }

    /// Sets a header of each request, such as `authorization`. Errors and `Debug` do not show its value. Defaults to
    /// none.
    ///
    /// # Errors
    ///
    /// Returns an error if the name or the value cannot be sent, or if the notifier sets this header itself.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, NotifierError> {
        self.client = self.client.header(name, value)?;
        Ok(self)
    }

    http_settings!("alertmanager");
}

impl Notifier for Alertmanager {
    fn name(&self) -> &str {
        &self.name
    }

    fn rate_limit(&self) -> RateLimit {
        self.rate_limit
    }

    fn deliver(&mut self, notification: &Notification) -> Result<(), DeliveryError> {
        self.client.post(&HeaderMap::new(), &alerts::of_notification(notification)).map(drop)
    }

    fn refresh_every(&self) -> Option<Duration> {
        Some(self.refresh_every)
    }

    fn refresh(&mut self, active: &[ActiveAlert]) -> Result<(), DeliveryError> {
        self.client.post(&HeaderMap::new(), &alerts::of_active(active)).map(drop)
    }
}

impl fmt::Debug for Alertmanager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("Alertmanager");
        fields.field("name", &self.name).field("host", &self.client.host()).finish_non_exhaustive()
    }
}

const REFRESH: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
