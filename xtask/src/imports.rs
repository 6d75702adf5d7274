//! Checks the imports in the documentation's examples: user code depends on the facade, not on the crates below it.

use std::path::Path;

use crate::{
    failure::Failure,
    sources::{self, CodeBlock, is_of_name},
};

/// Returns an error with every line of documentation in `folder` and below that imports one of these crates.
pub(crate) fn check(folder: &Path, crates: &[String]) -> Result<(), Failure> {
    let mut found = Vec::new();
    sources::read(folder, &mut |file, text| {
        let numbers = foreign(text, crates);
        found.extend(numbers.into_iter().map(|number| format!("{}:{number}", file.display())));
    })
    .map_err(|error| Failure::step(format!("`{}` cannot be read: {error}", folder.display())))?;
    match found {
        none if none.is_empty() => Ok(()),
        lines => Err(Failure::step(format!("examples import the facade, but not these:\n  {}", lines.join("\n  ")))),
    }
}

/// Returns the numbers of the example lines that name one of `crates`. Prose may name them in links. An example of the
/// module for layers may too, because the facade does not export that module.
fn foreign(text: &str, crates: &[String]) -> Vec<usize> {
    let examples = sources::code_blocks(sources::documentation(text));
    let lines = examples
        .iter()
        .filter(|example| !example.names(LAYERS))
        .flat_map(|CodeBlock { line, code }| code.lines().enumerate().map(move |(at, code)| (line + at, code)));
    lines.filter(|(_, code)| crates.iter().any(|name| has_path(code, name))).map(|(line, _)| line).collect()
}

/// Returns whether a path in `code` starts with this crate.
fn has_path(code: &str, name: &str) -> bool {
    let mut places = code.match_indices(name);
    places.any(|(at, _)| code[at + name.len()..].starts_with("::") && !code[..at].ends_with(is_of_name))
}

const LAYERS: &str = "instrument";

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
//! ```
//! ```
//! use a_core::{X, instrument};
//! ```
";
        assert_eq!(foreign(text, &["a_core".to_owned()]), [5, 7, 12]);
    }
}
