//! Probes for what most services stand on.

#[cfg(feature = "disk")]
mod disk;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "disk")]
pub use self::disk::DiskSpace;
#[cfg(feature = "sqlite")]
pub use self::sqlite::SqliteProbe;
