//! The file of the report, written atomically.

use std::{
    fs::Permissions,
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use tempfile::{Builder, NamedTempFile};

/// A report in progress. A dropped draft leaves no file.
#[derive(Debug)]
pub(crate) struct Draft {
    path: PathBuf,
    file: NamedTempFile,
}

impl Draft {
    /// Opens a draft next to `path`, so that an unwritable report is an error before the story begins.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let cannot = |why: &dyn std::fmt::Display| format!("cannot write the report to {}: {why}", path.display());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        if path.is_dir() {
            return Err(cannot(&"it is a folder"));
        }
        if !folder.is_dir() {
            return Err(cannot(&format!("there is no folder {}", folder.display())));
        }
        let mut draft = Builder::new();
        // The mode of any new file, before the umask.
        let draft = draft.prefix(".incident-report-").permissions(Permissions::from_mode(0o666));
        let file = draft.tempfile_in(folder).map_err(|error| cannot(&error))?;
        Ok(Self { path: path.to_owned(), file })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the report and renames it to its final path.
    pub(crate) fn publish(mut self, report: &str) -> io::Result<()> {
        self.file.write_all(report.as_bytes())?;
        self.file.persist(&self.path)?;
        Ok(())
    }
}
