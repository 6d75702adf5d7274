//! A recorder, and the values already published to it.

use std::collections::{HashMap, HashSet};

use metrics::{Key, KeyName, Label, Level, Metadata, Recorder};
use monitor_core::traffic::{BUCKETS, BucketCount};

use crate::family::{Family, Histogram, Kind, Value};

/// The values already published to a recorder.
#[derive(Default)]
pub(super) struct Published {
    pub(super) described: bool,
    counters: HashSet<Key>,
    histograms: HashMap<Key, [BucketCount; BUCKETS]>,
}

/// A recorder, and the values already published to it.
pub(super) struct Sink<'a> {
    pub(super) recorder: &'a dyn Recorder,
    pub(super) published: &'a mut Published,
}

impl Sink<'_> {
    pub(super) fn describe(&self, family: &Family) {
        let (name, help) = (KeyName::from_const_str(family.name), family.help.into());
        match family.kind {
            Kind::Counter => self.recorder.describe_counter(name, None, help),
            Kind::Gauge => self.recorder.describe_gauge(name, None, help),
            Kind::Histogram(unit) => self.recorder.describe_histogram(name, Some(unit), help),
        }
    }

    pub(super) fn publish(&mut self, name: &'static str, labels: Vec<Label>, value: &Value<'_>) {
        let key = Key::from_parts(name, labels);
        match value {
            Value::Counter(count) => self.counter(key, *count),
            Value::Gauge(value) => self.recorder.register_gauge(&key, &METADATA).set(*value),
            Value::Histogram(histogram) => self.histogram(key, histogram),
        }
    }

    /// Sets a counter. A new one is set to 0 first, because recorders that send differences take the first value as the
    /// baseline.
    fn counter(&mut self, key: Key, value: u64) {
        let counter = self.recorder.register_counter(&key, &METADATA);
        if !self.published.counters.contains(&key) {
            counter.absolute(0);
            self.published.counters.insert(key);
        }
        counter.absolute(value);
    }

    /// Records the growth of each bucket since the last call, as that many samples of the growth's mean.
    fn histogram(&mut self, key: Key, histogram: &Histogram<'_>) {
        let Histogram { scale, buckets, settled } = histogram;
        let before = self.published.histograms.get(&key).copied().unwrap_or_default();
        // Without their part of the sum, new values have no mean. The next publication has it.
        if !settled || before == **buckets {
            return;
        }
        let samples = self.recorder.register_histogram(&key, &METADATA);
        for (count, mean) in scale.growth(&before, buckets) {
            samples.record_many(mean, usize::try_from(count).unwrap_or(usize::MAX));
        }
        self.published.histograms.insert(key, **buckets);
    }
}

pub(super) static METADATA: Metadata<'static> = Metadata::new("monitor_metrics", Level::INFO, Some("monitor_metrics"));

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;
    use crate::scale;

    #[test]
    fn a_histogram_that_was_read_during_a_recording_is_left_to_the_next_publication() {
        let (recorder, mut published) = (PrometheusBuilder::new().build_recorder(), Published::default());
        let mut buckets = [BucketCount::default(); BUCKETS];
        buckets[0] = BucketCount { count: 2, sum: 5 };
        for settled in [false, true] {
            let value = Value::Histogram(Histogram { scale: &scale::SIZE, buckets: &buckets, settled });
            Sink { recorder: &recorder, published: &mut published }.publish("sizes", Vec::new(), &value);
            assert_eq!(recorder.handle().render().contains("\nsizes_count 2\n"), settled);
        }
    }
}
