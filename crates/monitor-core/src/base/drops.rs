//! Drop counters: the number of dropped items, by part of the monitor and reason.

use super::sync::atomic::{AtomicU64, Ordering};

/// Counts the drops of one part of a monitor. Created by [`Monitor::drops_of`](crate::Monitor::drops_of).
///
/// # Example
///
/// ```
/// use monitor_kit::{DropReason, Monitor};
///
/// let monitor = Monitor::builder("shop").build()?;
/// let drops = monitor.drops_of("mail_queue");
/// drops.count(DropReason::QueueFull);
/// drops.count_many(DropReason::Closed, 12);
/// let counts = monitor.dropped();
/// assert_eq!(counts.iter().map(|drop| drop.count).collect::<Vec<_>>(), [1, 12]);
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
#[derive(Debug)]
pub struct DropCounter {
    owner: String,
    counts: [AtomicU64; DropReason::ALL.len()],
}

/// The reason of a drop.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum DropReason {
    /// A bounded queue was full.
    QueueFull,
    /// The monitor was shut down.
    Closed,
    /// `before_report` dropped the event.
    BeforeReport,
    /// `before_report` panicked; the event was reported unchanged.
    BeforeReportPanicked,
    /// The reporter returned an error.
    Failed,
    /// The reporter panicked.
    Panicked,
    /// Too many events of one site within a minute: counted, but not captured.
    Throttled,
    /// The event belonged to an untracked request.
    Untracked,
    /// The program ignores such errors.
    Ignored,
    /// There were too many sites.
    SourceLimit,
    /// There were too many issues: the one least recently seen was evicted.
    IssueLimit,
    /// There were too many series.
    SeriesLimit,
    /// Data could not be saved. Saving is retried.
    NotPersisted,
    /// The event was not in the sample of its kind: counted, but not captured.
    Sampled,
    /// Too many errors at once, from all sites together: counted, but not captured.
    StormGate,
    /// `before_report` took longer than 100 ms. Nothing is lost by that alone.
    BeforeReportSlow,
    /// An event was too large: its oldest breadcrumbs, or else contexts and tags, were removed.
    Shortened,
    /// All events together were too large: those of the issue least recently seen were evicted.
    SampleLimit,
    /// An issue was not seen for too long, and was removed.
    Expired,
    /// The history was too large: its oldest hours were dropped.
    HistoryLimit,
    /// The storage was full: the values saved longest ago were evicted.
    StoreLimit,
    /// The whole store was damaged, and was quarantined.
    Damaged,
    /// A stored value could not be read, and was removed.
    Unreadable,
}

/// Number of drops of one part of a monitor, for one reason.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct DropCount {
    /// Name of the reporter, or of the part of the monitor.
    pub reporter: String,
    /// The reason.
    pub reason: DropReason,
    /// Number of drops.
    pub count: u64,
}

// === impl DropCounter ===

impl DropCounter {
    pub(crate) fn new(owner: impl Into<String>) -> Self {
        Self { owner: owner.into(), counts: Default::default() }
    }

    /// Counts one drop.
    pub fn count(&self, reason: DropReason) {
        self.count_many(reason, 1);
    }

    /// Counts `many` drops.
    pub fn count_many(&self, reason: DropReason, many: u64) {
        self.counts[reason as usize].fetch_add(many, Ordering::Relaxed);
    }

    /// Returns the name of the counted part.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    pub(crate) fn read(&self) -> impl Iterator<Item = (DropReason, u64)> {
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed));
        DropReason::ALL.iter().copied().zip(counts).filter(|(_, count)| *count > 0)
    }
}

// === impl DropReason ===

impl DropReason {
    /// All reasons, in counting order.
    pub const ALL: &'static [Self] = &[
        Self::QueueFull,
        Self::Closed,
        Self::BeforeReport,
        Self::BeforeReportPanicked,
        Self::Failed,
        Self::Panicked,
        Self::Throttled,
        Self::Untracked,
        Self::Ignored,
        Self::SourceLimit,
        Self::IssueLimit,
        Self::SeriesLimit,
        Self::NotPersisted,
        Self::Sampled,
        Self::StormGate,
        Self::BeforeReportSlow,
        Self::Shortened,
        Self::SampleLimit,
        Self::Expired,
        Self::HistoryLimit,
        Self::StoreLimit,
        Self::Damaged,
        Self::Unreadable,
    ];

    /// Returns the label of this reason.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::Closed => "closed",
            Self::BeforeReport => "before_report",
            Self::BeforeReportPanicked => "before_report_panicked",
            Self::Failed => "failed",
            Self::Panicked => "panicked",
            Self::Throttled => "throttled",
            Self::Untracked => "untracked",
            Self::Ignored => "ignored",
            Self::SourceLimit => "source_limit",
            Self::IssueLimit => "issue_limit",
            Self::SeriesLimit => "series_limit",
            Self::NotPersisted => "not_persisted",
            Self::Sampled => "sampled",
            Self::StormGate => "storm_gate",
            Self::BeforeReportSlow => "before_report_slow",
            Self::Shortened => "shortened",
            Self::SampleLimit => "sample_limit",
            Self::Expired => "expired",
            Self::HistoryLimit => "history_limit",
            Self::StoreLimit => "store_limit",
            Self::Damaged => "damaged",
            Self::Unreadable => "unreadable",
        }
    }
}
