//! The open log file, and the check that it is still at its path.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

use super::{
    rotation::{day_of, today},
    whole_lines::WholeLines,
};

#[derive(Debug)]
pub(super) struct Current {
    lines: WholeLines<File>,
    identity: (u64, u64),
    /// `false` for a pipe or a device, which is written to but never renamed.
    pub(super) is_regular: bool,
    /// The day of the first line, or the day of the last change if the file existed before.
    pub(super) day: u64,
}

impl Current {
    /// Opens the file for appending, or creates it.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).open(path).map_err(|error| {
            let text = format!("cannot open {}, check its directory and permissions: {error}", path.display());
            io::Error::new(error.kind(), text)
        })?;
        let found = file.metadata()?;
        let is_torn = found.is_file() && found.len() > 0 && ends_in_half_a_line(path);
        let append = if is_torn { WholeLines::torn } else { WholeLines::new };
        Ok(Self {
            lines: append(file, found.len()),
            identity: identity(&found),
            is_regular: found.is_file(),
            day: found.modified().map_or_else(|_| today(), day_of),
        })
    }

    /// Returns whether `path` still refers to this file, and updates the size from the file system.
    pub(super) fn is_at(&mut self, path: &Path) -> bool {
        match fs::metadata(path) {
            Ok(found) if identity(&found) != self.identity => false,
            Ok(found) => {
                if self.is_regular {
                    self.lines.found_size(found.len());
                }
                true
            }
            // A path that cannot be examined, for want of permission for instance, counts as unchanged.
            Err(error) => !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
        }
    }

    pub(super) const fn size(&self) -> u64 {
        self.lines.size()
    }

    /// Appends the lines and returns the number of bytes written in whole lines.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<usize> {
        if self.size() == 0 {
            self.day = today();
        }
        self.lines.append(lines)
    }

    pub(super) fn mend(&mut self) -> io::Result<()> {
        self.lines.mend()
    }

    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.lines.clear()
    }
}

/// Returns whether the file ends in a torn line, as a process leaves it that is killed during a write. A file that
/// cannot be read counts as whole.
fn ends_in_half_a_line(path: &Path) -> bool {
    let mut last = [b'\n'];
    let read = File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)
    });
    read.is_ok() && last != *b"\n"
}

#[cfg(unix)]
fn identity(found: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;

    (found.dev(), found.ino())
}

/// No file identity on this platform: only a missing file is noticed.
#[cfg(not(unix))]
const fn identity(_: &Metadata) -> (u64, u64) {
    (0, 0)
}
