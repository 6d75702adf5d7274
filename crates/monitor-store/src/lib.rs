//! Persists issues, their events and the disabled routes in one file, so that they survive a restart.
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

// The storage passed to a monitor.
mod store;

// The sweep of storage faults.
#[cfg(test)]
mod sweep;

pub use self::{
    error::StoreError,
    store::{Store, StoreBuilder},
};
