//! The watchdog: pings that a service outside of the process misses when the process is gone.

use std::{
    fmt, io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use http::HeaderMap;
use monitor_core::clock;

use crate::http::{HttpClient, NotifierError};

/// Pings a URL in regular intervals, as long as alerts work. A service at that URL, such as healthchecks.io, Dead Man's
/// Snitch or Better Stack, alerts when pings are missing: the process is gone, its machine is, or its network.
///
/// A ping is a POST request with the body `{}`, from a thread of its own. There is none while the rules have not been
/// evaluated for 15 seconds. A failed ping is followed by the next one after the interval; the first of a row is
/// logged.
///
/// Each process pings by itself. The processes of a rolling release may have one URL; replicas need one each, or the
/// pings of one hide that another is gone.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use monitor_kit::alert::{Alerts, Slack, Watchdog};
///
/// let alerts = Alerts::to(Slack::new("https://hooks.slack.com/services/T000/B000/XXXX")?)
///     .watchdog(Watchdog::to("https://hc-ping.com/00000000-0000-0000")?.every(Duration::from_secs(60)));
/// # Ok::<(), monitor_kit::alert::NotifierError>(())
/// ```
#[must_use]
pub struct Watchdog {
    client: HttpClient,
    every: Duration,
}

/// The life of the alerts: their extension shows it, and the thread of the watchdog reads it.
#[derive(Debug, Default)]
pub(crate) struct Life {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The time of the last evaluation.
    last_beat: Option<Instant>,
    is_over: bool,
}

impl Watchdog {
    /// Creates a watchdog that pings this URL every minute. The URL is a secret: errors and `Debug` show only its host.
    ///
    /// # Errors
    ///
    /// Returns an error if `url` is no URL that starts with `http://` or `https://`.
    pub fn to(url: &str) -> Result<Self, NotifierError> {
        Ok(Self { client: HttpClient::new(url)?, every: EVERY })
    }

    /// Sets the interval, at least a second. The service should expect a ping in a multiple of it. Defaults to a
    /// minute.
    pub fn every(mut self, interval: Duration) -> Self {
        self.every = interval.max(MIN_INTERVAL);
        self
    }

    /// Sets the time-out of a ping, at most an hour. Defaults to 10 seconds.
    // No example: as those of notifiers.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.client = self.client.timeout(timeout);
        self
    }

    /// Sets whether pings use the proxy in `ALL_PROXY`, `HTTPS_PROXY` or `HTTP_PROXY`, unless `NO_PROXY` excludes the
    /// host. The environment is read by this call. Defaults to `false` for a loopback host and to `true` for any other.
    // No example: as those of notifiers.
    pub fn proxy_from_env(mut self, on: bool) -> Self {
        self.client = self.client.proxy_from_env(on);
        self
    }

    /// Starts the thread. It ends with the life of the alerts.
    pub(crate) fn start(self, life: Arc<Life>) -> io::Result<()> {
        thread::Builder::new().name("monitor-watchdog".to_owned()).spawn(move || self.run(&life))?;
        Ok(())
    }

    fn run(self, life: &Life) {
        let mut is_failing = false;
        while life.wait_for_beat() {
            let result = self.client.post(&HeaderMap::new(), "{}");
            if let Err(error) = &result
                && !is_failing
            {
                tracing::warn!(target: "monitor", host = self.client.host(), %error, "a ping of the watchdog failed");
            }
            is_failing = result.is_err();
            if !life.sleep(self.every) {
                return;
            }
        }
    }
}

/// Does not show the URL, which is a secret.
impl fmt::Debug for Watchdog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watchdog")
            .field("host", &self.client.host())
            .field("every", &self.every)
            .finish_non_exhaustive()
    }
}

impl Life {
    /// Shows that the rules have just been evaluated.
    pub(crate) fn beat(&self) {
        self.lock().last_beat = Some(clock::now());
        self.changed.notify_all();
    }

    /// Ends the thread of the watchdog.
    pub(crate) fn end(&self) {
        self.lock().is_over = true;
        self.changed.notify_all();
    }

    /// Waits until the last beat is recent. Returns `false` once it is over.
    fn wait_for_beat(&self) -> bool {
        let is_waiting = |state: &mut State| {
            let is_recent = state.last_beat.is_some_and(|beat| clock::now().saturating_duration_since(beat) <= MAX_AGE);
            !state.is_over && !is_recent
        };
        let state = self.changed.wait_while(self.lock(), is_waiting).unwrap_or_else(PoisonError::into_inner);
        !state.is_over
    }

    /// Waits for this time. Returns `false` once it is over.
    fn sleep(&self, time: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(self.lock(), time, |state| !state.is_over);
        !waited.unwrap_or_else(PoisonError::into_inner).0.is_over
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const EVERY: Duration = Duration::from_secs(60);
const MIN_INTERVAL: Duration = Duration::from_secs(1);
/// The longest time since an evaluation after which there is a ping. They are a second apart.
const MAX_AGE: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::receiver::Receiver;

    #[test]
    fn there_is_a_ping_after_a_beat_and_none_without() {
        let receiver = Receiver::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        let life = Arc::new(Life::default());
        let watchdog = Watchdog::to(&receiver.url).expect("a URL");
        assert!(!format!("{watchdog:?}").contains("hunter2"));
        watchdog.start(Arc::clone(&life)).expect("a thread");
        // A beat of long ago is none.
        life.lock().last_beat = clock::now().checked_sub(MAX_AGE + Duration::from_secs(1));
        life.changed.notify_all();
        thread::sleep(Duration::from_millis(100));
        assert_eq!(Arc::strong_count(&life), 2, "it waits");
        life.beat();
        let request = receiver.request();
        assert!(request.line.starts_with("POST /services/"), "{}", request.line);
        assert_eq!(request.body, b"{}");
        life.end();
        while Arc::strong_count(&life) > 1 {
            thread::sleep(Duration::from_millis(5));
        }
    }
}
