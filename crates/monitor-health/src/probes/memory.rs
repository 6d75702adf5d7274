//! The memory left to the process.
//!
//! In a container the limit of the control group counts, not the machine's memory, and the kernel reports the page
//! cache as used although it frees it on demand.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use crate::probe::{BlockingProbe, result::ProbeResult};

/// Warns when little memory is left: of the process's control group (version 2, else 1) if that has a limit below the
/// machine's memory, else of the machine. Publishes `used_mb`, `limit_mb` (both in units of 10^6 bytes) and
/// `limited_by`. Linux only.
///
/// Memory that the kernel can reclaim, such as cached files, does not count as used.
///
/// # Example
///
/// ```
/// use monitor_kit::health::{MemoryProbe, Probe};
///
/// let probe = Probe::blocking("memory", MemoryProbe::new().warn_above(0.95));
/// ```
#[derive(Clone, Debug)]
pub struct MemoryProbe {
    warn_above: f64,
    root: PathBuf,
}

/// Used memory and its limit in bytes, and the origin of the limit.
#[derive(Debug, PartialEq)]
struct Usage {
    used: u64,
    limit: u64,
    limited_by: &'static str,
}

impl MemoryProbe {
    /// Creates a probe of this process.
    #[must_use]
    pub fn new() -> Self {
        Self { warn_above: 0.9, root: PathBuf::from("/") }
    }

    /// Sets the share of the limit above which the probe warns. Defaults to 0.9.
    #[must_use]
    pub fn warn_above(mut self, share: f64) -> Self {
        self.warn_above = share;
        self
    }

    /// Returns the usage against the tightest limit: the group's, unless the machine has less memory.
    fn usage(&self) -> io::Result<Usage> {
        let host = host(&self.root)?;
        let group = match version_2(&self.root)? {
            None => version_1(&self.root)?,
            group => group,
        };
        Ok(group.filter(|group| group.limit < host.limit).unwrap_or(host))
    }
}

impl Default for MemoryProbe {
    fn default() -> Self {
        Self::new()
    }
}

impl BlockingProbe for MemoryProbe {
    fn check(&self) -> ProbeResult {
        let Usage { used, limit, limited_by } = match self.usage() {
            Ok(usage) => usage,
            Err(error) => return ProbeResult::error("Memory not readable").source(error),
        };
        let share = used as f64 / limit as f64;
        let result = if share > self.warn_above {
            ProbeResult::warning(format!("{:.0} % of the memory used", share * 100.0))
        } else {
            ProbeResult::ok()
        };
        let megabytes = |bytes: u64| bytes / 1_000_000;
        result.value("used_mb", megabytes(used)).value("limit_mb", megabytes(limit)).value("limited_by", limited_by)
    }
}

/// Reads the limits of control group version 2 (Linux, cgroup-v2.rst). The limit may be set on any ancestor of the
/// process's group, so the lowest of them counts.
fn version_2(root: &Path) -> io::Result<Option<Usage>> {
    let groups = read(&root.join("proc/self/cgroup"))?.unwrap_or_default();
    let Some(path) = groups.lines().find_map(|line| line.strip_prefix("0::/")) else { return Ok(None) };
    let mount = root.join("sys/fs/cgroup");
    let own = mount.join(path);
    let mut tightest = None;
    for folder in own.ancestors().take_while(|folder| folder.starts_with(&mount)) {
        let limit = number(&folder.join("memory.max"))?;
        tightest = [tightest, limit.map(|limit| (limit, folder))].into_iter().flatten().min_by_key(|(limit, _)| *limit);
    }
    let Some((limit, folder)) = tightest else { return Ok(None) };
    let cached = field(&folder.join("memory.stat"), "inactive_file")?.unwrap_or(0);
    let used = number(&folder.join("memory.current"))?;
    Ok(used.map(|used| Usage { used: used.saturating_sub(cached), limit, limited_by: "cgroup_v2" }))
}

/// Reads the limit of control group version 1. Inside a container the group's path is that of the host, while its files
/// are mounted at the root.
fn version_1(root: &Path) -> io::Result<Option<Usage>> {
    let groups = read(&root.join("proc/self/cgroup"))?.unwrap_or_default();
    let is_memory =
        |line: &&str| line.split(':').nth(1).is_some_and(|kinds| kinds.split(',').any(|kind| kind == "memory"));
    let path = groups.lines().find(is_memory).and_then(|line| line.splitn(3, ':').nth(2));
    let Some(path) = path.map(|path| path.trim_start_matches('/')) else { return Ok(None) };
    let mount = root.join("sys/fs/cgroup/memory");
    let mut folders = [mount.join(path), mount].into_iter();
    let Some(folder) = folders.find(|folder| folder.join("memory.limit_in_bytes").exists()) else { return Ok(None) };
    let limit = number(&folder.join("memory.limit_in_bytes"))?;
    let cached = field(&folder.join("memory.stat"), "total_inactive_file")?.unwrap_or(0);
    let used = number(&folder.join("memory.usage_in_bytes"))?;
    let usage = |(limit, used): (_, u64)| Usage { used: used.saturating_sub(cached), limit, limited_by: "cgroup_v1" };
    Ok(limit.zip(used).map(usage))
}

