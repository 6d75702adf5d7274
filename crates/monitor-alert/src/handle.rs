//! The handle of a program to its alerts.

use std::{
    fmt,
    sync::{Arc, OnceLock, Weak},
};

use crate::{active::ActiveAlert, desk::Desk};

/// The alerts of a running monitor: lists them, and acknowledges them. Made by
/// [`Alerts::handle`](crate::Alerts::handle) and cheap to clone. It keeps no monitor from ending: without one there are
/// no active alerts.
///
/// # Example
///
/// ```
/// use monitor_kit::{Monitor, alert::{Alerts, Slack}};
///
/// let alerts = Alerts::to(Slack::new("https://hooks.slack.com/services/T000/B000/XXXX")?);
/// let handle = alerts.handle();
/// let monitor = Monitor::builder("shop").extend(alerts).build()?;
///
/// for active in handle.active() {
///     println!("{}: {:?}", active.alert.title, active.acknowledgement);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct AlertHandle(Arc<OnceLock<Weak<Desk>>>);

impl AlertHandle {
    /// Returns all active alerts that this process knows of, ordered by their keys.
    #[must_use]
    pub fn active(&self) -> Vec<ActiveAlert> {
        self.desk().map(|desk| desk.active()).unwrap_or_default()
    }

    /// Acknowledges an alert: it is not escalated any further. `by` names the person, for others to see. An alert that
    /// is acknowledged already keeps its first acknowledgement. Returns the alert, or `None` if no alert with this
    /// [key](crate::Alert::key) is active.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::alert::AlertHandle;
    ///
    /// fn acknowledge(handle: &AlertHandle, key: &str) {
    ///     match handle.acknowledge(key, "ada") {
    ///         Some(active) => println!("acknowledged: {:?}", active.acknowledgement),
    ///         None => println!("the alert is over"),
    ///     }
    /// }
    /// ```
    pub fn acknowledge(&self, alert_key: &str, by: impl Into<String>) -> Option<ActiveAlert> {
        self.desk()?.acknowledge(|active| active.alert.key == alert_key, by.into())
    }

    pub(crate) fn set(&self, desk: &Arc<Desk>) {
        let _ = self.0.set(Arc::downgrade(desk));
    }

    pub(crate) fn desk(&self) -> Option<Arc<Desk>> {
        self.0.get()?.upgrade()
    }
}

impl fmt::Debug for AlertHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlertHandle").finish_non_exhaustive()
    }
}
