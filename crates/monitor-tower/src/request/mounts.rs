//! Routes for requests below a mounted path.
//!
//! Static files and fallbacks have no route template, and a label per path would be unbounded.

/// The mounted paths with their routes, the longest path first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mounts(Vec<Mount>);

#[derive(Clone, Debug)]
struct Mount {
    /// Without a trailing slash.
    path: String,
    route: String,
}

impl Mounts {
    pub(crate) fn add(&mut self, path: &str) {
        let path = format!("/{}", path.trim_matches('/'));
        let path = path.trim_end_matches('/').to_owned();
        self.0.push(Mount { route: format!("{path}/{{*rest}}"), path });
        // The innermost mount must be found first.
        self.0.sort_by_key(|mount| std::cmp::Reverse(mount.path.len()));
    }

    pub(crate) fn route_of(&self, path: &str) -> Option<&str> {
        let mut mounts = self.0.iter();
        let is_below = |mount: &&Mount| {
            path.strip_prefix(&mount.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        mounts.find(is_below).map(|mount| mount.route.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Mounts;

    #[test]
    fn the_innermost_mount_names_the_route() {
        let mut mounts = Mounts::default();
        ["/static", "/static/images/", "docs"].into_iter().for_each(|path| mounts.add(path));
        assert_eq!(mounts.route_of("/static"), Some("/static/{*rest}"));
        assert_eq!(mounts.route_of("/static/a/b.css"), Some("/static/{*rest}"));
        assert_eq!(mounts.route_of("/static/images/a.png"), Some("/static/images/{*rest}"));
        assert_eq!(mounts.route_of("/docs/"), Some("/docs/{*rest}"));
        assert_eq!((mounts.route_of("/statics"), mounts.route_of("/")), (None, None));
        mounts.add("/");
        assert_eq!(mounts.route_of("/statics"), Some("/{*rest}"));
    }
}
