//! The subscriber a process logs through, for a whole process: the fast way to a global one is what is measured.

use std::io;

use monitor_log::JsonLayer;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::prelude::*;

use crate::cases::monitor;

/// Who writes the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "there is nobody else")]
pub enum Log {
    /// Nobody: there is no subscriber.
    None,
    /// tracing-subscriber's JSON formatter, to nowhere.
    Peers,
    /// monitor-log's, to nowhere.
    Ours,
}

impl Log {
    /// Returns who is called so.
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

    /// Begins to log.
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
