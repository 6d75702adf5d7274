//! Writes series in Prometheus' text format 0.0.4.

use std::{
    fmt::{Display, Write as _},
    mem,
};

use metrics::Label;

use crate::family::{Family, Histogram, Kind, Value};

/// Labels of an endpoint, which each of its series has.
pub(super) type EndpointLabels = Vec<(String, String)>;

/// Writes one family after the other. The text can be taken after each series.
pub(super) struct TextWriter {
    text: String,
    shared: EndpointLabels,
    /// The labels of the current series as text, without braces.
    labels: String,
    /// The upper bounds of the current family as text, if it is one of histograms.
    bounds: Vec<String>,
    /// Whether the current family has its description, and so at least one series.
    is_described: bool,
}

impl TextWriter {
    pub(super) fn new(shared: EndpointLabels) -> Self {
        Self { text: String::new(), shared, labels: String::new(), bounds: Vec::new(), is_described: false }
    }

    /// Returns the length of the text in bytes.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// Returns the text since the last call, and continues with a buffer of `capacity` bytes.
    pub(super) fn take(&mut self, capacity: usize) -> String {
        mem::replace(&mut self.text, String::with_capacity(capacity))
    }

    /// Writes one series. The first of a family is preceded by the description. A histogram without values is left out,
    /// as by a recorder, which creates a histogram with its first value.
    pub(super) fn series(&mut self, family: &Family, labels: &[Label], value: &Value<'_>) {
        if matches!(value, Value::Histogram(histogram) if histogram.buckets.iter().all(|bucket| bucket.count == 0)) {
            return;
        }
        if !mem::replace(&mut self.is_described, true) {
            self.describe(family);
        }
        self.set_labels(labels);
        match value {
            Value::Counter(count) => self.line(family.name, "", count),
            Value::Gauge(value) => self.line(family.name, "", value),
            Value::Histogram(histogram) => self.histogram(family.name, histogram),
        }
    }

    /// Ends the current family.
    pub(super) fn end_family(&mut self) {
        if mem::take(&mut self.is_described) {
            self.text.push('\n');
        }
    }

    fn describe(&mut self, family: &Family) {
        let Family { name, help, .. } = family;
        let kind = match family.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        };
        // Writing to a string cannot fail.
        let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        self.bounds.clear();
    }

    /// A label of the series replaces one of the endpoint with the same name.
    fn set_labels(&mut self, labels: &[Label]) {
        self.labels.clear();
        for (name, value) in &self.shared {
            if name != LE && labels.iter().all(|label| label.key() != name) {
                push_label(&mut self.labels, name, value);
            }
        }
        labels.iter().for_each(|label| push_label(&mut self.labels, label.key(), label.value()));
    }

    /// Writes cumulative buckets, so that the last one equals the count whatever is recorded meanwhile.
    fn histogram(&mut self, name: &str, histogram: &Histogram<'_>) {
        let Histogram { scale, buckets, .. } = histogram;
        // Most lines of a page are buckets: what they have in common is formatted once.
        if self.bounds.is_empty() {
            self.bounds = scale.bounds.iter().map(f64::to_string).chain([String::from("+Inf")]).collect();
        }
        let comma = if self.labels.is_empty() { "" } else { "," };
        let start = format!("{name}_bucket{{{}{comma}{LE}=\"", self.labels);
        let mut count = 0;
        for (bound, bucket) in self.bounds.iter().zip(*buckets) {
            count += bucket.count;
            self.text.extend([start.as_str(), bound, "\"} "]);
            let _ = writeln!(self.text, "{count}");
        }
        self.line(name, "_sum", scale.sum(buckets));
        self.line(name, "_count", count);
    }

    fn line(&mut self, name: &str, suffix: &str, value: impl Display) {
        self.text.extend([name, suffix]);
        if !self.labels.is_empty() {
            self.text.extend(["{", &self.labels, "}"]);
        }
        let _ = writeln!(self.text, " {value}");
    }
}

