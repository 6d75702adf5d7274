//! Couriers: one thread for each notifier, so that a receiver that hangs holds up no other.

use std::{io, sync::Arc, thread, time::Duration};

use monitor_core::{WeakMonitor, instrument::panic};

use crate::{
    alert::Notification,
    desk::{Desk, Step},
    notifier::{DeliveryError, Notifier},
};

struct Courier {
    desk: Arc<Desk>,
    monitor: WeakMonitor,
    notifier: Box<dyn Notifier>,
    channel: String,
}

/// Starts the thread of a notifier. It ends when the desk is closed.
pub(crate) fn spawn(desk: Arc<Desk>, monitor: WeakMonitor, notifier: Box<dyn Notifier>) -> io::Result<()> {
    let channel = notifier.name().to_owned();
    let courier = Courier { desk, monitor, notifier, channel };
    thread::Builder::new().name(format!("monitor-{}", courier.channel)).spawn(move || courier.run())?;
    Ok(())
}

impl Courier {
    fn run(mut self) {
        self.desk.enter();
        loop {
            match self.desk.step(&self.channel) {
                Step::Save => self.save(),
                Step::Send(notification) => self.send(&notification),
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

    fn deliver(&mut self, notification: &Notification) -> Result<(), DeliveryError> {
        panic::catch_printed(|| self.notifier.deliver(notification)).unwrap_or_else(|caught| {
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
