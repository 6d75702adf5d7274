//! Slack, through an incoming webhook.

mod message;
mod text;

use std::{fmt, time::Duration};

use http::HeaderMap;

use super::settings::http_settings;
use crate::{
    alert::Notification,
    http::{HttpClient, NotifierError},
    notifier::{DeliveryError, Notifier},
    rate_limit::RateLimit,
};

/// Posts alerts to a channel of Slack, through an
/// [incoming webhook](https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks).
///
/// A message has a header with the severity or `RESOLVED` and the title, up to ten facts, and a line with the service,
/// the environment, the release and the time of the alert. Texts are cut at Slack's limits. No text of an alert can
/// contain a link or a mention: `&`, `<` and `>` are escaped.
///
/// A resolved alert is a message of its own, because an incoming webhook cannot change an earlier message.
///
/// # Outcomes
///
/// | response | outcome |
/// | --- | --- |
/// | 200 with the body `ok` | delivered |
/// | 429, 500 such as `rollup_error`, and other 5xx | retried, after the time in `Retry-After` if there is one |
/// | 2xx with another body, which is not from Slack | retried |
/// | none: a time-out, a broken connection | retried |
/// | 400 `invalid_payload`, 403 `action_prohibited`, 404 `channel_not_found` or `no_service`, 410 `channel_is_archived` | given up |
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use monitor_kit::alert::Slack;
///
/// let shop = Slack::new("https://hooks.slack.com/services/T0000000/B0000000/XXXXXXXX")?;
/// let everyone = Slack::new("https://hooks.slack.com/services/T0000000/B0000001/XXXXXXXX")?
///     .name("slack-everyone")
///     .timeout(Duration::from_secs(5))
///     .proxy_from_env(false);
/// # Ok::<(), monitor_kit::alert::NotifierError>(())
/// ```
pub struct Slack {
    name: String,
    rate_limit: RateLimit,
    client: HttpClient,
}

impl Slack {
    /// Creates a notifier of the channel that `webhook_url` belongs to. The URL is a secret: errors and `Debug` show
    /// only its host. ureq logs it at the level TRACE.
    ///
    /// # Errors
    ///
    /// Returns an error if `webhook_url` is no URL that starts with `http://` or `https://`.
    pub fn new(webhook_url: &str) -> Result<Self, NotifierError> {
        Ok(Self { name: "slack".to_owned(), rate_limit: RateLimit::default(), client: HttpClient::new(webhook_url)? })
    }

    http_settings!("slack");
}

impl Notifier for Slack {
    fn name(&self) -> &str {
        &self.name
    }

    fn rate_limit(&self) -> RateLimit {
        self.rate_limit
    }

    fn deliver(&mut self, notification: &Notification) -> Result<(), DeliveryError> {
        let response = self.client.post(&HeaderMap::new(), &message::json(notification))?;
        let text = self.client.text(response)?;
        if text.trim() == "ok" {
            return Ok(());
        }
        // Slack answers every message that it has accepted with `ok`. A page of a gateway in between may be gone soon.
        Err(DeliveryError::retryable(format!("{} did not answer `ok`: check the URL", self.client.host())))
    }
}

/// Does not show the URL, which is a secret.
impl fmt::Debug for Slack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slack").field("name", &self.name).field("host", &self.client.host()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
