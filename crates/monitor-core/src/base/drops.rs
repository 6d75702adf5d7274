//! What was not kept, by who dropped it and why.

use super::sync::atomic::{AtomicU64, Ordering};

/// Counts what one part of a monitor does not keep. Made by [`Monitor::drops_of`](crate::Monitor::drops_of).
#[derive(Debug)]
pub struct DropCounter {
    owner: String,
    counts: [AtomicU64; DropReason::ALL.len()],
}

/// Why something was not kept.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum DropReason {
    /// A bounded queue was full.
    QueueFull,
    /// The monitor was shut down.
    Closed,
    /// `before_report` dropped the event.
    BeforeReport,
    /// `before_report` panicked; the event went on as it was.
    BeforeReportPanicked,
    /// The reporter returned an error.
    Failed,
    /// The reporter panicked.
    Panicked,
    /// The event was one of many of its source within a minute: counted, but not kept whole.
    Throttled,
    /// The event belonged to an untracked request.
    Untracked,
    /// The program said that such errors are to be ignored.
    Ignored,
    /// There were too many sources of errors.
    SourceLimit,
    /// There were too many issues, and the one least recently seen went.
    IssueLimit,
    /// There were too many series.
    SeriesLimit,
    /// Something to be kept over a restart could not be saved, and is tried again.
    NotPersisted,
    /// The event was not of the share of its kind that is captured whole: counted, but not kept.
    Sampled,
    /// Too many errors came at once, from all sources together: counted, but not kept whole.
    StormGate,
    /// `before_report` took longer than 100 ms; nothing is lost by that alone.
    BeforeReportSlow,
    /// An event was too large, and the oldest of what led up to it was left out.
    Shortened,
    /// All events together were too large, and those of the issue least recently seen went.
    SampleLimit,
    /// An issue was not seen for so long that it is forgotten.
    Expired,
    /// The storage was full, and what was saved longest ago went.
    StoreLimit,
    /// All that was stored was damaged, and is set aside.
    Damaged,
    /// Something that was stored could not be read, and was removed.
    Unreadable,
}

/// How much of something was not kept, by whom and why.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct DropCount {
    /// Which part of the monitor or which reporter.
    pub reporter: String,
    /// Why.
    pub reason: DropReason,
    /// How often.
    pub count: u64,
}

// === impl Drops ===

impl DropCounter {
    pub(crate) fn new(owner: impl Into<String>) -> Self {
        Self { owner: owner.into(), counts: Default::default() }
    }

    /// Counts one thing that is not kept.
    pub fn count(&self, reason: DropReason) {
        self.count_many(reason, 1);
    }

    /// Counts so many things that are not kept.
    pub fn count_many(&self, reason: DropReason, many: u64) {
        self.counts[reason as usize].fetch_add(many, Ordering::Relaxed);
    }

    /// Returns the name of the part they are counted for.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    pub(crate) fn read(&self) -> impl Iterator<Item = (DropReason, u64)> {
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed));
        DropReason::ALL.into_iter().zip(counts).filter(|(_, count)| *count > 0)
    }
}

// === impl Reason ===

impl DropReason {
    /// All reasons, in the order in which they are counted.
    pub const ALL: [Self; 22] = [
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
            Self::StoreLimit => "store_limit",
            Self::Damaged => "damaged",
            Self::Unreadable => "unreadable",
        }
    }
}
