//! Checks for the steps of the story.

use std::{fmt, time::Duration};

use http::StatusCode;
use monitor_kit::clock;
use serde_json::Value;
use tokio::time::sleep;

use crate::client::{NoResponse, Response};

/// A step whose check failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) step: u8,
    pub(crate) expected: String,
    pub(crate) saw: String,
}

/// The result of a step's checks; the error is what was expected and what was seen.
pub(crate) type Checked<T = ()> = Result<T, (String, String)>;

/// Checks that `response` is a problem of `status` with one request ID, and returns the ID.
pub(crate) fn problem(response: &Response, status: StatusCode) -> Checked<String> {
    expect("the answer's status", status.as_u16(), response.status.as_u16())?;
    expect("the answer's content type", "application/problem+json", response.header("content-type"))?;
    let id = response.header("x-request-id").to_owned();
    expect("the header and the problem name one request ID", id.as_str(), &response.json()["request_id"])?;
    expect("the request ID is a UUID", 36, id.len())?;
    Ok(id)
}

/// Returns the line of the log with this request ID and message.
pub(crate) fn find(log: &str, id: &str, message: &str) -> Value {
    let lines = log.lines().filter(|line| line.contains(id));
    let mut lines = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.find(|line| line["message"] == message).unwrap_or_default()
}

/// Waits until the condition holds.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) -> Checked {
    let deadline = clock::now() + START;
    while clock::now() < deadline {
        if holds() {
            return Ok(());
        }
        sleep(POLL).await;
    }
    Err(unmet(what, format!("not within {START:?}")))
}

/// Returns an error with both values if they differ.
pub(crate) fn expect<T: fmt::Debug + PartialEq<U>, U: fmt::Debug>(what: &str, expected: T, saw: U) -> Checked {
    if expected == saw { Ok(()) } else { Err((format!("{what}: {expected:?}"), format!("{saw:?}"))) }
}

/// Returns an error if no response arrived, whatever its status.
pub(crate) fn sent<T>(result: Result<T, NoResponse>) -> Checked<T> {
    result.map_err(|error| unmet("the service answers", error))
}

pub(crate) fn unmet(expected: &str, saw: impl fmt::Display) -> (String, String) {
    (expected.to_owned(), saw.to_string())
}

/// Adds the number of the step to an error.
pub(crate) fn at<T>(step: u8, checked: Checked<T>) -> Result<T, Failure> {
    checked.map_err(|(expected, saw)| Failure { step, expected, saw })
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, saw {}", self.expected, self.saw)
    }
}

pub(crate) const POLL: Duration = Duration::from_millis(50);
pub(crate) const START: Duration = Duration::from_secs(10);
