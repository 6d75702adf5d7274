//! Dead links in the rendered documentation: to missing files, and to missing anchors of a page.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    fs, io,
    path::{Component, Path, PathBuf},
};

use crate::failure::Failure;

/// All files of the rendered documentation by path. Pages are parsed; other files are empty.
#[derive(Debug, Default)]
struct Site(BTreeMap<PathBuf, Page>);

#[derive(Debug, Default)]
struct Page {
    links: Vec<String>,
    places: BTreeSet<String>,
    /// Redirect of a re-exported item, as rustdoc generates it. The anchor applies to its target.
    moved_to: Option<String>,
}

/// Returns an error with every dead link on the pages of these crates in `folder`. Links to other sites are not
/// checked.
pub(crate) fn check(folder: &Path, crates: &[String]) -> Result<(), Failure> {
    let mut site = Site::default();
    let unreadable = |error: io::Error| Failure::step(format!("`{}` cannot be read: {error}", folder.display()));
    site.read(folder, Path::new("")).map_err(unreadable)?;
    match site.dead_links(crates) {
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

    fn dead_links(&self, crates: &[String]) -> Vec<String> {
        let pages = self.0.iter().filter(|(path, _)| crates.iter().any(|name| path.starts_with(name)));
        let links = pages.flat_map(|(path, page)| page.links.iter().map(move |link| (path, link)));
        let links = links.filter(|(_, link)| !is_elsewhere(link) && !is_list_of_implementors(link));
        let dead = links.filter(|(path, link)| !self.leads_somewhere(path, link));
        dead.map(|(path, link)| format!("{}: {link}", path.display())).collect()
    }

    fn leads_somewhere(&self, from: &Path, link: &str) -> bool {
        let (file, place) = link.split_once('#').unwrap_or((link, ""));
        let file = file.split('?').next().unwrap_or_default();
        let path = if file.is_empty() { from.to_owned() } else { resolved(from, file) };
        // Anchors in listings of source code are ranges of lines.
        let is_listing = path.starts_with("src");
        match self.0.get(&path) {
            Some(Page { moved_to: Some(link), .. }) => self.leads_somewhere(&path, &format!("{link}#{place}")),
            Some(page) => place.is_empty() || is_listing || page.places.contains(place),
            None => false,
        }
    }
}

// === impl Page ===

impl Page {
    fn parse(html: &str) -> Self {
        let links = ["href", "src"].iter().flat_map(|name| values(html, name)).collect();
        let moved_to =
            html.split_once("http-equiv=\"refresh\" content=\"0;URL=").and_then(|(_, to)| to.split('"').next());
        Self { links, places: values(html, "id").collect(), moved_to: moved_to.map(unescaped) }
    }
}

/// Returns the values of an attribute, quoted as rustdoc writes them.
fn values<'a>(html: &'a str, name: &str) -> impl Iterator<Item = String> + 'a {
    let begin = format!(" {name}=\"");
    let found: Vec<_> = html.match_indices(&begin).map(|(at, begin)| at + begin.len()).collect();
    found.into_iter().filter_map(|at| html[at..].split('"').next()).map(unescaped)
}

fn unescaped(value: &str) -> String {
    value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}

/// Returns whether a link leads to another site or to an item of a dependency. rustdoc writes bare item names as links
/// of a dependency's trait when the dependency is not documented; an unknown name in this workspace is an error in
/// rustdoc itself.
fn is_elsewhere(link: &str) -> bool {
    let is_of_a_name = |char: char| char.is_alphanumeric() || "_:()!".contains(char);
    let name = link.split('#').next().unwrap_or_default();
    ["http://", "https://", "mailto:", "data:", "javascript:"].iter().any(|begin| link.starts_with(begin))
        || (!name.is_empty() && name.chars().all(is_of_a_name))
}

/// Returns whether a link is the script with the implementors of a trait in other crates. The page of a trait has it
/// always, but rustdoc writes it only if there are such implementors.
fn is_list_of_implementors(link: &str) -> bool {
    link.contains("/trait.impl/") && link.ends_with(".js")
}

fn resolved(from: &Path, link: &str) -> PathBuf {
    let mut path = from.parent().unwrap_or_else(|| Path::new("")).to_owned();
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
        Site(pages.iter().map(page).collect()).dead_links(&["a".to_owned()])
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
    fn a_page_that_has_moved_is_followed_with_the_place() {
        let moved = r#"<meta http-equiv="refresh" content="0;URL=../x.html"> <a href="../x.html">"#;
        let page = r##"<a href="b/y.html#there"> <a href="b/y.html#gone">"##;
        let site = [("a/index.html", page), ("a/b/y.html", moved), ("a/x.html", r#"<p id="there">"#)];
        assert_eq!(dead(&site), ["a/index.html: b/y.html#gone"]);
    }

    #[test]
    fn items_of_dependencies_and_pages_of_other_crates_are_passed_over() {
        let item = r##"<a href="super::Span::current()"> <a href="dispatcher#setting-it">"##;
        assert_eq!(dead(&[("a/index.html", item), ("help.html", r#"<a href="none.html">"#)]), [""; 0]);
    }

    #[test]
    fn a_trait_without_implementors_elsewhere_has_no_dead_link() {
        let page = r#"<script src="../trait.impl/a/trait.X.js"> <script src="../other/a/trait.X.js">"#;
        assert_eq!(dead(&[("a/trait.X.html", page)]), ["a/trait.X.html: ../other/a/trait.X.js"]);
    }

    #[test]
    fn lines_of_a_listing_are_no_places() {
        assert_eq!(dead(&[("a/x.html", r#"<a href="../src/a/x.rs.html#3-9">"#), ("src/a/x.rs.html", "")]), [""; 0]);
    }
}
