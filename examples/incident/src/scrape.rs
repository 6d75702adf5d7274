//! A parser for `/metrics`.

use std::net::SocketAddr;

use crate::client::{self, NoResponse};

/// The samples of one scrape.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scrape(Vec<Sample>);

#[derive(Clone, Debug)]
struct Sample {
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
}

impl Scrape {
    pub(crate) async fn of(addr: SocketAddr) -> Result<Self, NoResponse> {
        Ok(Self::parse(&client::get(addr, "/metrics").await?.body))
    }

    fn parse(text: &str) -> Self {
        Self(text.lines().filter(|line| !line.starts_with('#')).filter_map(sample).collect())
    }

    /// Returns the sum of all series called `name` that have these labels.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let matches = |sample: &&Sample| {
            let has = |(name, value): &(&str, &str)| sample.labels.iter().any(|(n, v)| n == name && v == value);
            sample.name == name && labels.iter().all(has)
        };
        // An empty sum of floats is -0.
        self.0.iter().filter(matches).map(|sample| sample.value).sum::<f64>() + 0.0
    }

    /// Returns the value of `label` in the series called `name`.
    pub(crate) fn label(&self, name: &str, label: &str) -> Option<&str> {
        let sample = self.0.iter().find(|sample| sample.name == name)?;
        sample.labels.iter().find(|(name, _)| name == label).map(|(_, value)| value.as_str())
    }
}

fn sample(line: &str) -> Option<Sample> {
    let (series, value) = line.rsplit_once(' ')?;
    let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
    let labels = labels.strip_suffix('}')?.split("\",").filter(|label| !label.is_empty());
    let labels = labels.filter_map(|label| label.split_once("=\""));
    let labels = labels.map(|(name, value)| (name.to_owned(), value.trim_end_matches('"').to_owned()));
    Some(Sample { name: name.to_owned(), labels: labels.collect(), value: value.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_go_over_the_series_that_match() {
        let scrape = Scrape::parse("# HELP a x\na{b=\"1\",c=\"/{id}\"} 2\na{b=\"2\",c=\"/\"} 3\nd 4.5\n");
        assert_eq!(scrape.sum("a", &[]), 5.0);
        assert_eq!(scrape.sum("a", &[("c", "/{id}")]), 2.0);
        assert_eq!(scrape.sum("d", &[]), 4.5);
        assert_eq!(scrape.sum("e", &[]), 0.0);
        assert_eq!(scrape.label("a", "b"), Some("1"));
    }
}
