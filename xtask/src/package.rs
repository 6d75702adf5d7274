//! `cargo xtask package`: builds each library from the package that would be published.

use crate::{copy::Copy, failure::Failure, run::run};

/// Packages the libraries in a copy in which they may be published, and builds each package.
pub(crate) fn package(options: &[&str]) -> Result<(), Failure> {
    if let [unknown, ..] = options {
        return Err(Failure::usage(format!("`{unknown}` is not an option of `package`")));
    }
    let copy = Copy::new("package-copy", publishable)?;
    // The copy is in a folder that git ignores, so each file counts as uncommitted.
    run(&mut copy.cargo("package --workspace --allow-dirty"))
}

fn publishable(manifest: &str) -> String {
    manifest.replace("\npublish = false\n", "\npublish = true\n")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::publishable;
    use crate::run::root;

    #[test]
    fn the_workspace_forbids_to_publish_and_the_copy_does_not() {
        let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("it is there");
        assert!(manifest.contains("\npublish = false\n"));
        assert!(!publishable(&manifest).contains("publish = false"));
    }
}
