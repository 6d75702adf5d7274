//! Imports of the documentation's examples: a user's program has the facade, and none of the crates below it.

use std::{fs, io, path::Path};

use crate::failure::Failure;

/// Fails with every line of the documentation in `folder` and below that imports one of these crates.
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

/// Returns the numbers of the lines of documentation that import one of `crates`.
fn foreign(text: &str, crates: &[String]) -> Vec<usize> {
    let is_foreign = |line: &str| {
        let line = line.trim_start();
        let code = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"))?;
        let path = code.trim_start_matches([' ', '#']).strip_prefix("use ")?;
        crates
            .iter()
            .any(|name| path.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with("::")))
            .then_some(())
    };
    let lines = text.lines().enumerate();
    lines.filter_map(|(number, line)| is_foreign(line).map(|()| number + 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::foreign;

    #[test]
    fn imports_count_in_the_documentation_only() {
        let text =
            "use a_core::X;\n/// use a_core::X;\n//! # use a_core::{X, Y};\n/// use a_core2::X;\n/// use a_kit::X;\n";
        assert_eq!(foreign(text, &["a_core".to_owned()]), [2, 3]);
    }
}
