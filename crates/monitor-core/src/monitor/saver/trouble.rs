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
                "the state could not be saved; it stays in memory, and saving is retried"
            ),
            Self::Gone(why) => {
                tracing::error!(target: "monitor", why, "the stored state is lost; a new store was created");
            }
            Self::Unread(unread) => {
                tracing::warn!(target: "monitor", unread, "unreadable values were removed from the store");
            }
            Self::Foreign(values) => {
                tracing::warn!(
                    target: "monitor",
                    values,
                    "the store has values of a newer release; they are left unchanged"
                );
            }
        }
    }
}
