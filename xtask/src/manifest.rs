//! Name and features of a library, read line by line from `Cargo.toml`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{failure::Failure, run::root};

/// The relevant lines of a manifest.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Manifest {
    pub(crate) package: String,
    pub(crate) features: Vec<String>,
}

/// Returns the libraries of the workspace: those in `crates` and the one at its root.
pub(crate) fn libraries() -> Result<Vec<Manifest>, Failure> {
    let mut folders = folders_in(&root().join("crates")).map_err(|error| unreadable("crates", &error))?;
    folders.retain(|folder| folder.join("src/lib.rs").is_file());
    folders.sort();
    folders.push(root().to_owned());
    folders.iter().map(|folder| read(&folder.join("Cargo.toml"))).collect()
}

fn folders_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}

fn read(file: &Path) -> Result<Manifest, Failure> {
    let text = fs::read_to_string(file).map_err(|error| unreadable(&file.display().to_string(), &error))?;
    Ok(parse(&text))
}

fn unreadable(what: &str, error: &io::Error) -> Failure {
    Failure::step(format!("`{what}` cannot be read: {error}"))
}

fn parse(text: &str) -> Manifest {
    let mut manifest = Manifest::default();
    let mut table = "";
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if line.starts_with('[') {
            table = line;
        } else if let Some((key, value)) = line.split_once('=') {
            match (table, key.trim()) {
                ("[package]", "name") => manifest.package = value.trim().trim_matches('"').to_owned(),
                ("[features]", key) => manifest.features.push(key.trim_matches('"').to_owned()),
                _ => {}
            }
        }
    }
    manifest
}

#[cfg(test)]
mod tests {
    use super::{Manifest, libraries, parse};

    const TEXT: &str = r#"
[package]
name = "monitor-tower"
description = "a = b"

[features]
default = ["axum"]
# Off = by default.
axum = [
    "dep:axum",
]

[dependencies]
name = "1"
axum = { version = "0.8", optional = true }
"#;

    #[test]
    fn name_and_features_are_found_among_the_other_lines() {
        let features = vec!["default".to_owned(), "axum".to_owned()];
        assert_eq!(parse(TEXT), Manifest { package: "monitor-tower".to_owned(), features });
    }

    #[test]
    fn a_manifest_without_features_has_none() {
        assert_eq!(parse("[package]\nname = \"a\"\n").features, Vec::<String>::new());
    }

    #[test]
    fn the_facade_and_the_crates_are_found() {
        let names: Vec<_> = libraries().expect("readable").into_iter().map(|library| library.package).collect();
        assert!(names.contains(&"monitor-core".to_owned()), "{names:?}");
        assert_eq!(names.last().map(String::as_str), Some("monitor-kit"));
    }
}
