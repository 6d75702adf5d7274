//! The format of a heartbeat: lines of text, a checksum before them, and zeros after them up to a fixed length.
//!
//! | line | content |
//! | --- | --- |
//! | `monitor-heartbeat 1 CHECKSUM` | the version of the format, and FNV-1a (64 bits) of all bytes after this line |
//! | `boot ID` | the boot ID of the machine |
//! | `oom-kills COUNT CGROUP` | the OOM kills in a control group, and the inode of its folder |
//! | `started MS` | the time at which the monitor was built, in milliseconds since the Unix epoch |
//! | `at MS` | the time of the heartbeat |
//! | `release TEXT` | the release |
//! | `in-flight COUNT METHOD ROUTE` | one line for each of the busiest routes |
//! | `in-flight-elsewhere COUNT` | requests on other routes |
//! | `last` | the process ended by itself |
//!
//! Lines may be missing, except the times. Unknown lines are ignored, so that a later release can add some.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use monitor_core::{KnownMethod, ProcessHeartbeat, clock, traffic::InFlight};

use super::machine::{Machine, OomKills};

/// A heartbeat, and the state of the machine at that time.
#[derive(Debug, PartialEq)]
pub(crate) struct Record {
    pub(crate) heartbeat: ProcessHeartbeat,
    pub(crate) machine: Machine,
}

/// Writes a file of [`LENGTH`] bytes.
pub(crate) fn encode(heartbeat: &ProcessHeartbeat, machine: &Machine) -> Vec<u8> {
    let mut lines = Lines(String::with_capacity(LENGTH));
    if let Some(id) = &machine.boot_id {
        lines.add(format_args!("boot {id}"));
    }
    if let Some(OomKills { cgroup, count }) = &machine.oom_kills {
        lines.add(format_args!("oom-kills {count} {cgroup}"));
    }
    lines.add(format_args!("started {}", clock::millis(heartbeat.started)));
    lines.add(format_args!("at {}", clock::millis(heartbeat.at)));
    if heartbeat.is_last {
        lines.add(format_args!("last"));
    }
    lines.add(format_args!("release {}", on_one_line(&heartbeat.release)));
    let mut elsewhere = heartbeat.in_flight_elsewhere;
    for InFlight { method, route, count, .. } in &heartbeat.in_flight {
        let is_added = lines.add(format_args!("in-flight {count} {} {}", method.as_str(), on_one_line(route)));
        elsewhere += if is_added { 0 } else { *count };
    }
    lines.add_reserved(format_args!("in-flight-elsewhere {elsewhere}"));
    lines.into_file()
}

/// Reads a file; `None` unless it was written as a whole, in this version of the format.
pub(crate) fn decode(file: &[u8]) -> Option<Record> {
    let file = std::str::from_utf8(file).ok().filter(|file| file.len() == LENGTH)?;
    let (header, content) = file.split_once('\n')?;
    if header != self::header(content) {
        return None;
    }
    let content = content.trim_end_matches('\0');
    let line = |name: &str| values(content, name).next();
    let time = |name: &str| from_millis(line(name)?.parse().ok()?);
    let mut heartbeat = ProcessHeartbeat::new(line("release").unwrap_or_default(), time("started")?, time("at")?);
    heartbeat.in_flight = values(content, "in-flight").filter_map(in_flight).collect();
    heartbeat.in_flight_elsewhere = line("in-flight-elsewhere").and_then(|count| count.parse().ok()).unwrap_or(0);
    heartbeat.is_last = content.lines().any(|line| line == "last");
    let machine =
        Machine { boot_id: line("boot").map(str::to_owned), oom_kills: line("oom-kills").and_then(oom_kills) };
    Some(Record { heartbeat, machine })
}

/// The lines after the header.
struct Lines(String);

impl Lines {
    /// Adds a line if there is room. Returns whether it was added.
    fn add(&mut self, line: fmt::Arguments<'_>) -> bool {
        let line = format!("{line}\n");
        let is_room = self.0.len() + line.len() <= LENGTH - HEADER - RESERVED;
        if is_room {
            self.0.push_str(&line);
        }
        is_room
    }

    /// Adds a line of at most [`RESERVED`] bytes.
    fn add_reserved(&mut self, line: fmt::Arguments<'_>) {
        self.0.push_str(&format!("{line}\n"));
    }

    fn into_file(self) -> Vec<u8> {
        let padding = LENGTH - HEADER - self.0.len();
        let content = self.0 + &"\0".repeat(padding);
        format!("{}\n{content}", header(&content)).into_bytes()
    }
}

/// Returns the values of all lines called `name`.
fn values<'a>(content: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    content.lines().filter_map(move |line| line.strip_prefix(name)?.strip_prefix(' '))
}

fn in_flight(value: &str) -> Option<InFlight> {
    let mut words = value.splitn(3, ' ');
    let (count, method, route) = (words.next()?.parse().ok()?, words.next()?, words.next()?);
    Some(InFlight::new(KnownMethod::from_name(method), route, count))
}

fn oom_kills(value: &str) -> Option<OomKills> {
    let (count, cgroup) = value.split_once(' ')?;
    Some(OomKills { cgroup: cgroup.parse().ok()?, count: count.parse().ok()? })
}

fn header(content: &str) -> String {
    format!("monitor-heartbeat 1 {:016x}", checksum(content.as_bytes()))
}

/// Computes FNV-1a. Each step is a bijection, so a single wrong byte always changes the result.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Returns the beginning of `text` without control characters, which would end the line.
fn on_one_line(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).take(MAX_CHARS).collect()
}

fn from_millis(millis: u64) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_millis(millis))
}

/// Length of the file in bytes: a page, which the kernel copies as a whole even if the process is killed meanwhile.
pub(crate) const LENGTH: usize = 4096;
/// Length of the first line.
const HEADER: usize = "monitor-heartbeat 1 0123456789abcdef\n".len();
/// Room for the number of requests on other routes.
const RESERVED: usize = "in-flight-elsewhere 18446744073709551615\n".len();
/// Maximum length of a release or route.
const MAX_CHARS: usize = 256;
