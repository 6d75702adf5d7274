//! A log file that makes way for the next when it is full or a day is over.

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

/// Appends lines to a file, and rotates it: `app.log` becomes `app.log.1`, `app.log.1` becomes `app.log.2`, and so on.
///
/// Every `write` takes one line or several, each with its line end, and no line is torn over two files. A file that is
/// there already is continued.
///
/// # Several processes
///
/// Several processes may write to one file and rotate it, such as the two of a rolling release. During a rotation a process
/// locks a file beside it, `app.log.lock`, which stays; one that finds it locked writes on and leaves the rotation to the
/// other. A process notices within a second, and before a rotation of its own, that another one has rotated: until then its
/// lines go to what has become `app.log.1`. So lines are lost only where the files that are kept do not hold a second of
/// them, and with `keep(0)`; a file may grow to its size once for each process. On a file system without locks it is rotated
/// without one.
///
/// # When somebody else moves the file
///
/// A file that was renamed or deleted, by logrotate for instance, is noticed within a second and before every rotation;
/// the next line goes to a new file at the old place. The directory is not created. Elsewhere than on Unix, only a file
/// that is missing is noticed. A symbolic link stays, and old files lie beside its target.
///
/// # When the disk is full
///
/// A `write` that fails has written nothing, and one that returns less than it was given has written so many whole lines.
/// The rest of a half line is taken back or, where others write to the file as well, ended before the next line.
/// Everything goes on when there is room again.
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
    /// Set while rotations fail: when the next is tried.
    rotate_at: Option<Instant>,
    rotation_error: Option<io::Error>,
}

impl RollingFile {
    /// Opens the file at `path`, or creates it.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened, or no line would fit into it.
    pub fn open(path: impl Into<PathBuf>, rotation: Rotation) -> io::Result<Self> {
        rotation.check()?;
        // A program that changes its directory keeps its log.
        let path = path::absolute(path.into())?;
        let current = Some(Current::open(&path)?);
        let look_at = clock::now() + PAUSE;
        Ok(Self { path, rotation, current, look_at, rotate_at: None, rotation_error: None })
    }

    /// Returns why the file could not be rotated, once for each time that this begins.
    ///
    /// Until it can, lines go to the file there is, which grows beyond its size. It is tried again every second.
    pub fn rotation_error(&mut self) -> Option<io::Error> {
        self.rotation_error.take()
    }

    /// Writes as many lines as belong into one file, and returns their length.
    fn write_some(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.make_way(lines::first(lines))?;
        let waits = self.waits();
        let Some(current) = &mut self.current else { return Err(io::ErrorKind::NotFound.into()) };
        let is_bounded = current.is_regular && !waits;
        let room = if is_bounded { self.rotation.room(current.size()) } else { u64::MAX };
        current.append(&lines[..lines::within(lines, room)])
    }

    /// Sees to it that a file is held that takes a line of this length.
    fn make_way(&mut self, line: usize) -> io::Result<()> {
        if self.current.is_none() || clock::now() >= self.look_at {
            self.look()?;
        }
        if !self.is_due(line) {
            return Ok(());
        }
        match lock::try_lock(&resolve(&self.path)) {
            Ok(Some(_locked)) => self.rotate_if_due(line),
            // Another process rotates.
            Ok(None) => Ok(()),
            Err(error) => {
                self.postpone(error);
                Ok(())
            }
        }
    }

    fn rotate_if_due(&mut self, line: usize) -> io::Result<()> {
        // What was moved or emptied meanwhile needs no rotation, and what lies there now may not be ours.
        self.look()?;
        if self.is_due(line) { self.rotate() } else { Ok(()) }
    }

    fn is_due(&self, line: usize) -> bool {
        let held = self.current.as_ref().filter(|current| current.is_regular);
        held.is_some_and(|current| self.rotation.is_due(current.size(), current.day, line)) && !self.waits()
    }

    /// Opens the file anew unless the one that is held is still there.
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
        let outcome = match self.rotation.kept() {
            0 => current.clear(),
            keep => {
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

    /// Returns whether a rotation failed just now.
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
                // Whoever is told of a part asks again for the rest, and meets the error then.
                Err(_) if done > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    /// Does nothing: every line is with the operating system already.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Between two looks at the path, and between two attempts to rotate.
const PAUSE: Duration = Duration::from_secs(1);
