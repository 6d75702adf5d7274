//! Notifiers: they deliver notifications to one receiver each.

use std::{error::Error, fmt, time::Duration};

use crate::{active::ActiveAlert, alert::Notification, rate_limit::RateLimit};

/// Delivers notifications to one receiver, one after another, on a thread of its own.
///
/// # Example
///
/// ```
/// use monitor_kit::alert::{DeliveryError, Notification, Notifier};
///
/// /// Writes alerts to the standard error.
/// struct Terminal;
///
/// impl Notifier for Terminal {
///     fn name(&self) -> &str {
///         "terminal"
///     }
///
///     fn deliver(&mut self, notification: &Notification) -> Result<(), DeliveryError> {
///         eprintln!("{}: {}", notification.transition.as_str(), notification.alert.title);
///         Ok(())
///     }
/// }
/// ```
pub trait Notifier: Send + 'static {
    /// Returns the notifier's name: its label in metrics, and part of the keys of its stored notifications. Lower-case
    /// letters, digits and `-`, unique among the notifiers of a monitor, and the same in each release.
    fn name(&self) -> &str;

    /// Delivers one notification. Returns once the receiver has accepted it, or after a time-out. An attempt that hangs
    /// delays the notifications of this notifier only.
    ///
    /// # Errors
    ///
    /// Returns an error if the receiver did not accept the notification, or did not confirm it. A
    /// [retryable](DeliveryError::retryable) error is retried with increasing delays; after a
    /// [permanent](DeliveryError::permanent) one the notification is given up.
    fn deliver(&mut self, notification: &Notification) -> Result<(), DeliveryError>;

    /// Returns the number of notifications that the receiver is given. Read once, when the monitor is built. Defaults
    /// to 30 a minute, ten of them in a row.
    fn rate_limit(&self) -> RateLimit {
        RateLimit::default()
    }

    /// Returns the interval of [`refresh`](Self::refresh), for a receiver that forgets alerts which are not repeated.
    /// Defaults to `None`: no repetitions.
    fn refresh_every(&self) -> Option<Duration> {
        None
    }

    /// Repeats the active alerts that this notifier was given, of which there is at least one. A repetition is neither
    /// persisted nor counted; a failed one is followed by the next after the interval.
    ///
    /// # Errors
    ///
    /// Returns an error if the receiver did not accept the alerts. It is logged.
    fn refresh(&mut self, active: &[ActiveAlert]) -> Result<(), DeliveryError> {
        let _ = active;
        Ok(())
    }
}

/// A failed delivery.
#[derive(Debug)]
pub struct DeliveryError {
    reason: String,
    is_permanent: bool,
    retry_after: Option<Duration>,
}

impl DeliveryError {
    /// Creates the error of an attempt that is worth repeating, such as one after a time-out.
    // No example: `Notifier` shows an implementation.
    #[must_use]
    pub fn retryable(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_permanent: false, retry_after: None }
    }

    /// Creates the error of a notification that the receiver will never accept, such as one with a wrong credential.
    // No example: `Notifier` shows an implementation.
    #[must_use]
    pub fn permanent(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_permanent: true, retry_after: None }
    }

    /// Sets the time before which the receiver accepts no further attempt.
    // No example: `Notifier` shows an implementation.
    #[must_use]
    pub const fn retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// Returns whether the notification is given up.
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        self.is_permanent
    }

    /// Returns the time before which the receiver accepts no further attempt, if it named one.
    #[must_use]
    pub const fn delay(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl fmt::Display for DeliveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl Error for DeliveryError {}
