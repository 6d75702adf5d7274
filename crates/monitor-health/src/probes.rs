//! Probes for common dependencies and resources, one file each.
//!
//! Each has a feature `probe-…`, which four lists name: the manifests and the docs of this crate and of monitor-kit.

#[cfg(feature = "probe-disk")]
pub(crate) mod disk;
#[cfg(feature = "probe-error-ratio")]
pub(crate) mod error_ratio;
#[cfg(all(test, any(feature = "probe-open-files", feature = "probe-memory")))]
mod exhausted;
#[cfg(feature = "probe-http")]
pub(crate) mod http;
#[cfg(feature = "probe-memory")]
pub(crate) mod memory;
#[cfg(feature = "probe-open-files")]
pub(crate) mod open_files;
#[cfg(feature = "probe-postgres")]
pub(crate) mod postgres;
#[cfg(feature = "probe-redis")]
pub(crate) mod redis;
#[cfg(feature = "probe-runtime")]
pub(crate) mod runtime;
#[cfg(feature = "probe-sqlite")]
pub(crate) mod sqlite;
#[cfg(feature = "probe-tcp")]
pub(crate) mod tcp;
