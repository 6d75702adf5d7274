//! A list of path prefixes that grows while other threads read it.

use std::sync::OnceLock;

use super::error::{BuildError, setting};

/// Prefixes of paths. Reading takes no lock; prefixes are never removed.
#[derive(Debug, Default)]
pub(crate) struct Prefixes {
    list: Vec<String>,
    more: OnceLock<Box<Self>>,
}

impl Prefixes {
    pub(crate) fn new(list: Vec<String>) -> Self {
        Self { list, more: OnceLock::new() }
    }

    /// Returns whether `path` is one of the prefixes or below it.
    pub(crate) fn cover(&self, path: &str) -> bool {
        self.list.iter().any(|prefix| is_below(path, prefix)) || self.more.get().is_some_and(|more| more.cover(path))
    }

    /// Adds prefixes, as from now.
    pub(crate) fn add(&self, list: Vec<String>) {
        let mut end = self;
        let mut added = Box::new(Self::new(list));
        while let Err(rejected) = end.more.set(added) {
            added = rejected;
            end = end.more.get().map_or(end, |more| &**more);
        }
    }
}

/// Checks a prefix of the setting `what`, and returns it without a slash at its end.
pub(crate) fn checked(what: &str, path: &str) -> Result<String, BuildError> {
    let trimmed = path.trim_end_matches('/');
    if !path.starts_with('/') || trimmed.is_empty() {
        return setting(format!("the {what} `{path}` must begin with `/` and name something below it"));
    }
    Ok(trimmed.to_owned())
}

/// Returns whether `path` is `prefix` or below it.
pub(crate) fn is_below(path: &str, prefix: &str) -> bool {
    // Both begin with a slash. Most differ in the byte after it, so that is compared first.
    path.as_bytes().get(1) == prefix.as_bytes().get(1)
        && path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn added_prefixes_cover_like_the_first_ones() {
        let prefixes = Prefixes::new(vec![String::from("/health")]);
        prefixes.add(vec![String::from("/admin")]);
        prefixes.add(vec![String::from("/pages"), String::from("/files")]);
        let covered = ["/health/live", "/admin", "/files/7"].map(|path| prefixes.cover(path));
        let others = ["/healthy", "/", "/adm", "/file"].map(|path| prefixes.cover(path));
        assert_eq!((covered, others), ([true; 3], [false; 4]));
    }
}
