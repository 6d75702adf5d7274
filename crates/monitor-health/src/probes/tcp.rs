//! A TCP port that accepts connections.

use tokio::net::TcpStream;

use crate::probe::{HealthProbe, ProbeFuture, result::ProbeResult};

/// Connects to a TCP port and closes the connection. A refused connection is a [decisive](ProbeResult::decisive) error.
///
/// # Example
///
/// ```
/// use monitor_kit::health::{Probe, TcpProbe};
///
/// let probe = Probe::new("mail", TcpProbe::new("mail.example:25"));
/// ```
#[derive(Clone, Debug)]
pub struct TcpProbe {
    addr: String,
}

impl TcpProbe {
    /// Creates a probe that connects to `addr`, a host and a port. The host is resolved in each run.
    #[must_use]
    pub fn new(addr: impl Into<String>) -> Self {
        Self { addr: addr.into() }
    }
}

impl HealthProbe for TcpProbe {
    fn check(&self) -> ProbeFuture<'_> {
        Box::pin(async {
            match TcpStream::connect(&self.addr).await {
                Ok(_) => ProbeResult::ok(),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                    ProbeResult::error("Connection refused").source(error).decisive()
                }
                Err(error) => ProbeResult::error("Connection failed").source(error),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;
    use monitor_core::HealthStatus;

    #[tokio::test]
    async fn a_port_without_a_listener_fails_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let probe = TcpProbe::new(listener.local_addr().unwrap().to_string());
        assert_eq!(probe.check().await.status(), HealthStatus::Ok);
        drop(listener);
        let result = probe.check().await;
        assert_eq!(
            (result.status(), result.is_decisive(), result.message()),
            (HealthStatus::Error, true, "Connection refused")
        );
        let result = TcpProbe::new("no port").check().await;
        assert_eq!((result.status(), result.is_decisive()), (HealthStatus::Error, false));
    }
}
