//! Blocks of a report between markers, and their update under the hands of people.
//!
//! A block begins with a marker that has its name and the hash of its text, and ends with another one. A block whose
//! text no longer has the hash was edited, and stays. The first line of the report has the names of all blocks that
//! were written: one that is among them, and not in the text, was removed.

use std::collections::BTreeSet;

use crate::hash;

/// A part of the report that is written anew as a whole.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Block {
    pub(super) name: &'static str,
    pub(super) text: String,
}

/// Returns the report of these blocks.
pub(super) fn write(id: &str, blocks: &[Block]) -> String {
    let names: Vec<_> = blocks.iter().map(|block| block.name).collect();
    let text: Vec<_> = blocks.iter().map(Block::marked).collect();
    format!("{}\n{}", head(id, &names), text.join("\n"))
}

/// Replaces the blocks of `earlier` that were not edited, and adds those that are new.
///
/// # Errors
///
/// Returns a sentence that names the line, and what to change.
pub(super) fn update(id: &str, blocks: &[Block], earlier: &str) -> Result<String, String> {
    let parts = parse(earlier)?;
    let known = parts.iter().find_map(Part::head).ok_or_else(|| missing_head(id))?;
    if known.0 != id {
        return Err(format!("line {}: this is the report of incident {}, not of {id}", 1, known.0));
    }
    let names: Vec<_> = blocks.iter().map(|block| block.name).collect();
    let mut text = String::new();
    let mut added = BTreeSet::new();
    for part in &parts {
        match part {
            Part::Head { .. } => text.push_str(&format!("{}\n", head(id, &names))),
            Part::Text(lines) => text.push_str(lines),
            Part::Block { name, hash, text: own } => {
                let block = blocks.iter().find(|block| block.name == *name);
                match block.filter(|_| *hash == hash_of(own)) {
                    Some(block) => text.push_str(&block.marked()),
                    None => text.push_str(&marked(name, hash, own)),
                }
                // New blocks come after the one that precedes them.
                let after = blocks.iter().position(|block| block.name == *name).map_or(blocks.len(), |at| at + 1);
                for block in blocks[after..].iter().take_while(|block| !known.1.contains(&block.name)) {
                    text.push('\n');
                    text.push_str(&block.marked());
                    added.insert(block.name);
                }
            }
        }
    }
    let lost = blocks.iter().filter(|block| !known.1.contains(&block.name) && !added.contains(block.name));
    lost.for_each(|block| text.push_str(&format!("\n{}", block.marked())));
    Ok(text)
}

impl Block {
    pub(super) fn new(name: &'static str, text: impl Into<String>) -> Self {
        Self { name, text: text.into().trim_end().to_owned() + "\n" }
    }

    fn marked(&self) -> String {
        marked(self.name, &hash_of(&self.text), &self.text)
    }
}

/// A part of an earlier report.
enum Part<'a> {
    Head { id: &'a str, names: Vec<&'a str> },
    Text(&'a str),
    Block { name: &'a str, hash: &'a str, text: String },
}

impl<'a> Part<'a> {
    fn head(&self) -> Option<(&'a str, &[&'a str])> {
        match self {
            Self::Head { id, names } => Some((id, names)),
            _ => None,
        }
    }
}

fn parse(report: &str) -> Result<Vec<Part<'_>>, String> {
    let mut parts = Vec::new();
    let mut names = BTreeSet::new();
    // The line, name, hash and text of the block that is open.
    let mut open: Option<(usize, &str, &str, String)> = None;
    for (number, line) in (1..).zip(report.split_inclusive('\n')) {
        let marker = line.trim();
        if let Some(rest) = inside(marker, HEAD) {
            let (id, list) = rest.split_once(' ').unwrap_or((rest, ""));
            parts.push(Part::Head { id, names: list.split(' ').collect() });
        } else if let Some(rest) = inside(marker, BEGIN) {
            if let Some((begun, name, ..)) = open {
                return Err(unclosed(begun, name));
            }
            let (name, hash) = rest.split_once(' ').ok_or_else(|| damaged(number, marker))?;
            if !names.insert(name) {
                return Err(format!("line {number}: the block `{name}` is there twice: remove one of them"));
            }
            open = Some((number, name, hash, String::new()));
        } else if marker == END {
            let (_, name, hash, text) = open.take().ok_or_else(|| {
                format!("line {number}: a block ends here that does not begin: restore the line `<!-- monitor:block …`")
            })?;
            parts.push(Part::Block { name, hash, text });
        } else if marker.starts_with("<!-- monitor:") || marker.starts_with("<!-- /monitor:") {
            return Err(damaged(number, marker));
        } else if let Some((.., text)) = &mut open {
            text.push_str(line);
        } else {
            parts.push(Part::Text(line));
        }
    }
    match open {
        Some((begun, name, ..)) => Err(unclosed(begun, name)),
        None => Ok(parts),
    }
}

