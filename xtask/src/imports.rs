//! Checks the imports in the documentation's examples: user code depends on the facade, not on the crates below it.

use std::{fs, io, path::Path};

use crate::failure::Failure;

/// Returns an error with every line of documentation in `folder` and below that imports one of these crates.
pub(crate) fn check(folder: &Path, crates: &[String]) -> Result<(), Failure> {
    let mut found = Vec::new();
    read(folder, &mut |file, text| {
        let numbers = foreign(text, crates);
        found.extend(numbers.into_iter().map(|number| format!("{}:{number}", file.display())));
    })
    .map_err(|error| Failure::step(format!("`{}` cannot be read: {error}", folder.display())))?;
    match found {
        none if none.is_empty() => Ok(()),
        lines => Err(Failure::step(format!("examples import the facade, but not these:\n  {}", lines.join("\n  ")))),
    }
}

fn read(folder: &Path, each: &mut impl FnMut(&Path, &str)) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read(&path, each)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            each(&path, &fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

/// Returns the numbers of the example lines that name one of `crates`. Prose may name them in links.
fn foreign(text: &str, crates: &[String]) -> Vec<usize> {
    let mut is_code = false;
    let mut is_foreign = |line: &str| {
        let line = line.trim_start();
        let Some(line) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else {
            is_code = false;
            return false;
        };
        is_code ^= line.trim_start().starts_with("```");
        is_code && crates.iter().any(|name| has_path(line, name))
    };
    let lines = text.lines().enumerate();
    lines.filter(|(_, line)| is_foreign(line)).map(|(number, _)| number + 1).collect()
}

/// Returns whether a path in `code` starts with this crate.
fn has_path(code: &str, name: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(name).any(|(at, _)| code[at + name.len()..].starts_with("::") && !code[..at].ends_with(is_name))
}

#[cfg(test)]
mod tests {
    use super::foreign;

    #[test]
    fn crates_below_the_facade_are_found_in_examples_only() {
        let text = "use a_core::X;
/// See [`X`](a_core::X).
///
/// ```
/// # use a_core::{X, Y};
/// use a_kit::{Z, ba_core::X};
/// let x = f(a_core::x(), a_core2::x());
/// ```
/// [`X`]: a_core::X
fn f() {}
//! ```
//! use {a_core::X, a_kit::Y};
";
        assert_eq!(foreign(text, &["a_core".to_owned()]), [5, 7, 12]);
    }
}
