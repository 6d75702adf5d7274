//! A recorder, and the values already published to it.

use std::collections::{HashMap, HashSet};

use metrics::{Key, Label, Level, Metadata, Recorder};
use monitor_core::traffic::{BUCKETS, BucketCount};

use super::scale::Scale;

/// The values already published to a recorder.
#[derive(Default)]
pub(crate) struct Published {
    pub(crate) described: bool,
    counters: HashSet<Key>,
    pub(crate) histograms: HashMap<Key, PublishedHistogram>,
}

/// The buckets of one histogram that were published.
pub(crate) struct PublishedHistogram {
    buckets: [BucketCount; BUCKETS],
    /// Whether the recorder's last page had the histogram.
    pub(crate) shown: bool,
}

/// A recorder, and the values already published to it.
pub(super) struct Sink<'a> {
    pub(super) recorder: &'a dyn Recorder,
    pub(super) published: &'a mut Published,
}

impl Sink<'_> {
    /// Sets a counter. A new one is set to 0 first, because recorders that send differences take the first value as the
    /// baseline.
    pub(super) fn counter(&mut self, name: &'static str, labels: Vec<Label>, value: u64) {
        let key = Key::from_parts(name, labels);
        let counter = self.recorder.register_counter(&key, &METADATA);
        if !self.published.counters.contains(&key) {
            counter.absolute(0);
            self.published.counters.insert(key);
        }
        counter.absolute(value);
    }

    pub(super) fn gauge(&self, name: &'static str, labels: Vec<Label>, value: f64) {
        self.recorder.register_gauge(&Key::from_parts(name, labels), &METADATA).set(value);
    }

    /// Records the growth of each bucket since the last call, as that many samples of the growth's mean.
    pub(super) fn histogram(
        &mut self,
        name: &'static str,
        labels: Vec<Label>,
        scale: &Scale,
        buckets: &[BucketCount; BUCKETS],
    ) {
        let key = Key::from_parts(name, labels);
        let published = self.published.histograms.get(&key);
        let before = published.map(|published| published.buckets).unwrap_or_default();
        if before == *buckets {
            return;
        }
        let shown = published.is_some_and(|published| published.shown);
        let histogram = self.recorder.register_histogram(&key, &METADATA);
        for (count, mean) in scale.growth(&before, buckets) {
            histogram.record_many(mean, usize::try_from(count).unwrap_or(usize::MAX));
        }
        self.published.histograms.insert(key, PublishedHistogram { buckets: *buckets, shown });
    }
}

pub(super) static METADATA: Metadata<'static> = Metadata::new("monitor_metrics", Level::INFO, Some("monitor_metrics"));