/// Returns `name` with `_` in place of each character that the name of a label cannot have.
pub(super) fn label_name(name: &str) -> String {
    let fitting = |(at, char): (usize, char)| match char {
        '_' | 'a'..='z' | 'A'..='Z' => char,
        '0'..='9' if at > 0 => char,
        _ => '_',
    };
    name.chars().enumerate().map(fitting).collect()
}

fn push_label(text: &mut String, name: &str, value: &str) {
    if !text.is_empty() {
        text.push(',');
    }
    text.push_str(name);
    text.push_str("=\"");
    push_escaped(text, value);
    text.push('"');
}

fn push_escaped(text: &mut String, value: &str) {
    for piece in value.split_inclusive(['\\', '"', '\n']) {
        let Some(special) = piece.chars().next_back().filter(|char| matches!(char, '\\' | '"' | '\n')) else {
            return text.push_str(piece);
        };
        text.push_str(&piece[..piece.len() - 1]);
        text.push('\\');
        text.push(if special == '\n' { 'n' } else { special });
    }
}

/// Label for the upper bound of a bucket.
const LE: &str = "le";

#[cfg(test)]
mod tests {
    use monitor_core::traffic::{BUCKETS, BucketCount};

    use super::*;
    use crate::{family, scale};

    fn family(name: &str) -> &'static Family {
        family::all().find(|family| family.name == name).expect("it is one of ours")
    }

    fn written(name: &str, shared: &[(&str, &str)], labels: &[Label], value: &Value<'_>) -> String {
        let shared = shared.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut writer = TextWriter::new(shared);
        writer.series(family(name), labels, value);
        writer.take(0)
    }

    #[test]
    fn label_values_are_escaped() {
        let labels = [Label::new("kind", "a\\b\"c\nd é\\\\")];
        let text = written("monitor_issues_total", &[], &labels, &Value::Counter(1));
        assert!(text.ends_with("monitor_issues_total{kind=\"a\\\\b\\\"c\\nd é\\\\\\\\\"} 1\n"), "{text}");
    }

    #[test]
    fn a_series_without_labels_has_no_braces_and_its_family_is_described_once() {
        let mut writer = TextWriter::new(Vec::new());
        for value in [1.0, 0.5] {
            writer.series(family("health_ready"), &[], &Value::Gauge(value));
        }
        let described = "# HELP health_ready 1 if the service is ready for traffic.\n# TYPE health_ready gauge\n";
        assert_eq!(writer.take(0), format!("{described}health_ready 1\nhealth_ready 0.5\n"));
    }

    #[test]
    fn a_label_of_the_series_replaces_one_of_the_endpoint() {
        let shared = [("zone", "x"), ("kind", "y"), ("le", "z")];
        let text = written("monitor_issues_total", &shared, &[Label::new("kind", "error")], &Value::Counter(1));
        assert!(text.ends_with("monitor_issues_total{zone=\"x\",kind=\"error\"} 1\n"), "{text}");
    }

    #[test]
    fn buckets_are_cumulative_and_the_last_one_is_the_count() {
        let mut buckets = [BucketCount::default(); BUCKETS];
        (buckets[0], buckets[2]) = (BucketCount { count: 2, sum: 100 }, BucketCount { count: 1, sum: 500 });
        buckets[BUCKETS - 1] = BucketCount { count: 1, sum: u64::MAX };
        let histogram = Histogram { scale: &scale::SIZE, buckets: &buckets, settled: false };
        let text = written("http_server_response_body_size_bytes", &[], &[], &Value::Histogram(histogram));
        let values: Vec<_> = text.lines().skip(2).filter_map(|line| line.split("_bytes").nth(1)).collect();
        let ends = [&values[..4], &values[13..]].concat();
        assert_eq!(
            ends,
            [
                r#"_bucket{le="64"} 2"#,
                r#"_bucket{le="256"} 2"#,
                r#"_bucket{le="1024"} 3"#,
                r#"_bucket{le="4096"} 3"#,
                r#"_bucket{le="4294967296"} 3"#,
                r#"_bucket{le="+Inf"} 4"#,
                "_sum 18446744073709552000",
                "_count 4",
            ]
        );
    }
}
