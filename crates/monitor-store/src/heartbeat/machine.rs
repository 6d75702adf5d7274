//! What tells a kill from a restart of the machine, and from a lack of memory: the boot ID, and the number of processes
//! that the kernel killed in the process's control group.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// The state of the machine at one moment.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Machine {
    /// Differs after each boot. `None` where the system has none.
    pub(crate) boot_id: Option<String>,
    /// `None` where the control group has no such counter.
    pub(crate) oom_kills: Option<OomKills>,
}

/// The number of processes that the kernel killed in a control group for lack of memory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct OomKills {
    /// The inode of the group's folder. The path is no identity: each container sees its own group as `/`.
    pub(crate) cgroup: u64,
    pub(crate) count: u64,
}

/// The control group of the process.
#[derive(Debug)]
pub(crate) struct Cgroup {
    /// The file with the line `oom_kill COUNT`.
    events: PathBuf,
    id: u64,
}

impl Machine {
    /// Returns whether the counter of the same control group has risen since `before`.
    pub(crate) fn has_more_oom_kills_than(&self, before: &Self) -> bool {
        let (Some(now), Some(before)) = (&self.oom_kills, &before.oom_kills) else { return false };
        now.cgroup == before.cgroup && now.count > before.count
    }
}

impl Cgroup {
    /// Finds the control group of this process, in version 2, else 1, below the file system's `root`.
    pub(crate) fn of_process(root: &Path) -> Option<Self> {
        let groups = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
        let mount = root.join("sys/fs/cgroup");
        let version_2 = groups.lines().find_map(|line| line.strip_prefix("0::"));
        let version_1 = groups.lines().find_map(memory_group);
        let version_2 = version_2.and_then(|path| Self::at(&mount, path, "memory.events"));
        version_2.or_else(|| Self::at(&mount.join("memory"), version_1?, "memory.oom_control"))
    }

    /// Returns the group at `path`. Inside a container the path may be that of the host, while the group's files are
    /// mounted at the root.
    fn at(mount: &Path, path: &str, file: &str) -> Option<Self> {
        let folders = [mount.join(path.trim_start_matches('/')), mount.to_owned()];
        let folder = folders.into_iter().find(|folder| folder.join(file).exists())?;
        Some(Self { id: fs::metadata(&folder).ok()?.ino(), events: folder.join(file) })
    }

    pub(crate) fn oom_kills(&self) -> Option<OomKills> {
        let events = fs::read_to_string(&self.events).ok()?;
        let count = events.lines().find_map(|line| line.strip_prefix("oom_kill "))?;
        Some(OomKills { cgroup: self.id, count: count.trim().parse().ok()? })
    }
}

pub(crate) fn boot_id() -> Option<String> {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned())
}

/// Returns the path of a line of version 1, `ID:CONTROLLERS:PATH`, if it is the memory controller's.
fn memory_group(line: &str) -> Option<&str> {
    let (_, group) = line.split_once(':')?;
    let (controllers, path) = group.split_once(':')?;
    controllers.split(',').any(|controller| controller == "memory").then_some(path)
}
