//! Checks the length of lines, also where rustfmt leaves them alone: in comments, strings and macros.

use std::path::Path;

use crate::{failure::Failure, sources};

/// Returns an error with every line in the Rust files of `folder` that is too long and could be broken.
pub(crate) fn check(folder: &Path) -> Result<(), Failure> {
    let mut found = Vec::new();
    sources::read(folder, &mut |file, text| {
        let numbers = too_long(text);
        found.extend(numbers.into_iter().map(|number| format!("{}:{number}", file.display())));
    })
    .map_err(|error| Failure::step(format!("`{}` cannot be read: {error}", folder.display())))?;
    match found {
        none if none.is_empty() => Ok(()),
        lines => Err(Failure::step(format!("lines have over {MAX_COLUMNS} columns:\n  {}", lines.join("\n  ")))),
    }
}

/// Returns the numbers of the lines that are too long and could be broken.
fn too_long(text: &str) -> Vec<usize> {
    let lines = text.lines().enumerate();
    let found = lines.filter(|(_, line)| line.chars().count() > MAX_COLUMNS && can_be_broken(line));
    found.map(|(index, _)| index + 1).collect()
}

/// Returns whether a line has a place to break it. A single word, such as a URL or a JSON text, has none, and neither
/// has a row of a table in the documentation.
fn can_be_broken(line: &str) -> bool {
    let words = line.trim_start().trim_start_matches(['/', '!']).trim_start();
    !words.starts_with('|') && words.contains(char::is_whitespace)
}

/// As `max_width` in `rustfmt.toml`.
const MAX_COLUMNS: usize = 120;

#[cfg(test)]
mod tests {
    use super::too_long;

    #[test]
    fn a_line_is_at_most_120_columns_wide() {
        let [fits, long] = [120, 121].map(|columns| format!("// {} ä", "ä".repeat(columns - 5)));
        assert_eq!(too_long(&format!("{fits}\n{long}\n    {fits}\n")), [2, 3]);
    }

    #[test]
    fn words_and_rows_of_tables_are_not_broken() {
        let word = "x".repeat(121);
        let lines = [format!("/// <https://{word}>"), format!("    \"{word}\","), format!("/// | a | {word} |")];
        assert_eq!(too_long(&lines.join("\n")), [0; 0]);
        assert_eq!(too_long(&format!("    \"a {word}\",")), [1]);
    }
}
