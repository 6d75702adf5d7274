//! Methods of the monitor for issues: list, find and triage them, and erase a user.

use std::{sync::atomic::Ordering, time::Duration};

use super::{Issue, IssueError, IssuePage, IssueQuery, Triage, error::Refusal};
use crate::{
    base::clock, event::EventKind, model::fingerprint::Fingerprint, monitor::Monitor, persist::eraser::Eraser,
};

/// The extent of an erasure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ErasedUser {
    /// Number of changed issues.
    pub issues: usize,
    /// Number of erased events.
    pub events: usize,
    /// Whether the erasure is complete in the store, too. If not, the monitor retries until it is.
    pub is_persisted: bool,
}

impl Monitor {
    /// Returns all issues, the last seen first. Counts are exact as of the call; events that the intake has not
    /// processed yet are missing from the samples.
    #[must_use]
    pub fn issues(&self) -> Vec<Issue> {
        self.find_issues(&IssueQuery::new().limit(usize::MAX)).issues
    }

    /// Returns the issues that match `query`.
    #[must_use]
    pub fn find_issues(&self, query: &IssueQuery) -> IssuePage {
        let found = self.inner().map(|inner| inner.shared.issues.find(query));
        found.unwrap_or_else(|| IssuePage { issues: Vec::new(), total: 0 })
    }

    /// Makes a decision on an issue in the name of `actor`. Reporters receive
    /// [`Signal::IssueChanged`](crate::Signal::IssueChanged). Waits until the decision is persisted, for at most 5 s.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such issue, `actor` is empty, or the order is invalid.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use monitor_kit::{IssueStatus, Level, Monitor, Triage};
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// monitor.capture_message("out of stock", Level::Error);
    /// monitor.flush(Duration::from_secs(5));
    /// let fingerprint = monitor.issues()[0].fingerprint;
    /// let issue = monitor.triage(fingerprint, Triage::ResolveIn("1.0.1".into()), "ada")?;
    /// assert_eq!(issue.status.state, IssueStatus::Resolved);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn triage(&self, fingerprint: Fingerprint, order: Triage, actor: &str) -> Result<Issue, IssueError> {
        let inner = self.inner().ok_or(Refusal::MonitorDisabled)?;
        let shared = &inner.shared;
        for signal in shared.issues.triage(fingerprint, order, actor, clock::wall(), &shared.redaction)? {
            inner.reporters.publish(signal);
        }
        self.wait_for_saver();
        Ok(shared.issues.get(fingerprint).ok_or(Refusal::Unknown(fingerprint))?)
    }

    /// Erases a user by the ID given to [`set_user`](crate::scope::set_user). Removes all events of the user, all
    /// events with the ID as the whole value of a tag, in a context or in a breadcrumb, the user's part in the number
    /// of affected users, and the ID as a word in an issue's message. Counts stay, and so do other users' events that
    /// mention the user elsewhere. The store is rewritten, so that no trace remains on disk.
    ///
    /// Signals that reporters have already received are theirs to erase. Waits for at most 10 s; events that are in the
    /// queues for longer are dropped on arrival.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::{Level, Monitor, capture_message, scope::{self, Scope}};
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// Scope::new(&monitor).in_scope(|| {
    ///     scope::set_user("42");
    ///     capture_message("the basket was empty at checkout", Level::Error);
    /// });
    /// let erased = monitor.erase_user("42");
    /// assert_eq!((erased.issues, erased.events, erased.is_persisted), (1, 1, true));
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    pub fn erase_user(&self, user: &str) -> ErasedUser {
        let nothing = ErasedUser { issues: 0, events: 0, is_persisted: true };
        let Some(inner) = self.inner().filter(|_| !user.trim().is_empty()) else { return nothing };
        let deadline = clock::after(ERASING);
        // The queues are drained first, or their events would arrive after the erasure.
        let mut is_persisted = inner.intake.flush().wait(deadline);
        let eraser = Eraser::new(user, inner.shared.sources.mark(user));
        let (issues, events) = inner.shared.erase(&eraser);
        if let Some(saver) = &inner.saver {
            inner.shared.is_purge_due.store(true, Ordering::Release);
            let _ = saver.flush().wait(deadline);
            is_persisted &= !inner.shared.is_purge_due.load(Ordering::Acquire);
        }
        ErasedUser { issues, events, is_persisted }
    }

    /// Returns the number of issues that were opened, by kind.
    #[must_use]
    pub fn opened_issues(&self) -> Vec<(EventKind, u64)> {
        self.inner().map(|inner| inner.shared.issues.opened().collect()).unwrap_or_default()
    }

    /// Returns the number of resolved issues that occurred again, by kind.
    #[must_use]
    pub fn regressed_issues(&self) -> Vec<(EventKind, u64)> {
        self.inner().map(|inner| inner.shared.issues.regressed().collect()).unwrap_or_default()
    }

    /// Returns the issue with this fingerprint, or `None` if it never occurred or has expired.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use monitor_kit::{Level, Monitor};
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// monitor.capture_message("the basket was empty at checkout", Level::Error);
    /// monitor.flush(Duration::from_secs(5));
    /// let fingerprint = monitor.issues()[0].fingerprint;
    ///
    /// let issue = monitor.issue(fingerprint).expect("it was listed");
    /// assert_eq!(issue.to_json()["count"], 1);
    /// println!("{}", issue.explain());
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    #[must_use]
    pub fn issue(&self, fingerprint: Fingerprint) -> Option<Issue> {
        self.inner().and_then(|inner| inner.shared.issues.get(fingerprint))
    }
}

const ERASING: Duration = Duration::from_secs(10);
