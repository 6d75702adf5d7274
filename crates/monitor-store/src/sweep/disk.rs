//! A disk whose Nth operation fails, or during whose Nth operation the machine loses power.

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use redb::StorageBackend;

use crate::backend::Backend;

/// The kind of the fault.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fault {
    /// The operation fails, and the next ones succeed.
    Fails,
    /// Power is lost. The disk has nothing that was not synced.
    Dropped,
    /// Power is lost. Of the operations since the last sync the disk has every second one, and half of the last write.
    Torn,
}

/// A disk with one fault. Clones are handles to the same disk.
#[derive(Clone, Debug)]
pub(super) struct Disk(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    fault: Fault,
    /// Number of operations before the fault.
    left: u64,
    /// Content by inode, as far as it is synced, and the operations since.
    files: BTreeMap<u64, Synced>,
    /// The folder, and where its content at the loss of power goes.
    folder: PathBuf,
    wreck: PathBuf,
    has_power: bool,
}

#[derive(Debug, Default)]
struct Synced {
    content: Vec<u8>,
    pending: Vec<Operation>,
}

#[derive(Clone, Debug)]
enum Operation {
    Write(usize, Vec<u8>),
    Length(usize),
}

/// One open file of the disk.
#[derive(Debug)]
struct DiskFile {
    file: fs::File,
    inode: u64,
    disk: Disk,
}

impl Disk {
    /// Creates a disk for the files of `folder` whose operation number `nth` has the fault, counted from 1. At a loss
    /// of power, `wreck` gets the files as the disk has them.
    pub(super) fn new(folder: &Path, wreck: &Path, fault: Fault, nth: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            fault,
            left: nth,
            files: BTreeMap::new(),
            folder: folder.to_owned(),
            wreck: wreck.to_owned(),
            has_power: true,
        })))
    }

    pub(super) fn backend(&self) -> Backend {
        let disk = self.clone();
        Backend::new(move |builder, file| builder.create_with_backend(disk.file(file)?))
    }

    /// Returns whether the fault has occurred.
    pub(super) fn had_fault(&self) -> bool {
        self.state().left == 0
    }

    pub(super) fn has_power(&self) -> bool {
        self.state().has_power
    }

    fn file(&self, file: fs::File) -> io::Result<DiskFile> {
        let inode = file.metadata()?.ino();
        let mut content = vec![0; usize::try_from(file.metadata()?.len()).unwrap_or_default()];
        file.read_exact_at(&mut content, 0)?;
        // A file that is opened again may have operations that were never synced.
        self.state().files.entry(inode).or_insert(Synced { content, pending: Vec::new() });
        Ok(DiskFile { file, inode, disk: self.clone() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Counts an operation. Returns an error if it has the fault, or if power was lost before.
    fn count(&mut self) -> io::Result<()> {
        if !self.has_power {
            return Err(io::Error::other("power is lost"));
        }
        let was_before = self.left > 0;
        self.left = self.left.saturating_sub(1);
        if !was_before || self.left > 0 {
            return Ok(());
        }
        if self.fault != Fault::Fails {
            self.has_power = false;
            self.leave_wreck()?;
        }
        Err(io::Error::from(io::ErrorKind::StorageFull))
    }

    fn leave_wreck(&self) -> io::Result<()> {
        fs::create_dir_all(&self.wreck)?;
        for entry in fs::read_dir(&self.folder)? {
            let (from, to) = (entry?.path(), &self.wreck);
            let to = to.join(from.file_name().unwrap_or_default());
            match self.files.get(&fs::metadata(&from)?.ino()) {
                Some(file) => fs::write(to, file.after_power_loss(self.fault))?,
                None => drop(fs::copy(from, to)?),
            }
        }
        Ok(())
    }
}

impl Synced {
    fn sync(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        pending.iter().for_each(|operation| operation.apply(&mut self.content));
    }

    fn after_power_loss(&self, fault: Fault) -> Vec<u8> {
        let mut content = self.content.clone();
        if fault == Fault::Torn {
            self.pending.iter().step_by(2).for_each(|operation| operation.apply(&mut content));
            if let Some(Operation::Write(at, data)) = self.pending.last() {
                Operation::Write(*at, data[..data.len() / 2].to_vec()).apply(&mut content);
            }
        }
        content
    }
}

impl Operation {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Length(length) => content.resize(*length, 0),
            Self::Write(at, data) => {
                content.resize(content.len().max(at + data.len()), 0);
                content[*at..at + data.len()].copy_from_slice(data);
            }
        }
    }
}

impl DiskFile {
    fn change(&self, operation: Operation) -> io::Result<()> {
        let mut state = self.disk.state();
        // A write that is under way when power is lost may be on the disk.
        let file = state.files.entry(self.inode).or_default();
        file.pending.push(operation.clone());
        let counted = state.count();
        if counted.is_err() {
            state.files.entry(self.inode).or_default().pending.pop();
            return counted;
        }
        drop(state);
        match operation {
            Operation::Write(at, data) => self.file.write_all_at(&data, at as u64),
            Operation::Length(length) => self.file.set_len(length as u64),
        }
    }
}

impl StorageBackend for DiskFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if !self.disk.has_power() {
            return Err(io::Error::other("power is lost"));
        }
        self.file.read_exact_at(out, offset)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.change(Operation::Length(usize::try_from(length).unwrap_or_default()))
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        state.count()?;
        state.files.entry(self.inode).or_default().sync();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(Operation::Write(usize::try_from(offset).unwrap_or_default(), data.to_vec()))
    }
}
