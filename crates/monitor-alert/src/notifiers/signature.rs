//! Signatures of webhooks, as [Standard Webhooks](https://www.standardwebhooks.com) specifies them.

use std::{error::Error, fmt};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use monitor_core::clock;
use sha2::Sha256;

/// Verifies the signature of a request that a [`Webhook`](crate::Webhook) has sent: that its sender knows `secret`,
/// that the body was not changed, and that the time of the attempt is at most 5 minutes from now. `body` must be the
/// bytes that were received, not JSON that was parsed and written again.
///
/// A verified request may still be a repetition: see [`Notification::id`](crate::Notification::id), which is in the
/// header `webhook-id` and in the body.
///
/// The libraries of [Standard Webhooks](https://www.standardwebhooks.com) verify the same signature in other languages.
///
/// # Errors
///
/// Returns an error if the request must be refused, or if `secret` is malformed.
///
/// # Example
///
/// ```
/// use http::{HeaderMap, StatusCode};
/// use monitor_kit::alert::verify_signature;
///
/// fn receive(secret: &str, headers: &HeaderMap, body: &[u8]) -> StatusCode {
///     if let Err(error) = verify_signature(secret, headers, body) {
///         eprintln!("alert refused: {error}");
///         return StatusCode::UNAUTHORIZED;
///     }
///     // Parse `body`, and store or enqueue the alert.
///     StatusCode::NO_CONTENT
/// }
/// # let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// # assert_eq!(receive(secret, &HeaderMap::new(), b"{}"), StatusCode::UNAUTHORIZED);
/// ```
pub fn verify_signature(secret: &str, headers: &HeaderMap, body: &[u8]) -> Result<(), SignatureError> {
    verify_at(clock::unix_time().as_secs(), secret, headers, body)
}

fn verify_at(now: u64, secret: &str, headers: &HeaderMap, body: &[u8]) -> Result<(), SignatureError> {
    let secret = Secret::parse(secret).ok_or(SignatureError::MalformedSecret)?;
    let (id, timestamp) = (text(headers, ID)?, text(headers, TIMESTAMP)?);
    let seconds: u64 = timestamp.parse().map_err(|_| SignatureError::Unreadable(TIMESTAMP))?;
    if seconds.abs_diff(now) > TOLERANCE {
        return Err(SignatureError::OutsideTolerance);
    }
    let mut signatures = text(headers, SIGNATURE)?.split(' ').filter_map(|signature| signature.strip_prefix("v1,"));
    let mac = secret.mac(id, timestamp, body);
    let is_ours = |signature| BASE64.decode(signature).is_ok_and(|bytes| mac.clone().verify_slice(&bytes).is_ok());
    if signatures.any(is_ours) { Ok(()) } else { Err(SignatureError::Mismatch) }
}

fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, SignatureError> {
    let value = headers.get(name).ok_or(SignatureError::Missing(name))?;
    value.to_str().map_err(|_| SignatureError::Unreadable(name))
}

/// The reason why [`verify_signature`] refused a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SignatureError {
    /// The secret is malformed. See [`Webhook::secret`](crate::Webhook::secret).
    MalformedSecret,
    /// The header of this name is missing.
    Missing(&'static str),
    /// The header of this name has an invalid value.
    Unreadable(&'static str),
    /// The time of the attempt is over 5 minutes from now: the request was recorded and sent again, or one of the two
    /// clocks is wrong.
    OutsideTolerance,
    /// The signature is of another secret or another body.
    Mismatch,
}

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MalformedSecret => f.write_str(SECRET_FORMAT),
            Self::Missing(name) => write!(f, "the header `{name}` is missing"),
            Self::Unreadable(name) => write!(f, "the header `{name}` is invalid"),
            Self::OutsideTolerance => f.write_str("the request was sent over 5 minutes ago, or a clock is wrong"),
            Self::Mismatch => f.write_str("the signature is of another secret or another body"),
        }
    }
}

impl Error for SignatureError {}

/// The secret of a webhook, ready to sign. It is not `Debug`.
#[derive(Clone)]
pub(super) struct Secret(Hmac<Sha256>);

impl Secret {
    /// Parses `whsec_` and 24 to 64 bytes in base64. The prefix may be missing, as in the other libraries.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let key = BASE64.decode(text.strip_prefix("whsec_").unwrap_or(text)).ok()?;
        let key = Some(key).filter(|key| (24..=64).contains(&key.len()))?;
        Hmac::new_from_slice(&key).ok().map(Self)
    }

    /// Returns the value of the header `webhook-signature`.
    pub(super) fn sign(&self, id: &str, timestamp: &str, body: &str) -> String {
        let signature = self.mac(id, timestamp, body.as_bytes()).finalize().into_bytes();
        format!("v1,{}", BASE64.encode(signature))
    }

    fn mac(&self, id: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
        let parts = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
        parts.into_iter().fold(self.0.clone(), Hmac::chain_update)
    }
}

pub(super) const ID: &str = "webhook-id";
pub(super) const TIMESTAMP: &str = "webhook-timestamp";
pub(super) const SIGNATURE: &str = "webhook-signature";
pub(super) const SECRET_FORMAT: &str = "the secret of a webhook must be 24 to 64 random bytes in base64, after \
     `whsec_`; `openssl rand -base64 32` prints some";
/// The tolerance that Standard Webhooks' own libraries have, in seconds.
const TOLERANCE: u64 = 5 * 60;

#[cfg(test)]
mod tests;
