//! Problems of the storage, for the log.

/// A problem that operators must know of.
#[derive(Debug)]
pub(super) enum Trouble {
    Unsaved(String),
    Gone(String),
    Unread(u64),
    Foreign(usize),
}

impl Trouble {
    pub(super) fn log(&self) {
        match self {
            Self::Unsaved(error) => tracing::warn!(
                target: "monitor",
                error,
                "what must outlive the process could not be saved: it stays in memory, and is tried again"
            ),
            Self::Gone(why) => {
                tracing::error!(target: "monitor", why, "what was stored is gone: a fresh store is begun");
            }
            Self::Unread(unread) => {
                tracing::warn!(target: "monitor", unread, "some of what was stored could not be read, and is removed");
            }
            Self::Foreign(values) => {
                tracing::warn!(
                    target: "monitor",
                    values,
                    "a newer release stored values that this one cannot read: they are left alone"
                );
            }
        }
    }
}
