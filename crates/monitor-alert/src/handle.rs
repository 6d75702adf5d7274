//! The handle of a program to its alerts.

use std::{
    fmt,
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use crate::{
    active::ActiveAlert,
    alert::Severity,
    delivery_test::TestResult,
    desk::Desk,
    incident::{Incident, IncidentEvent, Pin},
};

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

    /// Sends a test alert through every notifier, and its end at once, and returns each receiver's answer, in the order
    /// of the notifiers. Blocks until all have answered, for at most `timeout` or an hour: call it from
    /// `spawn_blocking` in async code. There are no results without a monitor.
    ///
    /// The alert has the rule `test`, the severity [`Warning`](Severity::Warning) and a title that says that nothing is
    /// wrong. It passes neither routes, nor rate limits, nor the outbox: an attempt is not repeated, and not counted.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use monitor_kit::alert::AlertHandle;
    ///
    /// fn test(handle: &AlertHandle) {
    ///     for tested in handle.test(Duration::from_secs(30)) {
    ///         match tested.result {
    ///             Ok(()) => println!("{}: delivered", tested.notifier),
    ///             Err(error) => println!("{}: {error}", tested.notifier),
    ///         }
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn test(&self, timeout: Duration) -> Vec<TestResult> {
        self.desk().map(|desk| desk.test(timeout)).unwrap_or_default()
    }

    /// Returns the incidents of the service, the latest first: the open one, if there is one, and the last 50 that are
    /// over.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::alert::AlertHandle;
    ///
    /// fn list(handle: &AlertHandle) {
    ///     for incident in handle.incidents() {
    ///         println!("{}: {} failed", incident.id, incident.impact.failed);
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn incidents(&self) -> Vec<Incident> {
        self.desk().map(|desk| desk.incidents()).unwrap_or_default()
    }

    /// Adds a note to an incident, also to one that is over. `by` names the person. Returns the incident, or `None` if
    /// there is none with this ID.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::alert::AlertHandle;
    ///
    /// fn note(handle: &AlertHandle, id: &str) {
    ///     if handle.note_on_incident(id, "ada", "the migration of 14:20 is not to blame").is_none() {
    ///         println!("there is no incident {id}");
    ///     }
    /// }
    /// ```
    pub fn note_on_incident(&self, id: &str, by: impl Into<String>, text: impl Into<String>) -> Option<Incident> {
        let event = IncidentEvent::Note { by: by.into(), text: text.into() };
        self.desk()?.edit_incident(id, |incidents, now| incidents.add_note(id, event, now))
    }

    /// Pins an event to the short timeline of the report, or takes it off. `entry` is its index in
    /// [`Incident::timeline`]. Returns the incident, or `None` if there is none with this ID.
    // No example: as `note_on_incident`.
    pub fn pin_in_incident(&self, id: &str, entry: usize, pin: Pin) -> Option<Incident> {
        self.desk()?.edit_incident(id, |incidents, _| incidents.pin(id, entry, pin))
    }

    /// Sets the severity of an incident. Returns it, or `None` if there is none with this ID.
    // No example: as `note_on_incident`.
    pub fn set_incident_severity(&self, id: &str, severity: Severity) -> Option<Incident> {
        self.desk()?.edit_incident(id, |incidents, _| incidents.set_severity(id, severity))
    }

    /// Closes the open incident before its quiet period is over. Its alerts go on. Returns it, or `None` if there is
    /// none with this ID.
    // No example: as `note_on_incident`.
    pub fn close_incident(&self, id: &str, by: impl Into<String>) -> Option<Incident> {
        self.desk()?.edit_incident(id, |incidents, now| incidents.close(id, by.into(), now))
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
