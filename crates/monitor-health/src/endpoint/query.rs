//! The query of a health request: `verbose`, and the names to `exclude`.

/// A parsed query.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Query {
    pub(crate) verbose: bool,
    /// Without duplicates, in the order of the query.
    pub(crate) exclude: Vec<String>,
}

impl Query {
    /// Parses a query. Unknown parameters are ignored, as are names past the limit.
    pub(crate) fn parse(query: &str) -> Self {
        let mut read = Self::default();
        for pair in query.split('&') {
            match pair.split_once('=').unwrap_or((pair, "")) {
                ("verbose", _) => read.verbose = true,
                ("exclude", name) if read.takes(name) => read.exclude.push(name.to_owned()),
                _ => {}
            }
        }
        read
    }

    fn takes(&self, name: &str) -> bool {
        let is_new = || !self.exclude.iter().any(|before| before == name);
        !name.is_empty() && self.exclude.len() < MAX_NAMES && is_new()
    }
}

/// Returns a name that is safe to echo: truncated, with each character that no name can have replaced by `?`.
pub(crate) fn shown(name: &str) -> String {
    name.chars()
        .take(MAX_NAME_CHARS)
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '?' })
        .collect()
}

const MAX_NAMES: usize = 32;
const MAX_NAME_CHARS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_once_each_and_nothing_odd_comes_back() {
        let query = Query::parse("verbose&exclude=a&exclude=b&x=1&exclude=a&exclude=%3Cb%3E&exclude=");
        assert_eq!(query, Query { verbose: true, exclude: ["a", "b", "%3Cb%3E"].map(String::from).into() });
        assert_eq!((shown("%3Cb%3E"), shown(&"a".repeat(99)).len()), ("?3Cb?3E".into(), MAX_NAME_CHARS));
        let many: Vec<_> = (0..100).map(|number| format!("exclude={number}")).collect();
        assert_eq!(Query::parse(&many.join("&")).exclude.len(), MAX_NAMES);
        assert_eq!(Query::parse(""), Query::default());
    }
}
