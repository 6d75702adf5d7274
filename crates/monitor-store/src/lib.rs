//! Persists issues, their events and the disabled routes in one file, so that they survive a restart, and records how
//! the process ends.
//!
//! ```
//! use monitor_kit::Monitor;
//! use monitor_kit::store::Store;
//!
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let store = Store::open(folder)?;
//! let monitor = Monitor::builder("shop").persist(store).build()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Files
//!
//! | file | content |
//! | --- | --- |
//! | `monitor.redb` | all persisted data, a [redb](https://docs.rs/redb) database |
//! | `monitor.lock` | locked by the process that uses the store |
//! | `monitor.secret` | the key of the hashes by which users are counted without storing their IDs |
//! | `monitor.heartbeat` | the state of the process that uses the store, written once a second |
//! | `monitor.redb.damaged-…` | a damaged database in quarantine; the latest three remain until a user is erased |
//!
//! The folder is created with mode 0700, and the files with mode 0600.
//!
//! # Durability
//!
//! The monitor saves each change within 100 ms, in one transaction with the other changes of that time. A process that
//! is killed loses at most that. [`Monitor::flush`](monitor_core::Monitor::flush) waits until everything is saved.
//!
//! # Sharing between processes
//!
//! Only one process uses the store, until it exits. Another process, such as the next release during a rollout, runs in
//! memory and retries once a second; once the first process has exited, it merges its own data into the store. Until
//! then it does not know what the first process has persisted: issues are new to it, and disabled routes are enabled. A
//! process that never gets access loses its data on exit and logs that.
//!
//! # The end of the last process
//!
//! The process that uses the store writes its release, the numbers of requests in flight by route, the boot ID and the
//! number of OOM kills in its control group to `monitor.heartbeat`, once a second and without a sync. The next process
//! to use the store compares them with the present, and the monitor sends
//! [`Signal::ProcessEnded`](monitor_core::Signal::ProcessEnded), which `LogReporter` logs as `process_ended`:
//!
//! | end | the file says |
//! | --- | --- |
//! | `ended_by_itself` | the monitor was shut down or dropped, or the main thread ended the process |
//! | `killed` | none of the other ends: a signal without a handler, such as SIGKILL, or an abort |
//! | `out_of_memory` | a killed process, in whose control group an OOM kill was counted since |
//! | `machine_restarted` | another boot ID: the machine restarted, or the folder is on another machine now |
//! | `not_recorded` | nothing: there is no file, or it was not written as a whole |
//!
//! - A return from `main` counts as an end by itself, with any exit status and without
//!   [`shutdown`](monitor_core::Monitor::shutdown), even if a task still holds the monitor. So does
//!   `std::process::exit` on the main thread. Both require that the monitor is built on the main thread, and the C
//!   library is glibc. An exit on another thread reads as `killed`.
//! - SIGTERM kills a process without a handler for it. Handle it, as `examples/todo-api` does, or each deployment reads
//!   as `killed`.
//! - The OOM counter belongs to the control group. Where the group is removed with the process, as that of a container
//!   or a systemd service may be, its counter is lost, and the end reads as `killed`.
//! - A disk without room for the file costs the heartbeats of this process; one drop with reason `not_persisted` is
//!   counted, and the next process reads `not_recorded`.
//!
//! The file is text; `head -n 20 monitor.heartbeat` shows it.
//!
//! # Rollbacks
//!
//! A file in a newer format, which this release cannot read, is not touched. The process runs in memory, logs a warning
//! and retries. A rollback therefore loses the data of the older release only, and nothing that the newer one stored.
//! Unknown keys, fields and values are preserved.
//!
//! # Damage
//!
//! All checksums are verified when the file is opened. A damaged file is renamed, an error with the reason is logged,
//! and a new file is created; a process that had the file open writes all its data from memory to the new one. redb
//! panics on some kinds of damage. The panic is caught, except in a program built with `panic = "abort"`: it aborts on
//! every start until the file is removed.
//!
//! While the disk is full, changes are not saved; the monitor counts them and retries. A new file gets its name only
//! when it is complete, so that a torn one is not taken for damage.

#![cfg_attr(docsrs, feature(doc_cfg))]

// Modules in dependency order: each uses only those above it. `cargo xtask lint` checks this.

// The lock that gives one process at a time the store.
mod lock;

// The errors of a store and its database.
mod error;

// Quarantine of damaged files.
mod quarantine;

// The storage below the database.
mod backend;

// Tables and format versions.
mod database;

// The open file.
mod file;

// The file with the heartbeat of the process.
mod heartbeat;

// The storage passed to a monitor.
mod store;

// The sweep of storage faults.
#[cfg(test)]
mod sweep;

pub use self::{
    error::StoreError,
    store::{Store, StoreBuilder},
};