/// Returns what is between the beginning and the end of a marker.
fn inside<'a>(line: &'a str, begin: &str) -> Option<&'a str> {
    Some(line.strip_prefix(begin)?.strip_suffix("-->")?.trim())
}

fn head(id: &str, names: &[&str]) -> String {
    format!("{HEAD}{id} {} -->", names.join(" "))
}

fn marked(name: &str, hash: &str, text: &str) -> String {
    format!("{BEGIN}{name} {hash} -->\n{text}{END}\n")
}

fn hash_of(text: &str) -> String {
    hash::id(&[text])[..12].to_owned()
}

fn missing_head(id: &str) -> String {
    format!("line 1: the first line of the report is missing: restore `{HEAD}{id} …`, or remove the file")
}

fn unclosed(line: usize, name: &str) -> String {
    format!("line {line}: the block `{name}` does not end: restore the line `{END}` after it")
}

fn damaged(line: usize, marker: &str) -> String {
    format!("line {line}: the marker `{marker}` is damaged: restore it, or remove it with its counterpart")
}

const HEAD: &str = "<!-- monitor:report ";
const BEGIN: &str = "<!-- monitor:block ";
const END: &str = "<!-- /monitor:block -->";

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(texts: &[(&'static str, &str)]) -> Vec<Block> {
        texts.iter().map(|(name, text)| Block::new(name, *text)).collect()
    }

    #[track_caller]
    fn updated(texts: &[(&'static str, &str)], earlier: &str) -> String {
        update("i1", &blocks(texts), earlier).expect("a good report")
    }

    #[test]
    fn an_update_without_edits_is_the_new_report() {
        let (old, new) = ([("a", "1"), ("b", "2")], [("a", "3"), ("b", "4")]);
        let report = write("i1", &blocks(&old));
        assert_eq!(updated(&old, &report), report);
        assert_eq!(updated(&new, &report), write("i1", &blocks(&new)));
    }

    #[test]
    fn an_edited_block_stays_and_the_others_are_written_anew() {
        let report = write("i1", &blocks(&[("a", "1"), ("b", "2")]));
        let edited = report.replace("\n1\n", "\none, by hand\n");
        let new = updated(&[("a", "3"), ("b", "4")], &edited);
        assert!(new.contains("one, by hand") && !new.contains("\n3\n") && new.contains("\n4\n"), "{new}");
        assert_eq!(updated(&[("a", "5"), ("b", "4")], &new), new, "it stays edited");
    }

    #[test]
    fn text_between_blocks_and_windows_line_ends_stay() {
        let report = write("i1", &blocks(&[("a", "1"), ("b", "2")])).replace("\n\n", "\n\na remark\r\n\n");
        let new = updated(&[("a", "3"), ("b", "4")], &report);
        assert!(new.contains("a remark\r\n") && new.contains("\n3\n"), "{new}");
    }

    #[test]
    fn a_removed_block_stays_removed_and_a_new_one_has_its_place() {
        let report = write("i1", &blocks(&[("a", "1"), ("b", "2"), ("c", "3")]));
        let without = report.split_inclusive('\n').collect::<Vec<_>>();
        let from = without.iter().position(|line| line.contains("block b")).expect("the block");
        let without: String = without[..from].iter().chain(&without[from + 3..]).copied().collect();
        let new = updated(&[("a", "1"), ("a2", "new"), ("b", "2"), ("c", "3"), ("d", "last")], &without);
        let place = |text: &str| new.find(text).unwrap_or_else(|| panic!("{text}: {new}"));
        assert!(place("block a ") < place("block a2 ") && place("block a2 ") < place("block c "));
        assert!(place("block c ") < place("block d ") && !new.contains("block b "), "{new}");
    }

    #[test]
    fn a_damaged_marker_is_refused_with_its_line() {
        let report = write("i1", &blocks(&[("a", "1"), ("b", "2")]));
        let refused = |earlier: &str| update("i1", &blocks(&[("a", "1")]), earlier).expect_err("must be refused");
        assert_eq!(
            refused(""),
            "line 1: the first line of the report is missing: restore `<!-- monitor:report i1 …`, or remove the file"
        );
        assert!(refused(&report.replace("i1", "i2")).contains("the report of incident i2"));
        assert!(refused(&report.replacen(END, "", 1)).starts_with("line 2: the block `a` does not end"));
        assert!(
            refused(&report.replacen("<!-- monitor:block a", "<!-- monitor:blok a", 1))
                .starts_with("line 2: the marker")
        );
        let twice = report.replace("block b", "block a");
        assert!(refused(&twice).contains("is there twice"));
        let begun = report.lines().filter(|line| !line.contains("block b")).collect::<Vec<_>>().join("\n");
        assert!(refused(&begun).contains("a block ends here that does not begin"), "{begun}");
    }
}
