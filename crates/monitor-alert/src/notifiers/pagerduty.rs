//! PagerDuty, through its Events API.

mod event;

use std::{borrow::Cow, fmt, time::Duration};

use http::HeaderMap;

use super::settings::http_settings;
use crate::{
    alert::Notification,
    hash,
    http::{HttpClient, NotifierError},
    notifier::{DeliveryError, Notifier},
    rate_limit::RateLimit,
};

/// Opens and resolves incidents in PagerDuty, through the
/// [Events API v2](https://developer.pagerduty.com/docs/events-api-v2-overview).
///
/// An event has the alert's title as its summary, the service as its source and group, the rule as its class, and the
/// facts, the environment and the release as its details. The deduplication key is the [key](crate::Alert::key) of the
/// alert, which is the same in every process: replicas of a service page once. The end of an alert resolves the
/// incident.
///
/// Someone who acknowledges the incident in PagerDuty acknowledges the alert, if
/// [`AckService::pagerduty_secret`](crate::AckService::pagerduty_secret) receives PagerDuty's webhooks.
///
/// # Outcomes
///
/// | response | outcome |
/// | --- | --- |
/// | 202 with `"status": "success"` | delivered |
/// | 2xx with another body, which is not from PagerDuty | retried |
/// | 429 and 5xx | retried, after the time in `Retry-After` if there is one |
/// | none: a time-out, a broken connection | retried |
/// | 400 and any other, such as for an unknown key | given up |
///
/// # Example
///
/// ```
/// use monitor_kit::alert::{Alerts, PagerDuty, Route, Severity, Slack};
///
/// let alerts = Alerts::to(Slack::new("https://hooks.slack.com/services/T000/B000/XXXX")?)
///     .and(PagerDuty::new("0123456789abcdef0123456789abcdef")?)
///     .route(Route::severity(Severity::Warning).to("slack"))
///     .route(Route::severity(Severity::Critical).to("slack").to("pagerduty"));
/// # Ok::<(), monitor_kit::alert::NotifierError>(())
/// ```
///
/// # Example: the service region of Europe
///
/// ```
/// use std::time::Duration;
/// use monitor_kit::alert::PagerDuty;
///
/// let pagerduty = PagerDuty::new("0123456789abcdef0123456789abcdef")?
///     .endpoint("https://events.eu.pagerduty.com/v2/enqueue")?
///     .name("pagerduty-eu")
///     .timeout(Duration::from_secs(5))
///     .proxy_from_env(false);
/// # Ok::<(), monitor_kit::alert::NotifierError>(())
/// ```
pub struct PagerDuty {
    name: String,
    rate_limit: RateLimit,
    routing_key: String,
    client: HttpClient,
}

impl PagerDuty {
    /// Creates a notifier of the service or ruleset with this integration key, which is a secret: errors and `Debug` do
    /// not show it.
    ///
    /// # Errors
    ///
    /// Returns an error if `routing_key` has not 32 letters and digits.
    pub fn new(routing_key: &str) -> Result<Self, NotifierError> {
        if routing_key.len() != KEY_LEN || !routing_key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(NotifierError::new(
                "the key of PagerDuty must have 32 letters and digits: use the integration key of an Events API v2 \
                 integration",
            ));
        }
        let client = HttpClient::new(ENDPOINT)?.secret(routing_key);
        Ok(Self {
            name: "pagerduty".to_owned(),
            rate_limit: RateLimit::default(),
            routing_key: routing_key.to_owned(),
            client,
        })
    }

    /// Sets the URL that events are sent to. Resets the time-out and the proxy. Defaults to the region of the United
    /// States, `https://events.pagerduty.com/v2/enqueue`.
    ///
    /// # Errors
    ///
    /// Returns an error if `url` is no URL that starts with `http://` or `https://`.
    pub fn endpoint(mut self, url: &str) -> Result<Self, NotifierError> {
        self.client = HttpClient::new(url)?.secret(&self.routing_key);
        Ok(self)
    }

    http_settings!("pagerduty");
}

impl Notifier for PagerDuty {
    fn name(&self) -> &str {
        &self.name
    }

    fn rate_limit(&self) -> RateLimit {
        self.rate_limit
    }

    fn deliver(&mut self, notification: &Notification) -> Result<(), DeliveryError> {
        let response = self.client.post(&HeaderMap::new(), &event::json(&self.routing_key, notification))?;
        let text = self.client.text(response)?;
        let answer: Option<serde_json::Value> = serde_json::from_str(&text).ok();
        if answer.is_some_and(|answer| answer["status"] == "success") {
            return Ok(());
        }
        // A page of a gateway in between may be gone soon.
        Err(DeliveryError::retryable(format!("{} did not answer `success`: check the endpoint", self.client.host())))
    }
}

impl fmt::Debug for PagerDuty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PagerDuty").field("name", &self.name).field("host", &self.client.host()).finish_non_exhaustive()
    }
}

/// Returns PagerDuty's deduplication key of an alert: its key, or a hash of one that is too long.
pub(crate) fn dedup_key(alert_key: &str) -> Cow<'_, str> {
    if alert_key.len() <= MAX_DEDUP_KEY { alert_key.into() } else { hash::id(&[alert_key]).into() }
}

const ENDPOINT: &str = "https://events.pagerduty.com/v2/enqueue";
const KEY_LEN: usize = 32;
/// PagerDuty's limit, in characters.
const MAX_DEDUP_KEY: usize = 255;

#[cfg(test)]
mod tests;