fn host(root: &Path) -> io::Result<Usage> {
    let file = root.join("proc/meminfo");
    let kibibytes = |name| Ok::<_, io::Error>(field(&file, name)?.and_then(|number| number.checked_mul(1024)));
    match (kibibytes("MemTotal:")?, kibibytes("MemAvailable:")?) {
        (Some(limit), Some(free)) if limit > 0 => {
            Ok(Usage { used: limit.saturating_sub(free), limit, limited_by: "host" })
        }
        _ => Err(io::Error::other("/proc/meminfo has neither MemTotal nor MemAvailable")),
    }
}

/// Reads a file with a single number; `None` for `max`.
fn number(file: &Path) -> io::Result<Option<u64>> {
    Ok(read(file)?.and_then(|text| text.trim().parse().ok()))
}

/// Reads the number after `name`.
fn field(file: &Path, name: &str) -> io::Result<Option<u64>> {
    let text = read(file)?.unwrap_or_default();
    let mut fields = text.lines().map(str::split_whitespace);
    Ok(fields.find_map(|mut words| (words.next() == Some(name)).then(|| words.next()?.parse().ok()).flatten()))
}

/// Reads a file; `None` if it does not exist or this process may not read it. Any other error is returned with the
/// file's name: running out of descriptors must not make a limited group look unlimited.
fn read(file: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => Ok(None),
        Err(error) => Err(io::Error::new(error.kind(), format!("{}: {error}", file.display()))),
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use monitor_core::HealthStatus;

    use crate::probes::exhausted;

    fn machine(files: &[(&str, &str)]) -> (TempDir, MemoryProbe) {
        let folder = TempDir::new().expect("a folder");
        let host = ("proc/meminfo", "MemTotal:  1000000 kB\nMemFree: 1 kB\nMemAvailable:  750000 kB\n");
        for (name, text) in files.iter().chain([&host]) {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().expect("a folder")).expect("it can be made");
            fs::write(file, text).expect("it can be written");
        }
        let probe = MemoryProbe { root: folder.path().to_owned(), ..MemoryProbe::new() };
        (folder, probe)
    }

    #[test]
    fn the_tightest_limit_counts() {
        let (_folder, probe) = machine(&[]);
        assert_eq!(probe.usage().unwrap(), Usage { used: 256_000_000, limit: 1_024_000_000, limited_by: "host" });
        let (_folder, probe) = machine(&[
            ("proc/self/cgroup", "0::/pod/app\n"),
            ("sys/fs/cgroup/pod/memory.max", "500000000\n"),
            ("sys/fs/cgroup/pod/memory.current", "460000000\n"),
            ("sys/fs/cgroup/pod/memory.stat", "anon 3\ninactive_file 10000000\n"),
            ("sys/fs/cgroup/pod/app/memory.max", "max\n"),
        ]);
        assert_eq!(probe.usage().unwrap(), Usage { used: 450_000_000, limit: 500_000_000, limited_by: "cgroup_v2" });
        let result = MemoryProbe { warn_above: 0.89, ..probe }.check();
        assert_eq!((result.status(), result.message()), (HealthStatus::Warning, "90 % of the memory used"));
        let (_folder, probe) = machine(&[
            ("proc/self/cgroup", "5:cpu:/x\n4:memory,hugetlb:/docker/1\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "200000000\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "100000000\n"),
        ]);
        assert_eq!(probe.usage().unwrap(), Usage { used: 100_000_000, limit: 200_000_000, limited_by: "cgroup_v1" });
        let (_folder, probe) = machine(&[
            ("proc/self/cgroup", "4:memory:/\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "100000000\n"),
        ]);
        assert_eq!(probe.usage().unwrap().limited_by, "host", "no limit at all");
    }

    #[test]
    fn the_memory_of_this_machine_is_read() {
        let result = MemoryProbe::new().warn_above(1.0).check();
        assert_eq!(result.status(), HealthStatus::Ok, "{result:?}");
        assert!(result.values()["limit_mb"].as_u64().unwrap() > 0, "{result:?}");
        let (folder, probe) = machine(&[]);
        fs::remove_file(folder.path().join("proc/meminfo")).unwrap();
        assert_eq!(probe.check().message(), "Memory not readable");
    }

    #[test]
    fn with_no_descriptor_left_the_file_that_cannot_be_opened_is_named() {
        let test = "probes::memory::tests::with_no_descriptor_left_the_file_that_cannot_be_opened_is_named";
        let Some(_all) = exhausted::process(test) else { return };
        let result = MemoryProbe::new().check();
        let source = result.source.as_ref().map(ToString::to_string).unwrap_or_default();
        assert_eq!((result.status(), result.message()), (HealthStatus::Error, "Memory not readable"));
        assert!(source.starts_with("/proc/meminfo: Too many open files"), "{source}");
    }

    #[test]
    fn a_limit_that_cannot_be_read_is_not_taken_for_none() {
        let (folder, probe) = machine(&[("proc/self/cgroup", "0::/app\n")]);
        fs::create_dir_all(folder.path().join("sys/fs/cgroup/app/memory.max")).unwrap();
        let error = probe.usage().unwrap_err().to_string();
        assert!(error.contains("cgroup/app/memory.max: "), "{error}");
    }
}
