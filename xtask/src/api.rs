//! `cargo xtask api`: compares the public items of each library with a committed listing.
//!
//! An unnoticed change of the public API breaks programs at their next update. The listing makes each one a line of the
//! diff.

use std::{fs, path::PathBuf};

use crate::{
    failure::Failure,
    manifest::{self, Manifest},
    run::{cargo, read, root, run},
};

/// Compares the listings, or writes them with `--update`.
pub(crate) fn api(options: &[&str]) -> Result<(), Failure> {
    let act = match options {
        [] => compare,
        ["--update"] => write,
        [unknown, ..] => return Err(Failure::usage(format!("`{unknown}` is not an option of `api`"))),
    };
    run(&mut cargo(&format!("build --quiet {TOOL}")))?;
    for library in manifest::libraries()? {
        act(&library, &listing(&library)?)?;
    }
    Ok(())
}

/// Returns the public items of a library, one per line.
fn listing(library: &Manifest) -> Result<String, Failure> {
    let package = &library.package;
    let document = format!(
        "rustdoc --quiet --package {package} --lib --all-features -- --cap-lints allow -Z unstable-options \
         --output-format json"
    );
    run(cargo(&document).env("RUSTDOC", root().join("tests/public_api/rustdoc.sh")))?;
    let json = format!("target/doc/{}.json", package.replace('-', "_"));
    read(&mut cargo(&format!("run --quiet {TOOL} -- {json}")))
        .map_err(|failure| failure.during("the JSON is read for Rust 1.95 (`rustup toolchain install 1.95.0`)"))
}

fn compare(library: &Manifest, items: &str) -> Result<(), Failure> {
    let file = committed(library);
    let committed = fs::read_to_string(&file).unwrap_or_default();
    match difference(&committed, items) {
        same if same.is_empty() => Ok(()),
        lines => Err(Failure::step(format!(
            "the public API of `{}` differs from {}; if that is intended, run `cargo xtask api --update`:\n{lines}",
            library.package,
            file.display()
        ))),
    }
}

fn write(library: &Manifest, items: &str) -> Result<(), Failure> {
    let file = committed(library);
    fs::write(&file, items).map_err(|error| Failure::step(format!("cannot write {}: {error}", file.display())))
}

fn committed(library: &Manifest) -> PathBuf {
    root().join("tests/public_api").join(&library.package).with_extension("txt")
}

/// Returns the removed and added lines, with `-` and `+` before them.
fn difference(old: &str, new: &str) -> String {
    let missing = |sign, from: &str, other: &str| -> String {
        let other: Vec<_> = other.lines().collect();
        from.lines().filter(|line| !other.contains(line)).map(|line| format!("{sign}{line}\n")).collect()
    };
    missing('-', old, new) + &missing('+', new, old)
}

/// The program that reads rustdoc's JSON.
const TOOL: &str = "--manifest-path tests/public_api/Cargo.toml --target-dir target/public_api";

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn removed_and_added_items_are_named() {
        assert_eq!(difference("pub fn a()\npub fn b()\n", "pub fn b()\npub fn c()\n"), "-pub fn a()\n+pub fn c()\n");
        assert_eq!(difference("pub fn a()\n", "pub fn a()\n"), "");
    }
}
