//! The dependency order within each library: `lib.rs` declares its modules from the bottom up, and a module uses only
//! those declared before it. Files named `api.rs` are on top: there a folder adds its methods to the handle of the
//! library.

use std::{collections::BTreeMap, fs, io, path::Path};

use crate::{failure::Failure, module_paths};

/// The modules that each file uses, by the file's own module path.
type Uses = BTreeMap<Vec<String>, Vec<Vec<String>>>;

/// Returns an error with every import that goes up, goes through the crate's root, or closes a cycle of files.
pub(crate) fn check(crates: &Path) -> Result<(), Failure> {
    let unreadable = |error| Failure::step(format!("`{}` cannot be read: {error}", crates.display()));
    let mut found = Vec::new();
    for folder in fs::read_dir(crates).map_err(unreadable)? {
        let source = folder.map_err(unreadable)?.path().join("src");
        let root = fs::read_to_string(source.join("lib.rs")).map_err(unreadable)?;
        let mut uses = Uses::new();
        read(&source, &mut Vec::new(), &mut uses).map_err(unreadable)?;
        let faults = upward(&floors(&root), &uses).into_iter().chain(cycle(&uses));
        found.extend(faults.map(|fault| format!("{}: {fault}", source.display())));
    }
    match found.join("\n  ") {
        none if none.is_empty() => Ok(()),
        lines => Err(Failure::step(format!("modules use what lies above them:\n  {lines}"))),
    }
}

fn read(folder: &Path, path: &mut Vec<String>, uses: &mut Uses) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let file = entry?.path();
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if ["lib", "tests", "interleavings"].contains(&name.as_str()) {
            continue;
        }
        path.push(name);
        if file.is_dir() {
            read(&file, path, uses)?;
        } else if file.extension().is_some_and(|extension| extension == "rs") {
            uses.insert(path.clone(), module_paths::used(&fs::read_to_string(&file)?, path));
        }
        path.pop();
    }
    Ok(())
}

/// Returns the modules declared in the root, lowest first.
fn floors(root: &str) -> Vec<&str> {
    let name = |line: &'_ str| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';').map(str::len);
    root.lines().filter_map(|line| name(line).map(|len| &line[line.len() - 1 - len..line.len() - 1])).collect()
}

fn upward(floors: &[&str], uses: &Uses) -> Vec<String> {
    let floor = |path: &[String]| floors.iter().position(|floor| path.first().is_some_and(|first| first == floor));
    let mut found = Vec::new();
    for (module, used) in uses {
        for path in used {
            let fault = match (floor(module), floor(path)) {
                (_, None) => "imports through the root:",
                (Some(own), Some(other)) if other > own && module.last().is_none_or(|name| name != "api") => "uses",
                _ => continue,
            };
            found.push(format!("{} {fault} {}", module.join("::"), path.join("::")));
        }
    }
    found
}

/// Returns the files of a cycle, if there is any: those that remain after repeatedly removing files that use none of
/// the others.
fn cycle(uses: &Uses) -> Option<String> {
    let file =
        |path: &[String]| (1..=path.len()).rev().map(|len| path[..len].to_vec()).find(|file| uses.contains_key(file));
    let mut left: BTreeMap<_, Vec<_>> = uses
        .iter()
        .map(|(module, used)| {
            (module, used.iter().filter_map(|path| file(path)).filter(|file| file != module).collect())
        })
        .collect();
    while let Some(leaf) = left.iter().find_map(|(module, used)| used.is_empty().then_some(*module)) {
        left.remove(leaf);
        left.values_mut().for_each(|used| used.retain(|file| file != leaf));
    }
    let names: Vec<_> = left.keys().map(|module| module.join("::")).collect();
    (!names.is_empty()).then(|| format!("a cycle of, or above, {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(files: &[(&str, &str)]) -> Uses {
        let path = |name: &str| name.split("::").map(String::from).collect::<Vec<_>>();
        files.iter().map(|(name, text)| (path(name), module_paths::used(text, &path(name)))).collect()
    }

    #[test]
    fn an_import_goes_down_and_never_through_the_root() {
        let floors = floors("mod low;\n\npub mod high;\nmod tests {\n");
        assert_eq!(floors, ["low", "high"]);
        let uses = uses(&[
            ("low", "use crate::high::X;"),
            ("low::api", "use crate::high::X;"),
            ("high", "use crate::{low::Y, Z};\n// use crate::W;"),
        ]);
        assert_eq!(upward(&floors, &uses), ["high imports through the root: Z", "low uses high::X"]);
    }

    #[test]
    fn a_cycle_of_files_is_found_within_a_folder_too() {
        let files =
            [("a", ""), ("a::one", "use super::two::X;"), ("a::two", "use crate::a::one::Y;"), ("b", "use crate::a;")];
        let found = cycle(&uses(&files)).expect("there is one");
        assert!(found.ends_with("a::one, a::two"), "{found}");
        assert_eq!(cycle(&uses(&files[..2])), None);
    }
}
