//! A log file that is rotated by size or by day.
//!
//! Rotation must not lose or tear lines, although other processes may write to the file and rotate it, logrotate may
//! move it, and the disk may run full.

mod current;
pub(crate) mod lines;
mod lock;
mod rotation;
mod shift;
#[cfg(test)]
mod tests;
mod whole_lines;

use std::{
    io,
    path::{self, PathBuf},
    time::{Duration, Instant},
};

use monitor_core::clock;

pub use self::rotation::Rotation;
use self::{
    current::Current,
    shift::{resolve, shift},
};

/// Appends lines to a file and rotates it: `app.log` becomes `app.log.1`, `app.log.1` becomes `app.log.2`, and so on.
///
/// Every `write` takes one or more lines, each with its line feed, and never splits a line across two files. An
/// existing file is appended to.
///
/// # Several processes
///
/// Several processes may write to one file and rotate it, such as the two processes of a rolling release. During a
/// rotation a process locks the file `app.log.lock`, which is never removed. A process that finds it locked keeps
/// writing and leaves the rotation to the other one.
///
/// A process notices another one's rotation within a second, and before each rotation of its own. Until then its lines
/// go to the file that is now `app.log.1`. Lines are therefore lost only if the old files hold less than one second of
/// lines, or with `keep(0)`. The file may reach its maximum size once per process. On a file system without locks,
/// the file is rotated without one.
///
/// # Files moved by other programs
///
/// A file that was renamed or deleted, by logrotate for instance, is noticed within a second and before every rotation;
/// the next line goes to a new file at the original path. The directory is not created. On platforms other than Unix
/// only a missing file is noticed. A symbolic link is preserved, and old files are stored next to its target.
///
/// # Full disks
///
/// A `write` that returns an error has written nothing, and a short write has written whole lines only. The rest of a
/// torn line is truncated or, if others also write to the file, terminated before the next line. Writing resumes when
/// there is room again.
///
/// # Example
///
/// ```
/// use std::{fs, io::Write};
/// use monitor_kit::log::{RollingFile, Rotation};
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("app.log");
/// let mut file = RollingFile::open(&path, Rotation::size(10).keep(3))?;
/// file.write_all(b"first\n")?;
/// file.write_all(b"second\n")?;
/// assert_eq!(fs::read(path.with_extension("log.1"))?, b"first\n");
/// assert_eq!(fs::read(path)?, b"second\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct RollingFile {
    path: PathBuf,
    rotation: Rotation,
    current: Option<Current>,
    look_at: Instant,
    /// Time of the next attempt, set while rotations fail.
    rotate_at: Option<Instant>,
    rotation_error: Option<io::Error>,
}

impl RollingFile {
    /// Opens the file at `path`, or creates it.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be opened, or if the rotation's maximum size is 0.
    pub fn open(path: impl Into<PathBuf>, rotation: Rotation) -> io::Result<Self> {
        rotation.check()?;
        // Absolute, so that a program that changes its working directory keeps its log.
        let path = path::absolute(path.into())?;
        let current = Some(Current::open(&path)?);
        let look_at = clock::now() + PAUSE;
        Ok(Self { path, rotation, current, look_at, rotate_at: None, rotation_error: None })
    }

    /// Returns the error of a failed rotation, once for each series of failures.
    ///
    /// Until a rotation succeeds, lines are appended to the current file, which grows beyond its maximum size. Rotation
    /// is retried every second.
    pub fn rotation_error(&mut self) -> Option<io::Error> {
        self.rotation_error.take()
    }

    /// Writes as many lines as fit into the current file and returns their length in bytes.
    fn write_some(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.make_way(lines::first(lines))?;
        let waits = self.waits();
        let Some(current) = &mut self.current else { return Err(io::ErrorKind::NotFound.into()) };
        // Pipes are never rotated, and while rotations fail the file grows beyond its maximum size.
        let is_bounded = current.is_regular && !waits;
        let room = if is_bounded { self.rotation.room(current.size()) } else { u64::MAX };
        current.append(&lines[..lines::within(lines, room)])
    }

    /// Makes sure that the current file is open and has room for a line of this length.
    fn make_way(&mut self, line: usize) -> io::Result<()> {
        if self.current.is_none() || clock::now() >= self.look_at {
            self.look()?;
        }
        if !self.is_due(line) {
            return Ok(());
        }
        match lock::try_lock(&resolve(&self.path)) {
            Ok(Some(_locked)) => self.rotate_if_due(line),
            // Another process is rotating the file.
            Ok(None) => Ok(()),
            Err(error) => {
                self.postpone(error);
                Ok(())
            }
        }
    }

    fn rotate_if_due(&mut self, line: usize) -> io::Result<()> {
        // Checked again under the lock: another process may have rotated or emptied the file in the meantime.
        self.look()?;
        if self.is_due(line) { self.rotate() } else { Ok(()) }
    }

    fn is_due(&self, line: usize) -> bool {
        let held = self.current.as_ref().filter(|current| current.is_regular);
        held.is_some_and(|current| self.rotation.is_due(current.size(), current.day, line)) && !self.waits()
    }

    /// Reopens the file unless the open one is still at the path.
    fn look(&mut self) -> io::Result<()> {
        self.look_at = clock::now() + PAUSE;
        let is_there = self.current.as_mut().is_some_and(|current| current.is_at(&self.path));
        if !is_there {
            self.current = None;
            self.current = Some(Current::open(&self.path)?);
        }
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        let Some(current) = &mut self.current else { return Ok(()) };
        let outcome = match self.rotation.old_files() {
            0 => current.clear(),
            keep => {
                // Best effort, so that the old file does not end in a torn line.
                let _ = current.mend();
                shift(&resolve(&self.path), keep)
            }
        };
        match outcome {
            Ok(()) => self.rotate_at = None,
            Err(error) => self.postpone(error),
        }
        self.look()
    }

    fn postpone(&mut self, error: io::Error) {
        if self.rotate_at.is_none() {
            self.rotation_error = Some(error);
        }
        self.rotate_at = Some(clock::now() + PAUSE);
    }

    /// Returns whether a rotation failed within the last second.
    fn waits(&self) -> bool {
        self.rotate_at.is_some_and(|at| clock::now() < at)
    }
}

impl io::Write for RollingFile {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let mut done = 0;
        while done < lines.len() {
            match self.write_some(&lines[done..]) {
                Ok(written) => done += written,
                // A short write: the caller writes the rest, and receives the error then.
                Err(_) if done > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    /// Does nothing: lines are not buffered.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Time between two checks of the path, and between two attempts to rotate.
const PAUSE: Duration = Duration::from_secs(1);
