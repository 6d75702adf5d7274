//! `cargo xtask lint`: all static checks of the sources.

use std::{fs, io, path::Path};

use crate::{
    examples,
    failure::Failure,
    floors, imports, line_length, links,
    manifest::{self, Manifest},
    run::{cargo, root, run},
};

/// Runs all checks in order and stops at the first that fails.
pub(crate) fn lint(options: &[&str]) -> Result<(), Failure> {
    if let [unknown, ..] = options {
        return Err(Failure::usage(format!("`{unknown}` is not an option of `lint`")));
    }
    let failed = |what| move |failure: Failure| failure.during(what);
    format().map_err(failed("lint stopped at the format"))?;
    line_length::check(root()).map_err(failed("lint stopped at the lines"))?;
    floors::check(&root().join("crates")).map_err(failed("lint stopped at the floors"))?;
    clippy().map_err(failed("lint stopped at clippy"))?;
    documentation().map_err(failed("lint stopped at the documentation"))?;
    for library in manifest::libraries()? {
        alone(&library).map_err(failed("lint stopped at the libraries alone"))?;
    }
    Ok(())
}

fn format() -> Result<(), Failure> {
    run(&mut cargo("fmt --all --check"))?;
    // Separate workspaces, which `--all` does not include.
    run(&mut cargo("fmt --manifest-path fuzz/Cargo.toml --check"))?;
    run(&mut cargo("fmt --manifest-path tests/public_api/Cargo.toml --check"))?;
    run(&mut cargo("fmt --manifest-path tests/faults/Cargo.toml --check"))
}

fn clippy() -> Result<(), Failure> {
    run(&mut cargo("clippy --workspace --all-targets --all-features -- -D warnings"))
}

/// Renders the documentation and checks its links. Starts from an empty folder: pages of removed items would have dead
/// links, and would hide dead links to them.
fn documentation() -> Result<(), Failure> {
    let folder = root().join("target/doc");
    let crates: Vec<_> = manifest::libraries()?.iter().map(|library| library.package.replace('-', "_")).collect();
    if let Some((_facade, below)) = crates.split_last() {
        imports::check(&root().join("crates"), below)?;
    }
    examples::check(root())?;
    begin_anew(&folder, &crates)
        .map_err(|error| Failure::step(format!("`{}` cannot be made anew: {error}", folder.display())))?;
    run(cargo("doc --workspace --no-deps --all-features").env("RUSTDOCFLAGS", "-D warnings"))?;
    links::check(&folder, &crates)
}

/// Creates an empty folder for each crate: rustdoc links only to crates that have one, and renders crates in any order.
fn begin_anew(folder: &Path, crates: &[String]) -> io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    crates.iter().try_for_each(|name| fs::create_dir_all(folder.join(name)))
}

/// Checks a library as its users build it: alone, without dev-dependencies, with no features and with each feature. A
/// build of the whole workspace hides missing features, because features are unified across it.
fn alone(library: &Manifest) -> Result<(), Failure> {
    feature_choices(library).iter().try_for_each(|choice| {
        // Warnings are denied through clippy. `RUSTFLAGS` would recompile all dependencies.
        let package = &library.package;
        run(&mut cargo(&format!("clippy --package {package} --lib --no-default-features{choice} -- -D warnings")))
    })
}

fn feature_choices(library: &Manifest) -> Vec<String> {
    let each = library.features.iter().map(|feature| format!(" --features {feature}"));
    [String::new()].into_iter().chain(each).collect()
}

#[cfg(test)]
mod tests {
    use super::{Manifest, feature_choices};

    #[test]
    fn a_library_is_checked_with_no_feature_and_with_each() {
        let library = Manifest { package: "a".to_owned(), features: vec!["b".to_owned(), "c".to_owned()] };
        assert_eq!(feature_choices(&library), ["", " --features b", " --features c"]);
    }
}
