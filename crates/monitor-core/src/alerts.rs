//! Counts of alerts' notifications as data, for metrics and pages. monitor-alert delivers the notifications.

mod api;

/// Counts of the notifications of one notifier since its store was created, or since the start without a store. Each
/// notification is delivered, waiting or given up: `fired = delivered + waiting + given up`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "the counts are built by monitor-alert, with all fields")]
pub struct AlertCounts {
    /// The notifier's name.
    pub notifier: String,
    /// Number of notifications.
    pub fired: u64,
    /// Number of notifications that the receiver accepted.
    pub delivered: u64,
    /// Number of notifications that wait for an attempt.
    pub waiting: u64,
    /// Numbers of notifications that were given up, by reason.
    pub given_up: Vec<(String, u64)>,
    /// Number of notifications that were sent although they could not be saved before.
    pub unsaved: u64,
}
