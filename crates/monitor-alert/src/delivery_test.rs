//! Tests of the delivery: a marked alert for each notifier, and its result.

use std::{
    sync::{Arc, mpsc::Sender},
    time::Duration,
};

use crate::{
    alert::{Alert, Notification, Transition},
    hash,
    notifier::DeliveryError,
    time::Now,
};

/// The result of a test of one notifier. Returned by [`AlertHandle::test`](crate::AlertHandle::test).
#[derive(Debug)]
#[non_exhaustive]
pub struct TestResult {
    /// Name of the notifier.
    pub notifier: String,
    /// Whether the receiver accepted both the beginning and the end of the test alert.
    pub result: Result<(), DeliveryError>,
}

/// The test of one notifier, for its thread.
#[derive(Debug)]
pub(crate) struct DeliveryTest {
    begin: Notification,
    end: Notification,
    results: Sender<TestResult>,
    notifier: String,
}

impl DeliveryTest {
    /// Creates a test whose result goes to `results`. Each test has IDs of its own, so that no receiver takes it for a
    /// repetition.
    pub(crate) fn new(notifier: &str, alert: &Arc<Alert>, now: Now, results: Sender<TestResult>) -> Self {
        let moment = format!("{now:?}");
        let notification = |transition: Transition| Notification {
            id: hash::id(&["delivery-test", notifier, &moment, transition.as_str()]),
            transition,
            episode: 1,
            alert: Arc::clone(alert),
            acknowledge_url: None,
            attempt: 1,
            is_saved: false,
        };
        let [begin, end] = [Transition::Triggered, Transition::Resolved].map(notification);
        Self { begin, end, results, notifier: notifier.to_owned() }
    }

    /// Runs the test with a function that delivers.
    pub(crate) fn run(self, mut deliver: impl FnMut(&Notification) -> Result<(), DeliveryError>) {
        let result = deliver(&self.begin).and_then(|()| deliver(&self.end));
        // The caller may have stopped waiting.
        let _ = self.results.send(TestResult { notifier: self.notifier, result });
    }
}

/// Returns the results in the order of `notifiers`. One that is missing has failed.
pub(crate) fn in_order(notifiers: Vec<String>, mut results: Vec<TestResult>, timeout: Duration) -> Vec<TestResult> {
    let result = |notifier: String| {
        let at = results.iter().position(|result| result.notifier == notifier);
        if let Some(at) = at {
            return results.swap_remove(at);
        }
        let missing = format!("no result within {timeout:?}: an earlier attempt hangs, or the monitor has ended");
        TestResult { notifier, result: Err(DeliveryError::retryable(missing)) }
    };
    notifiers.into_iter().map(result).collect()
}

/// Rule of the test alert.
pub(crate) const RULE: &str = "test";
