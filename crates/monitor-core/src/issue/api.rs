//! What a monitor offers of its issues: they are listed, found, decided on, and a user is erased from them.

use std::{sync::atomic::Ordering, time::Duration};

use super::{Issue, IssueError, IssuePage, IssueQuery, Triage, eraser::Eraser};
use crate::{base::clock, model::fingerprint::Fingerprint, monitor::Monitor};

/// How much of a user was let go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ErasedUser {
    /// How many issues were changed.
    pub issues: usize,
    /// How many events are gone.
    pub events: usize,
    /// Whether nothing remains where it is kept. If not, it is tried again until nothing does.
    pub is_persisted: bool,
}

impl Monitor {
    /// Returns every issue, the one last seen first. Counts are exact up to now; an event still on its way to the
    /// intake is not among the samples.
    #[must_use]
    pub fn issues(&self) -> Vec<Issue> {
        self.find_issues(&IssueQuery::new().limit(usize::MAX)).issues
    }

    /// Returns the issues that are asked for.
    #[must_use]
    pub fn find_issues(&self, query: &IssueQuery) -> IssuePage {
        let found = self.inner().map(|inner| inner.shared.issues.find(query));
        found.unwrap_or_else(|| IssuePage { issues: Vec::new(), total: 0 })
    }

    /// Decides on an issue, in the name of `actor`. Reporters are told by [`Signal::IssueChanged`](crate::Signal::IssueChanged).
    ///
    /// # Errors
    ///
    /// When there is no such issue, nobody is named, or the order makes no sense.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use monitor_kit::{IssueStatus, Level, Monitor, Triage};
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// monitor.capture_message(Level::Error, "out of stock");
    /// monitor.flush(Duration::from_secs(5));
    /// let fingerprint = monitor.issues()[0].fingerprint;
    /// let issue = monitor.triage(fingerprint, Triage::ResolveIn("1.0.1".into()), "ada")?;
    /// assert_eq!(issue.status.state, IssueStatus::Resolved);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn triage(&self, fingerprint: Fingerprint, order: Triage, actor: &str) -> Result<Issue, IssueError> {
        let inner = self.inner().ok_or(IssueError::MonitorDisabled)?;
        let shared = &inner.shared;
        for signal in shared.issues.decide(fingerprint, order, actor, clock::wall(), &shared.redaction)? {
            inner.outlets.publish(signal);
        }
        self.keep();
        shared.issues.get(fingerprint).ok_or(IssueError::Unknown(fingerprint))
    }

    /// Lets go everything of one user, as [`set_user`](crate::scope::set_user) called them: every event of theirs, every event
    /// that has this and nothing else as the value of a tag, in a context or in a breadcrumb, their part in the number of users
    /// affected, and this as a word of what an issue says. Counts stay, and so do other users' events that name them. What is kept on disk is rewritten, so that nothing remains there either.
    ///
    /// What reporters were told before is theirs to erase. It waits for at most 10 s; what is on its way for longer is not kept
    /// either.
    pub fn erase_user(&self, user: &str) -> ErasedUser {
        let nothing = ErasedUser { issues: 0, events: 0, is_persisted: true };
        let Some(inner) = self.inner().filter(|_| !user.trim().is_empty()) else { return nothing };
        let deadline = clock::after(ERASING);
        // What is on its way comes first, or it would come after.
        let mut is_persisted = inner.intake.flush(deadline).wait(deadline);
        let mark = inner.shared.sources.mark(user);
        inner.shared.unresolved.erase(&Eraser { user: user.to_owned(), mark });
        let (issues, events) = inner.shared.issues.erase(user, mark);
        if let Some(saver) = &inner.saver {
            inner.shared.is_purge_due.store(true, Ordering::Release);
            let _ = saver.flush(deadline).wait(deadline);
            is_persisted &= !inner.shared.is_purge_due.load(Ordering::Acquire);
        }
        ErasedUser { issues, events, is_persisted }
    }

    /// Returns the issue with this fingerprint.
    #[must_use]
    pub fn issue(&self, fingerprint: Fingerprint) -> Option<Issue> {
        self.inner().and_then(|inner| inner.shared.issues.get(fingerprint))
    }
}

const ERASING: Duration = Duration::from_secs(10);
