//! Keeps what must outlive the process in one file: issues and their events, and which routes are disabled.
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
//! # What is in the folder
//!
//! | file | what |
//! | --- | --- |
//! | `monitor.redb` | all that is kept, a [redb](https://docs.rs/redb) database |
//! | `monitor.lock` | locked by the process that has it |
//! | `monitor.secret` | what users are marked with, so that they are counted without being kept |
//! | `monitor.redb.damaged-…` | a database that could not be read, set aside; the last three are kept, until a user is erased |
//!
//! The folder is made with mode 0700, and the files with 0600.
//!
//! # When it is on disk
//!
//! The monitor saves what has changed at most 100 ms after it did, all of it or nothing. A process that is killed loses no
//! more than that. [`Monitor::flush`](monitor_core::Monitor::flush) waits for it.
//!
//! # When two processes share it
//!
//! One has it, for as long as it lives. The other one, such as the next release that is about to take over, goes on in memory
//! and asks once a second; once the first one is gone, it adds its own to what is there. Until then it knows nothing of what the
//! first one keeps: an issue is new to it, and a route that is disabled there is enabled here. A process that ends without ever
//! having had it, loses what it counted, and says so.
//!
//! # When a newer release wrote it
//!
//! A format that this release cannot read is left alone, and the process runs in memory, says so in the log and tries again: a
//! rollback loses what it counts itself, and nothing of what the newer release stored. Keys, fields and values that this release
//! does not know stay as they are.
//!
//! # When it is damaged
//!
//! All checksums are verified when it is opened. A file that is damaged is renamed, an error is
//! logged that says why, and a fresh one is begun; a process that had it open writes all it has in memory into that. redb
//! panics at some kinds of damage. That is caught, but in a program that is built with `panic = "abort"` nothing can be: it
//! ends, and does so again until the file is gone.
//!
//! A disk that is full costs what would be saved, until there is room again; the monitor counts that, and tries again. A new file
//! takes its name only once it is whole, so that none is taken for a damaged one.

#![cfg_attr(docsrs, feature(doc_cfg))]

// The floors, from the ground up: a module uses only those above it in this list. `cargo xtask lint` checks it.

// Which process has the folder.
mod lock;

// Why a store cannot be used.
mod error;

// Damaged files, set aside.
mod quarantine;

// Tables and formats.
mod database;

// The open file.
mod file;

// The storage that a monitor is given.
mod store;

pub use self::{
    error::StoreError,
    store::{Store, StoreBuilder},
};
