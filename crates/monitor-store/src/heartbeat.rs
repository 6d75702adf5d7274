//! The file with the last heartbeat of the process that uses the store.
//!
//! It has a fixed size and is rewritten in place, so that a heartbeat needs one `write` and no room on the disk. The
//! kernel writes it to the disk later, which survives a kill of the process. Only the first and the last heartbeat are
//! synced: after a power failure the file must not hold the end of an earlier process.

mod machine;
mod record;

use std::{
    fs,
    io::{self, Read},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use monitor_core::{LastEnd, ProcessEnded, ProcessHeartbeat};

use self::{
    machine::{Cgroup, Machine},
    record::{LENGTH, Record},
};
use crate::lock::private;

/// The file, written while the process has the store.
pub(crate) struct HeartbeatFile {
    path: PathBuf,
    cgroup: Option<Cgroup>,
    /// `None` before the first heartbeat, and after the last.
    file: Option<fs::File>,
}

impl HeartbeatFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, cgroup: Cgroup::of_process(Path::new("/")), file: None }
    }

    /// Returns the end of the process that wrote the file.
    pub(crate) fn last_end(&self) -> io::Result<ProcessEnded> {
        match fs::File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(ProcessEnded::not_recorded()),
            file => {
                let mut bytes = Vec::with_capacity(LENGTH);
                file?.take(LENGTH as u64).read_to_end(&mut bytes)?;
                Ok(judge(record::decode(&bytes), &self.machine()))
            }
        }
    }

    /// Writes a heartbeat. On an error the file is removed, because it would be taken for the end of this process.
    pub(crate) fn write(&mut self, heartbeat: &ProcessHeartbeat) -> io::Result<()> {
        let written = self.try_to_write(heartbeat);
        if written.is_err() {
            let _ = fs::remove_file(&self.path);
        }
        if written.is_err() || heartbeat.is_last {
            self.file = None;
        }
        written
    }

    /// Removes the file if this process wrote it. For a process that gives the store to another one and goes on: its
    /// heartbeats end, but nothing killed it.
    pub(crate) fn give_up(self) {
        if self.file.is_some() {
            let _ = fs::remove_file(&self.path);
        }
    }

    fn try_to_write(&mut self, heartbeat: &ProcessHeartbeat) -> io::Result<()> {
        let bytes = record::encode(heartbeat, &self.machine());
        let is_synced = self.file.is_none() || heartbeat.is_last;
        let file = match self.file.take() {
            Some(file) => file,
            None => private().create(true).truncate(false).open(&self.path)?,
        };
        file.write_all_at(&bytes, 0)?;
        if is_synced {
            file.sync_data()?;
        }
        self.file = Some(file);
        Ok(())
    }

    fn machine(&self) -> Machine {
        Machine { boot_id: machine::boot_id(), oom_kills: self.cgroup.as_ref().and_then(Cgroup::oom_kills) }
    }
}

/// Returns the end of the process that wrote `record`, seen from the machine as it is now.
fn judge(record: Option<Record>, now: &Machine) -> ProcessEnded {
    let Some(Record { heartbeat, machine: before }) = record else { return ProcessEnded::not_recorded() };
    let end = match (&before.boot_id, &now.boot_id) {
        _ if heartbeat.is_last => LastEnd::ByItself,
        // Without boot IDs, a kill cannot be told from a restart of the machine.
        (None, _) | (_, None) => return ProcessEnded::not_recorded(),
        (before, now) if before != now => LastEnd::MachineRestarted,
        _ if now.has_more_oom_kills_than(&before) => LastEnd::OutOfMemory,
        _ => LastEnd::Killed,
    };
    ProcessEnded::new(end, heartbeat)
}

#[cfg(test)]
mod tests;
