//! A webhook: alerts as JSON, signed.

mod payload;

use std::{fmt, time::Duration};

use http::{HeaderMap, HeaderValue};
use monitor_core::clock;

use super::{
    settings::http_settings,
    signature::{ID, SECRET_FORMAT, SIGNATURE, Secret, TIMESTAMP},
};
use crate::{
    alert::Notification,
    http::{HttpClient, NotifierError},
    notifier::{DeliveryError, Notifier},
    rate_limit::RateLimit,
};

/// Posts alerts as JSON to a URL.
///
/// Requests follow [Standard Webhooks](https://www.standardwebhooks.com): `webhook-id` is the ID of the notification,
/// the same in each attempt; `webhook-timestamp` the time of the attempt in seconds since the Unix epoch; and
/// `webhook-signature`, if there is a [secret](Self::secret), the signature of both and the body. A receiver in Rust
/// checks it with [`verify_signature`](crate::verify_signature), receivers in other languages with the libraries of
/// Standard Webhooks.
///
/// # The body
///
/// ```json
/// {
///   "version": 1,
///   "id": "5f2b8f0e6c1d4b7a9e3d2c1b0a998877",
///   "transition": "triggered",
///   "attempt": 1,
///   "persisted": true,
///   "alert": {
///     "key": "shop/production/issue/v1-84e3b4bc9b0b4ad9b1a02f6c16e6ed33",
///     "rule": "issue",
///     "severity": "warning",
///     "title": "New issue: ArithmeticError in /error",
///     "facts": {"message": "division by zero", "location": "src/shop.rs:7"},
///     "fingerprint": "v1-84e3b4bc9b0b4ad9b1a02f6c16e6ed33",
///     "service": "shop",
///     "environment": "production",
///     "release": "1.4.2",
///     "at": "2025-07-29T12:30:00.250Z"
///   }
/// }
/// ```
///
/// `transition` is `triggered` or `resolved`, `severity` is `warning` or `critical`, `fingerprint` is `null` if the
/// alert is about no issue, and `persisted` is [`is_saved`](Notification::is_saved). A notification that acknowledges
/// its alert by a link has a field `acknowledge_url` beside them. See [`Notification`] and [`Alert`](crate::Alert) for
/// the other fields. `version` changes when a field is removed or changes its meaning; new fields do not change it.
///
/// # Outcomes
///
/// | response | outcome |
/// | --- | --- |
/// | 2xx | delivered |
/// | 408, 425, 429, 5xx | retried, after the time in `Retry-After` if there is one |
/// | none: an unknown host, a time-out, a broken connection, a certificate that is not trusted | retried |
/// | any other | given up |
///
/// Redirects are not followed. Certificates are checked against the roots of Mozilla, which are compiled in.
///
/// # Example
///
/// ```
/// use monitor_kit::alert::Webhook;
///
/// let webhook = Webhook::new("https://alerts.example/monitor")?.secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
/// # Ok::<(), monitor_kit::alert::NotifierError>(())
/// ```
///
/// # Example: a second webhook, without a signature
///
/// ```
/// use std::time::Duration;
/// use monitor_kit::alert::Webhook;
///
/// let pager = Webhook::new("https://pager.internal/alerts")?
///     .name("pager")
///     .header("authorization", "Bearer c2VjcmV0")?
///     .timeout(Duration::from_secs(5))
///     .proxy_from_env(false);
/// # Ok::<(), monitor_kit::alert::NotifierError>(())
/// ```
pub struct Webhook {
    name: String,
    rate_limit: RateLimit,
    client: HttpClient,
    secret: Option<Secret>,
}

impl Webhook {
    /// Creates a webhook without a signature. `url` must start with `http://` or `https://`. Errors and `Debug` show
    /// only its host. ureq logs the URL at the level TRACE.
    ///
    /// # Errors
    ///
    /// Returns an error if `url` is not such a URL.
    pub fn new(url: &str) -> Result<Self, NotifierError> {
        Ok(Self {
            name: "webhook".to_owned(),
            rate_limit: RateLimit::default(),
            client: HttpClient::new(url)?,
            secret: None,
        })
    }

    /// Sets the secret by which requests are signed: `whsec_` and 24 to 64 random bytes in base64, different for each
    /// receiver. `openssl rand -base64 32` prints such bytes. Receivers refuse a request if their clock and this
    /// machine's are over 5 minutes apart. Defaults to none: requests are not signed.
    ///
    /// # Errors
    ///
    /// Returns an error if `secret` has another form.
    pub fn secret(mut self, secret: &str) -> Result<Self, NotifierError> {
        self.secret = Some(Secret::parse(secret).ok_or_else(|| NotifierError::new(SECRET_FORMAT))?);
        Ok(self)
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

    http_settings!("webhook");

    fn headers(&self, id: &str, body: &str) -> Result<HeaderMap, DeliveryError> {
        let timestamp = clock::unix_time().as_secs().to_string();
        let signature = self.secret.as_ref().map(|secret| secret.sign(id, &timestamp, body));
        let mut headers = HeaderMap::new();
        for (name, value) in [(ID, Some(id)), (TIMESTAMP, Some(&timestamp)), (SIGNATURE, signature.as_deref())] {
            let Some(value) = value else { continue };
            let value = HeaderValue::try_from(value)
                .map_err(|_| DeliveryError::permanent("the ID of the notification cannot be sent in a header"))?;
            headers.insert(name, value);
        }
        Ok(headers)
    }
}

impl Notifier for Webhook {
    fn name(&self) -> &str {
        &self.name
    }

    fn rate_limit(&self) -> RateLimit {
        self.rate_limit
    }

    fn deliver(&mut self, notification: &Notification) -> Result<(), DeliveryError> {
        let body = payload::json(notification);
        self.client.post(&self.headers(&notification.id, &body)?, &body)?;
        Ok(())
    }
}

/// Shows neither the URL, nor the headers, nor the secret.
impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("name", &self.name).field("host", &self.client.host()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
