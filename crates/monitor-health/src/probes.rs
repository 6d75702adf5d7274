//! Probes for what many services need.

#[cfg(feature = "disk")]
mod disk;
#[cfg(feature = "error-ratio")]
mod error_ratio;
#[cfg(feature = "fds")]
mod fds;
#[cfg(feature = "http-probe")]
mod http;
#[cfg(feature = "memory")]
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "runtime")]
mod runtime;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "tcp")]
mod tcp;

#[cfg(feature = "disk")]
pub use self::disk::DiskSpace;
#[cfg(feature = "error-ratio")]
pub use self::error_ratio::ErrorRatio;
#[cfg(feature = "fds")]
pub use self::fds::OpenFiles;
#[cfg(feature = "http-probe")]
pub use self::http::HttpProbe;
#[cfg(feature = "memory")]
pub use self::memory::MemoryLeft;
#[cfg(feature = "postgres")]
pub use self::postgres::PostgresProbe;
#[cfg(feature = "redis")]
pub use self::redis::RedisProbe;
#[cfg(feature = "runtime")]
pub use self::runtime::RuntimeLag;
#[cfg(feature = "sqlite")]
pub use self::sqlite::SqliteProbe;
#[cfg(feature = "tcp")]
pub use self::tcp::TcpProbe;
