//! Finds the histograms on a page in Prometheus' text format.

use std::collections::{HashMap, HashSet};

use metrics::Key;

/// Returns the `keys` that have a line `…_count` on the page, whatever labels the recorder added. All keys with one
/// name must have the same label names.
pub(super) fn shown<'a>(page: &str, keys: impl Iterator<Item = &'a Key>) -> HashSet<&'a Key> {
    let (mut label_names, mut by_values) = (HashMap::new(), HashMap::new());
    for key in keys {
        let names: Vec<_> = key.labels().map(|label| label.key()).collect();
        let values: Vec<_> = key.labels().map(|label| label.value().to_owned()).collect();
        label_names.entry(key.name()).or_insert(names);
        by_values.insert((key.name(), values), key);
    }
    let found = page.lines().filter_map(|line| {
        let (name, labels) = line.rsplit_once("} ")?.0.split_once('{')?;
        let (name, label_names) = label_names.get_key_value(name.strip_suffix("_count")?)?;
        let mut labels: HashMap<_, _> = Labels(labels).collect();
        let values = label_names.iter().map(|label| labels.remove(label)).collect::<Option<_>>()?;
        by_values.get(&(*name, values)).copied()
    });
    found.collect()
}

/// The unread rest of the text between the braces.
struct Labels<'a>(&'a str);

impl<'a> Iterator for Labels<'a> {
    type Item = (&'a str, String);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, rest) = self.0.split_once("=\"")?;
        let (mut value, mut chars) = (String::new(), rest.chars());
        loop {
            match chars.next()? {
                '"' => break,
                '\\' => value.push(Some(chars.next()?).filter(|char| *char != 'n').unwrap_or('\n')),
                char => value.push(char),
            }
        }
        self.0 = chars.as_str().trim_start_matches(',');
        Some((name, value))
    }
}

#[cfg(test)]
mod tests {
    use metrics::Label;

    use super::*;

    fn key(name: &'static str, labels: &[(&'static str, &'static str)]) -> Key {
        Key::from_parts(name, labels.iter().map(|(name, value)| Label::new(*name, *value)).collect::<Vec<_>>())
    }

    #[test]
    fn a_histogram_is_shown_by_its_count() {
        let (shown_key, other) = (key("took", &[("route", "/a")]), key("took", &[("route", "/b")]));
        let page = "took_bucket{route=\"/b\",le=\"1\"} 3\ntook_count{route=\"/a\"} 3\n";
        assert_eq!(shown(page, [&shown_key, &other].into_iter()), HashSet::from([&shown_key]));
    }

    #[test]
    fn labels_of_the_recorders_own_are_passed_over_wherever_they_stand() {
        let took = key("took", &[("method", "GET"), ("route", "/a")]);
        let page = "took_count{zone=\"x\",route=\"/a\",method=\"GET\",host=\"y\"} 3";
        assert_eq!(shown(page, [&took].into_iter()).len(), 1);
    }

    #[test]
    fn values_may_hold_what_means_something_in_the_format() {
        let took = key("took", &[("route", "/a\"},b=\\\n} ")]);
        let page = "took_count{route=\"/a\\\"},b=\\\\\\n} \"} 3";
        assert_eq!(shown(page, [&took].into_iter()).len(), 1);
    }

    #[test]
    fn a_page_that_breaks_off_shows_nothing_more() {
        let took = key("took", &[("route", "/a")]);
        for page in ["", "took_count", "took_count{", "took_count{route=\"/a} 3", "took_count{route=\"/a\\} 3", "} {"] {
            assert!(shown(page, [&took].into_iter()).is_empty(), "{page}");
        }
    }
}
