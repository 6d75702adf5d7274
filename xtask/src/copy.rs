//! A copy of the libraries in the target folder, with manifests that may be changed.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    failure::Failure,
    run::{cargo, read_quietly, root},
};

/// A workspace of the libraries alone. Its build artefacts persist from one copy to the next.
#[derive(Debug)]
pub(crate) struct Copy {
    folder: PathBuf,
}

impl Copy {
    /// Copies the files of the working tree, except ignored ones, to `target/NAME/source`, and passes each manifest
    /// through `change`.
    pub(crate) fn new(name: &str, change: fn(&str) -> String) -> Result<Self, Failure> {
        let folder = root().join("target").join(name);
        let copy = Self { folder };
        copy.fill(&files()?, change)
            .map_err(|error| Failure::step(format!("cannot copy to {}: {error}", copy.folder.display())))?;
        Ok(copy)
    }

    /// Turns a `cargo` command into one that runs in the copy.
    pub(crate) fn cargo(&self, words: &str) -> Command {
        self.within(cargo(words))
    }

    /// Turns any command into one that runs in the copy.
    pub(crate) fn within(&self, mut command: Command) -> Command {
        command.current_dir(self.source()).env("CARGO_TARGET_DIR", self.folder.join("build"));
        command
    }

    fn source(&self) -> PathBuf {
        self.folder.join("source")
    }

    fn fill(&self, files: &[PathBuf], change: fn(&str) -> String) -> io::Result<()> {
        let source = self.source();
        if source.exists() {
            fs::remove_dir_all(&source)?;
        }
        // A file that is tracked may be deleted in the working tree.
        for file in files.iter().filter(|file| root().join(file).is_file()) {
            let (from, to) = (root().join(file), source.join(file));
            fs::create_dir_all(to.parent().unwrap_or(&source))?;
            if file.ends_with("Cargo.toml") {
                fs::write(to, change(&libraries_alone(&fs::read_to_string(from)?)))?;
            } else {
                fs::copy(from, to)?;
            }
        }
        Ok(())
    }
}

fn files() -> Result<Vec<PathBuf>, Failure> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root());
    Ok(read_quietly(&mut git)?.split_terminator('\0').map(|file| Path::new(file).to_owned()).collect())
}

/// Leaves the libraries as the only members of the workspace.
fn libraries_alone(manifest: &str) -> String {
    let lines = manifest.lines().filter(|line| !line.starts_with("default-members = "));
    lines
        .map(|line| if line.starts_with("members = ") { MEMBERS } else { line })
        .flat_map(|line| [line, "\n"])
        .collect()
}

const MEMBERS: &str = "members = [\".\", \"crates/*\"]";

#[cfg(test)]
mod tests {
    use super::libraries_alone;

    #[test]
    fn only_the_libraries_are_members() {
        let manifest = "[workspace]\nmembers = [\".\", \"xtask\"]\ndefault-members = [\".\"]\nresolver = \"3\"\n";
        let alone = "[workspace]\nmembers = [\".\", \"crates/*\"]\nresolver = \"3\"\n";
        assert_eq!(libraries_alone(manifest), alone);
    }
}
