//! The Rust files of a folder, and the code in their documentation.

use std::{fs, io, path::Path};

/// A code block of the documentation.
#[derive(Debug, Default)]
pub(crate) struct CodeBlock {
    /// Line number of the first line of code, from 1.
    pub(crate) line: usize,
    pub(crate) code: String,
}

/// Calls `each` with the path and the text of every Rust file in `folder` and below, except build artefacts.
pub(crate) fn read(folder: &Path, each: &mut impl FnMut(&Path, &str)) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.ends_with("target") {
            continue;
        }
        if path.is_dir() {
            read(&path, each)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            each(&path, &fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

/// Returns the documentation of a Rust file, with an empty line for each line that is no doc comment.
pub(crate) fn documentation(rust: &str) -> impl Iterator<Item = &str> {
    let lines = rust.lines().map(str::trim_start);
    lines.map(|line| line.strip_prefix("///").or_else(|| line.strip_prefix("//!")).unwrap_or_default())
}

/// Returns the code blocks in these lines of Markdown.
pub(crate) fn code_blocks<'a>(markdown: impl Iterator<Item = &'a str>) -> Vec<CodeBlock> {
    let (mut found, mut open) = (Vec::new(), None::<CodeBlock>);
    for (at, line) in markdown.enumerate() {
        let is_fence = line.trim_start().starts_with("```");
        open = match open {
            None => is_fence.then(|| CodeBlock { line: at + 2, ..CodeBlock::default() }),
            Some(block) if is_fence => {
                found.push(block);
                None
            }
            Some(block) => Some(CodeBlock { code: block.code + line + "\n", ..block }),
        };
    }
    found
}

impl CodeBlock {
    /// Returns whether the code contains this name as a whole word.
    pub(crate) fn names(&self, name: &str) -> bool {
        self.code.split(|c| !is_of_name(c)).any(|word| word == name)
    }
}

/// Returns whether a name in Rust may contain `c`.
pub(crate) fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_blocks_of_the_documentation_are_found_with_their_first_line() {
        let rust = "//! Text.\n//! ```no_run\n//! a();\n//! ```\n\
                    \n    /// ```\n    /// # b();\n    /// c();\n    /// ```\nd();";
        let found = code_blocks(documentation(rust)).into_iter().map(|block| (block.line, block.code));
        assert_eq!(found.collect::<Vec<_>>(), [(3, " a();\n".to_owned()), (7, " # b();\n c();\n".to_owned())]);
    }
}
