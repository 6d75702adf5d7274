//! Links that acknowledge an alert, signed so that only readers of its messages can use them.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::Uri;
use sha2::Sha256;

use crate::{active::ActiveAlert, hash, http::NotifierError};

/// The links in messages by which people acknowledge alerts. Passed to
/// [`Alerts::acknowledge_at`](crate::Alerts::acknowledge_at).
///
/// A link is of one alert, one time that it fires, and one notifier. Anybody who has it can acknowledge that alert,
/// once, and nothing else. The signature needs a secret that is the same in every process of the service, and over
/// restarts.
///
/// # Example
///
/// ```
/// use monitor_kit::alert::AckLinks;
///
/// // Printed by `openssl rand -base64 32`, and read from a secret of the deployment.
/// let secret = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";
/// let links = AckLinks::new("https://shop.example.org/acknowledge", secret)?;
/// # Ok::<(), monitor_kit::alert::NotifierError>(())
/// ```
#[derive(Clone)]
pub struct AckLinks {
    base: String,
    key: Hmac<Sha256>,
}

/// The content of a link.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Link {
    /// Hash of the alert's key, as in [`Link::alert_id`].
    pub(crate) alert: String,
    /// Number of times that the alert had fired.
    pub(crate) episode: u64,
    /// Name of the notifier whose message has the link.
    pub(crate) notifier: String,
}

impl AckLinks {
    /// Creates the links to an [`AckService`](crate::AckService) that is mounted at `base_url`. Receivers of alerts
    /// must be able to open it.
    ///
    /// # Errors
    ///
    /// Returns an error if `base_url` is no URL that starts with `http://` or `https://` and has no query, or if
    /// `secret` has less than 32 bytes.
    pub fn new(base_url: &str, secret: &str) -> Result<Self, NotifierError> {
        let base = base_url.trim_end_matches('/');
        let uri: Option<Uri> = base.parse().ok();
        let is_good = |uri: &Uri| uri.host().is_some() && uri.query().is_none() && !base.contains('#');
        let is_web = base.starts_with("https://") || base.starts_with("http://");
        if !is_web || !uri.as_ref().is_some_and(is_good) {
            return Err(NotifierError::new(
                "the URL of acknowledgements must start with `http://` or `https://` and have no query: use the \
                 address at which the service is mounted",
            ));
        }
        if secret.len() < MIN_SECRET {
            return Err(NotifierError::new(
                "the secret of acknowledgements must have at least 32 bytes: `openssl rand -base64 32` prints one",
            ));
        }
        let key = Hmac::new_from_slice(secret.as_bytes()).map_err(|error| NotifierError::new(error.to_string()))?;
        Ok(Self { base: base.to_owned(), key })
    }

    /// Returns the URL that acknowledges an alert.
    pub(crate) fn url(&self, link: &Link) -> String {
        let text = link.text();
        format!("{}/{text}.{}", self.base, URL_SAFE_NO_PAD.encode(&self.mac(&text).finalize().into_bytes()[..MAC]))
    }

    /// Returns the content of the last segment of a link's path, if it was signed with this secret.
    pub(crate) fn verify(&self, segment: &str) -> Option<Link> {
        let (text, mac) = segment.rsplit_once('.')?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok().filter(|mac| mac.len() == MAC)?;
        self.mac(text).verify_truncated_left(&mac).ok()?;
        Link::parse(text)
    }

    fn mac(&self, text: &str) -> Hmac<Sha256> {
        // The prefix keeps a signature from being valid for anything else that this secret may sign.
        self.key.clone().chain_update(b"acknowledge:").chain_update(text)
    }
}

impl fmt::Debug for AckLinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AckLinks").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Link {
    pub(crate) fn new(alert_key: &str, episode: u64, notifier: &str) -> Self {
        Self { alert: Self::alert_id(alert_key), episode, notifier: notifier.to_owned() }
    }

    /// Returns the hash of an alert's key. A link does not show the key itself.
    fn alert_id(alert_key: &str) -> String {
        hash::id(&[alert_key])
    }

    pub(crate) fn is_of(&self, active: &ActiveAlert) -> bool {
        self.episode == active.episode && self.alert == Self::alert_id(&active.alert.key)
    }

    /// Characters of a path only: hexadecimal digits, and those of a notifier's name.
    fn text(&self) -> String {
        format!("{}.{}.{}", self.alert, self.episode, self.notifier)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let (alert, episode, notifier) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { alert: alert.to_owned(), episode: episode.parse().ok()?, notifier: notifier.to_owned() })
    }
}

const MIN_SECRET: usize = 32;
/// Number of bytes of a signature: 128 bits cannot be guessed, and keep the link short.
const MAC: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";

    fn links() -> AckLinks {
        AckLinks::new("https://shop.example.org/acknowledge/", SECRET).expect("good settings")
    }

    fn segment(link: &Link) -> String {
        links().url(link).rsplit('/').next().expect("a segment").to_owned()
    }

    #[test]
    fn a_link_is_read_back_by_the_secret_that_signed_it_and_no_other() {
        let link = Link::new("shop/production/issue/0123", 7, "slack-everyone");
        let segment = segment(&link);
        assert_eq!(links().verify(&segment).as_ref(), Some(&link));
        let other = AckLinks::new("https://shop.example.org/acknowledge", &SECRET.to_lowercase()).expect("good");
        assert_eq!(other.verify(&segment), None);
    }

    #[test]
    fn a_changed_link_is_refused() {
        let segment = segment(&Link::new("shop/production/issue/0123", 7, "slack"));
        for at in 0..segment.len() {
            let mut bytes = segment.clone().into_bytes();
            bytes[at] = if bytes[at] == b'1' { b'2' } else { b'1' };
            let changed = String::from_utf8(bytes).expect("ASCII");
            assert_eq!(links().verify(&changed), None, "{changed}");
        }
        let (text, _) = segment.rsplit_once('.').expect("a signature");
        for cut in [text.to_owned(), format!("{text}."), segment[..segment.len() - 1].to_owned(), String::new()] {
            assert_eq!(links().verify(&cut), None, "{cut}");
        }
    }

    #[test]
    fn a_url_is_that_of_the_service_and_needs_no_escapes() {
        let url = links().url(&Link::new("shop/production/issue", 1, "slack"));
        let segment = url.strip_prefix("https://shop.example.org/acknowledge/").expect("the base");
        assert!(segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)), "{url}");
    }

    #[test]
    fn a_bad_setting_is_refused_without_showing_the_secret() {
        for url in ["shop.example.org", "ftp://shop.example.org", "https://", "https://x/?a=b", "https://x/#a", ""] {
            assert!(AckLinks::new(url, SECRET).is_err(), "{url}");
        }
        let refused = AckLinks::new("https://x", "hunter2").expect_err("too short").to_string();
        assert!(refused.contains("at least 32 bytes") && !refused.contains("hunter"), "{refused}");
        assert!(!format!("{:?}", links()).contains("MfKQ"));
    }
}
