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
    folders()?.iter().map(|folder| read(&folder.join("Cargo.toml"))).collect()
}

fn folders() -> Result<Vec<PathBuf>, Failure> {
    let mut folders = folders_in(&root().join("crates")).map_err(|error| unreadable("crates", &error))?;
    folders.retain(|folder| folder.join("src/lib.rs").is_file());
    folders.sort();
    folders.push(root().to_owned());
    Ok(folders)
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
    use std::fs;

    use super::{Manifest, folders, libraries, parse};

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

    /// docs.rs builds with a nightly compiler and these arguments. rustdoc then shows the feature that an item needs.
    #[test]
    fn a_library_with_features_has_badges_on_docs_rs() {
        let mut seen = 0;
        for folder in folders().expect("readable") {
            let text = |file| fs::read_to_string(folder.join(file)).expect("readable");
            let manifest = text("Cargo.toml");
            if parse(&manifest).features.is_empty() {
                continue;
            }
            let (_, docs_rs) = manifest.split_once("\n[package.metadata.docs.rs]\n").expect("a table for docs.rs");
            let docs_rs = docs_rs.split("\n[").next().unwrap_or_default();
            assert!(
                docs_rs.contains("all-features = true\n") && docs_rs.contains(r#"["--cfg", "docsrs"]"#),
                "{docs_rs}"
            );
            let begin = "\n#![cfg_attr(docsrs, feature(doc_cfg))]\n";
            assert!(text("src/lib.rs").contains(begin), "{} has no badges", folder.display());
            seen += 1;
        }
        assert!(seen >= 4, "{seen} libraries have features");
    }
}
