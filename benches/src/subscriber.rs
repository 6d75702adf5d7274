//! The global subscriber of a process, because dispatch to a global subscriber is the fast path.

use std::io;

use monitor_log::JsonLayer;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::prelude::*;

use crate::cases::monitor;

/// The logging setup of a process.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "used by the benches only")]
pub enum Log {
    /// No subscriber.
    None,
    /// tracing-subscriber's JSON formatter; the lines are discarded.
    Peers,
    /// monitor-log's JSON layer; the lines are discarded.
    Ours,
}

impl Log {
    /// Returns the setup of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::None, Self::Peers, Self::Ours].into_iter().find(|log| log.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Peers => "peers",
            Self::Ours => "ours",
        }
    }

    /// Installs the subscriber.
    pub fn begin(self) {
        match self {
            Self::None => {}
            Self::Peers => {
                tracing_subscriber::fmt().json().with_max_level(tracing::Level::INFO).with_writer(io::sink).init();
            }
            Self::Ours => {
                let lines = JsonLayer::new(monitor()).writer(io::sink);
                tracing_subscriber::registry().with(LevelFilter::INFO).with(lines).init();
            }
        }
    }
}
