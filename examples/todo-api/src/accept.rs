//! Accepts connections, and logs failures to do so.

use std::{
    io::{Error, ErrorKind},
    net::SocketAddr,
    time::{Duration, Instant},
};

use monitor_kit::clock;
use tokio::{
    net::{TcpListener, TcpStream},
    time::sleep,
};

/// Failures to accept a connection.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    unlogged: u64,
    logged: Option<Instant>,
}

/// Returns the next connection. Retries ten times a second while the system has no file descriptor or memory left.
pub(crate) async fn accept(listener: &TcpListener, failures: &mut Failures) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(connection) => return connection,
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                if let Some(attempts) = failures.add(clock::now()) {
                    tracing::error!(%error, attempts, "cannot accept connections");
                }
                sleep(PAUSE).await;
            }
        }
    }
}

impl Failures {
    /// Counts a failure. If a log line is due, returns the number of failures since the last line.
    fn add(&mut self, now: Instant) -> Option<u64> {
        self.unlogged += 1;
        if self.logged.is_some_and(|logged| now.saturating_duration_since(logged) < QUIET) {
            return None;
        }
        self.logged = Some(now);
        Some(std::mem::take(&mut self.unlogged))
    }
}

/// Returns whether the client closed its connection before it was accepted.
fn is_of_the_client(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset)
}

const PAUSE: Duration = Duration::from_millis(100);

/// Minimum time between two log lines.
const QUIET: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_minute_counts_the_failures_since_the_last() {
        let (begin, mut failures) = (clock::now(), Failures::default());
        let at = |seconds| begin + Duration::from_secs(seconds);
        assert_eq!([0, 1, 59, 60, 61].map(|seconds| failures.add(at(seconds))), [Some(1), None, None, Some(3), None]);
    }
}
