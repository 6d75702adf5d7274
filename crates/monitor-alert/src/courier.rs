//! Couriers: one thread for each notifier, so that a receiver that hangs holds up no other.

use std::{
    io, mem,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use monitor_core::{WeakMonitor, clock, instrument::panic};

use crate::{
    active::ActiveAlert,
    alert::Notification,
    desk::{Desk, Step},
    notifier::{DeliveryError, Notifier},
};

struct Courier {
    desk: Arc<Desk>,
    monitor: WeakMonitor,
    notifier: Box<dyn Notifier>,
    channel: String,
    refresh_every: Option<Duration>,
    /// The time of the next refresh.
    refresh_at: Option<Instant>,
    /// Whether the last refresh failed.
    is_stale: bool,
}

/// Starts the thread of a notifier. It ends when the desk is closed.
pub(crate) fn spawn(desk: Arc<Desk>, monitor: WeakMonitor, notifier: Box<dyn Notifier>) -> io::Result<()> {
    let channel = notifier.name().to_owned();
    let refresh_every = notifier.refresh_every().map(|every| every.max(MIN_REFRESH));
    // At once, for the alerts of the process before.
    let refresh_at = refresh_every.map(|_| clock::now());
    let courier = Courier { desk, monitor, notifier, channel, refresh_every, refresh_at, is_stale: false };
    thread::Builder::new().name(format!("monitor-{}", courier.channel)).spawn(move || courier.run())?;
    Ok(())
}

impl Courier {
    fn run(mut self) {
        self.desk.enter();
        loop {
            match self.desk.step(&self.channel, self.refresh_at) {
                Step::Save => self.save(),
                Step::Send(notification) => self.send(&notification),
                Step::Refresh(active) => self.refresh(&active),
                Step::Test(test) => test.run(|notification| self.deliver(notification)),
                Step::End => break,
            }
        }
        self.desk.leave();
    }

    fn send(&mut self, notification: &Notification) {
        let result = self.deliver(notification);
        self.desk.finish(&self.channel, &notification.id, &result);
        match result {
            // A notification that is delivered must not be repeated after a crash.
            Ok(()) => self.save(),
            Err(error) => tracing::warn!(
                target: "monitor",
                notifier = self.channel,
                alert = notification.alert.key,
                attempt = notification.attempt,
                %error,
                "an alert was not delivered"
            ),
        }
    }

    fn refresh(&mut self, active: &[ActiveAlert]) {
        self.refresh_at = self.refresh_every.and_then(|every| clock::now().checked_add(every));
        let result = if active.is_empty() { Ok(()) } else { self.guarded(|notifier| notifier.refresh(active)) };
        let was_stale = mem::replace(&mut self.is_stale, result.is_err());
        if let Err(error) = result.as_ref()
            && !was_stale
        {
            tracing::warn!(
                target: "monitor",
                notifier = self.channel,
                alerts = active.len(),
                %error,
                "active alerts were not repeated, and the receiver may take them for resolved; this is retried"
            );
        }
    }

    fn deliver(&mut self, notification: &Notification) -> Result<(), DeliveryError> {
        self.guarded(|notifier| notifier.deliver(notification))
    }

    fn guarded(&mut self, f: impl FnOnce(&mut dyn Notifier) -> Result<(), DeliveryError>) -> Result<(), DeliveryError> {
        panic::catch_printed(|| f(&mut *self.notifier)).unwrap_or_else(|caught| {
            caught.drop_payload();
            Err(DeliveryError::retryable("the notifier panicked"))
        })
    }

    fn save(&self) {
        self.desk.save(|| self.monitor.upgrade().is_some_and(|monitor| monitor.save_now(MAX_SAVE)));
    }
}

/// Maximum time that an alert waits to be saved. A disk that hangs must not hold it back for longer.
const MAX_SAVE: Duration = Duration::from_secs(1);
/// Minimum time between two refreshes.
const MIN_REFRESH: Duration = Duration::from_secs(1);
