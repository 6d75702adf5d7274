//! Appends lines completely or not at all, even if the disk runs full in the middle of one.
//!
//! A torn line breaks the parser of a log pipeline, and the next line must not be appended to it. After a short write
//! the torn part is truncated. If another process has written behind it, a line feed terminates it instead.

use std::{
    fs::File,
    io::{self, Write},
};

use super::lines;

/// A target of appended lines. Tests use one that runs full.
pub(super) trait Target: Write {
    fn length(&self) -> io::Result<u64>;

    fn cut(&mut self, length: u64) -> io::Result<()>;
}

#[derive(Debug)]
pub(super) struct WholeLines<T> {
    target: T,
    size: u64,
    /// Whether the target ends in the middle of a line.
    is_torn: bool,
}

// === impl Target ===

impl Target for File {
    fn length(&self) -> io::Result<u64> {
        self.metadata().map(|found| found.len())
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}

// === impl WholeLines ===

impl<T: Target> WholeLines<T> {
    /// Appends to a target of this size that is empty or ends with a line feed.
    pub(super) const fn new(target: T, size: u64) -> Self {
        Self { target, size, is_torn: false }
    }

    /// Appends to a target of this size that ends in the middle of a line.
    pub(super) const fn torn(target: T, size: u64) -> Self {
        Self { target, size, is_torn: true }
    }

    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// Sets the size found in the file system: other processes may have written to the file or emptied it.
    pub(super) const fn found_size(&mut self, size: u64) {
        self.size = size;
        self.is_torn = self.is_torn && size > 0;
    }

    /// Appends the lines and returns the number of bytes written in whole lines.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.mend()?;
        let mut done = 0;
        while done < lines.len() {
            match self.target.write(&lines[done..]) {
                Ok(0) => return self.stop(&lines[..done], io::ErrorKind::WriteZero.into()),
                Ok(written) => done += self.count(written),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return self.stop(&lines[..done], error),
            }
        }
        Ok(done)
    }

    /// Terminates a torn line, so that the next line is not appended to it.
    pub(super) fn mend(&mut self) -> io::Result<()> {
        if self.is_torn {
            self.target.write_all(b"\n")?;
            self.count(1);
            self.is_torn = false;
        }
        Ok(())
    }

    /// Empties the target.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.target.cut(0)?;
        self.found_size(0);
        Ok(())
    }

    fn stop(&mut self, landed: &[u8], error: io::Error) -> io::Result<usize> {
        let whole = lines::whole(landed);
        self.take_back(landed.len() - whole);
        // A short write: the caller writes the rest, and receives the error then.
        if whole > 0 { Ok(whole) } else { Err(error) }
    }

    fn take_back(&mut self, half: usize) {
        let whole = self.size.saturating_sub(half as u64);
        // If the length differs, another process writes as well, and truncating would remove its lines.
        let is_alone = half > 0 && self.target.length().is_ok_and(|length| length == self.size);
        if is_alone && self.target.cut(whole).is_ok() {
            self.size = whole;
        } else {
            self.is_torn = half > 0;
        }
    }

    fn count(&mut self, written: usize) -> usize {
        self.size = self.size.saturating_add(written as u64);
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk with limited room.
    #[derive(Default)]
    struct Disk {
        bytes: Vec<u8>,
        room: usize,
        has_other_writers: bool,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let fitting = bytes.len().min(self.room);
            if fitting == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.bytes.extend_from_slice(&bytes[..fitting]);
            self.room -= fitting;
            Ok(fitting)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Target for Disk {
        fn length(&self) -> io::Result<u64> {
            Ok(self.bytes.len() as u64 + u64::from(self.has_other_writers))
        }

        fn cut(&mut self, length: u64) -> io::Result<()> {
            self.bytes.truncate(usize::try_from(length).unwrap());
            Ok(())
        }
    }

    fn full_after(room: usize) -> WholeLines<Disk> {
        WholeLines::new(Disk { room, ..Disk::default() }, 0)
    }

    fn is_full(outcome: io::Result<usize>) -> bool {
        outcome.is_err_and(|error| error.kind() == io::ErrorKind::StorageFull)
    }

    #[test]
    fn half_a_line_is_taken_back() {
        let mut file = full_after(4);
        assert!(is_full(file.append(b"first line\n")));
        assert_eq!((file.target.bytes.as_slice(), file.size()), (&b""[..], 0));
        file.target.room = 100;
        assert_eq!(file.append(b"second line\n").unwrap(), 12);
        assert_eq!(file.target.bytes, b"second line\n");
    }

    #[test]
    fn half_a_line_that_cannot_be_taken_back_is_ended_first() {
        let mut file = full_after(4);
        file.target.has_other_writers = true;
        assert!(is_full(file.append(b"first line\n")));
        assert!(is_full(file.append(b"lost\n")), "no room for the line end either");
        file.target.room = 100;
        assert_eq!(file.append(b"second line\n").unwrap(), 12);
        assert_eq!(file.target.bytes, b"firs\nsecond line\n");
        assert_eq!(file.size(), 17);
    }

    #[test]
    fn a_short_write_returns_the_length_of_whole_lines() {
        let mut file = full_after(8);
        assert_eq!(file.append(b"one\ntwo\nthree\n").unwrap(), 8);
        assert_eq!(file.append(b"four\n").unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(file.target.bytes, b"one\ntwo\n");
    }

    #[test]
    fn a_file_that_ends_in_half_a_line_is_continued_on_the_next() {
        let mut file = WholeLines::torn(Disk { bytes: b"ha".to_vec(), room: 100, has_other_writers: false }, 2);
        assert_eq!(file.append(b"whole\n").unwrap(), 6);
        assert_eq!(file.append(b"more\n").unwrap(), 5);
        assert_eq!(file.target.bytes, b"ha\nwhole\nmore\n");
    }
}
