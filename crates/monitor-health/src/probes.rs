//! Probes for common dependencies and resources, one file each.

#[cfg(feature = "disk")]
pub(crate) mod disk;
#[cfg(feature = "error-ratio")]
pub(crate) mod error_ratio;
#[cfg(all(test, any(feature = "fds", feature = "memory")))]
mod exhausted;
#[cfg(feature = "fds")]
pub(crate) mod fds;
#[cfg(feature = "http-probe")]
pub(crate) mod http;
#[cfg(feature = "memory")]
pub(crate) mod memory;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(feature = "redis")]
pub(crate) mod redis;
#[cfg(feature = "runtime")]
pub(crate) mod runtime;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;
#[cfg(feature = "tcp")]
pub(crate) mod tcp;
