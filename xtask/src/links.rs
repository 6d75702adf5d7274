//! Dead links in the rendered documentation: of files that are not there, and of places that a page does not have.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    fs, io,
    path::{Component, Path, PathBuf},
};

use crate::failure::Failure;

/// Every file of a rendered documentation by its path within, with what is in it where it is a page.
#[derive(Debug, Default)]
struct Site(BTreeMap<PathBuf, Page>);

#[derive(Debug, Default)]
struct Page {
    links: Vec<String>,
    places: BTreeSet<String>,
}

/// Fails with every link of the pages in `folder` that leads nowhere. Links to other sites are not followed.
pub(crate) fn check(folder: &Path) -> Result<(), Failure> {
    let mut site = Site::default();
    let unreadable = |error: io::Error| Failure::step(format!("`{}` cannot be read: {error}", folder.display()));
    site.read(folder, Path::new("")).map_err(unreadable)?;
    match site.dead_links() {
        dead if dead.is_empty() => Ok(()),
        dead => Err(Failure::step(format!("dead links in the documentation:\n  {}", dead.join("\n  ")))),
    }
}

// === impl Site ===

impl Site {
    fn read(&mut self, root: &Path, below: &Path) -> io::Result<()> {
        for entry in fs::read_dir(root.join(below))? {
            let entry = entry?;
            let path = below.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                self.read(root, &path)?;
            } else if path.extension() == Some(OsStr::new("html")) {
                self.0.insert(path, Page::parse(&fs::read_to_string(entry.path())?));
            } else {
                self.0.insert(path, Page::default());
            }
        }
        Ok(())
    }

    fn dead_links(&self) -> Vec<String> {
        let links = self.0.iter().flat_map(|(path, page)| page.links.iter().map(move |link| (path, link)));
        let dead = links.filter(|(path, link)| !is_elsewhere(link) && !self.leads_somewhere(path, link));
        dead.map(|(path, link)| format!("{}: {link}", path.display())).collect()
    }

    fn leads_somewhere(&self, from: &Path, link: &str) -> bool {
        let (file, place) = link.split_once('#').unwrap_or((link, ""));
        let file = file.split('?').next().unwrap_or_default();
        let path = if file.is_empty() { from.to_owned() } else { resolved(from, file) };
        // Listings of source code have ranges of lines for places.
        let is_listing = path.starts_with("src");
        self.0.get(&path).is_some_and(|page| place.is_empty() || is_listing || page.places.contains(place))
    }
}

// === impl Page ===

impl Page {
    fn parse(html: &str) -> Self {
        let links = ["href", "src"].iter().flat_map(|name| values(html, name)).collect();
        Self { links, places: values(html, "id").collect() }
    }
}

/// Returns the values of an attribute, in quotation marks as rustdoc writes them.
fn values<'a>(html: &'a str, name: &str) -> impl Iterator<Item = String> + 'a {
    let begin = format!(" {name}=\"");
    let found: Vec<_> = html.match_indices(&begin).map(|(at, begin)| at + begin.len()).collect();
    found.into_iter().filter_map(|at| html[at..].split('"').next()).map(unescaped)
}

fn unescaped(value: &str) -> String {
    value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}

/// Another site, or no link at all.
fn is_elsewhere(link: &str) -> bool {
    ["http://", "https://", "mailto:", "data:", "javascript:"].iter().any(|begin| link.starts_with(begin))
}

fn resolved(from: &Path, link: &str) -> PathBuf {
    let mut path = from.parent().unwrap_or(Path::new("")).to_owned();
    for component in Path::new(link).components() {
        match component {
            Component::ParentDir => _ = path.pop(),
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dead(pages: &[(&str, &str)]) -> Vec<String> {
        let page = |(path, html): &(&str, &str)| (PathBuf::from(path), Page::parse(html));
        Site(pages.iter().map(page).collect()).dead_links()
    }

    #[test]
    fn links_lead_to_files_and_places_that_are_there() {
        let there = r##"<a href="../b/x.html#impl-A%3CB%3E" id="top"> <a href="#top"> <img src="../logo.svg">"##;
        let other = r#"<h2 id="impl-A%3CB%3E"> <a href="https://docs.rs/none">"#;
        assert_eq!(dead(&[("a/index.html", there), ("b/x.html", other), ("logo.svg", "")]), Vec::<String>::new());
    }

    #[test]
    fn a_missing_file_and_a_missing_place_are_dead() {
        let page = r##"<a href="examples/app.rs"> <a class="x" href="y.html#gone"> <a href="#nowhere">"##;
        assert_eq!(
            dead(&[("a/index.html", page), ("a/y.html", "")]),
            ["a/index.html: examples/app.rs", "a/index.html: y.html#gone", "a/index.html: #nowhere"]
        );
    }

    #[test]
    fn lines_of_a_listing_are_no_places() {
        assert_eq!(dead(&[("a/x.html", r#"<a href="../src/a/x.rs.html#3-9">"#), ("src/a/x.rs.html", "")]), [""; 0]);
    }
}
