//! The policy for request IDs and traces that clients send.

use std::net::IpAddr;

use super::networks::Networks;

/// The policy for request IDs and traces that clients send.
///
/// Values that are valid but not adopted are recorded as `client_request_id` and `client_trace_id` in the scope, the
/// log and events. Invalid values are discarded. A request ID that contains anything redaction would mask, such as a
/// card number, is never adopted.
///
/// If several layers of this crate are stacked, the outermost one decides: set the policy there.
///
/// # Example
///
/// ```
/// use monitor_kit::{IdPolicy, Monitor, MonitorLayer, Networks};
///
/// let monitor = Monitor::builder("shop").build()?;
/// let gateways = Networks::parse(["10.0.0.0/8"])?;
/// let layer = MonitorLayer::new(&monitor).id_policy(IdPolicy::TrustedPeer(gateways));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum IdPolicy {
    /// Adopts nothing: each request gets a new request ID and a new trace.
    #[default]
    Own,
    /// Adopts valid values from every client. Only for a service that strangers cannot reach: a client that chooses
    /// request IDs can make two requests look like one. The client's sampling flag is ignored, because every sampled
    /// trace costs storage; the monitor [decides](monitor_core::MonitorBuilder::trace_sample_rate).
    Accept,
    /// Adopts values, including the sampling flag, from peers in these networks. The peer is the other end of the
    /// connection.
    TrustedPeer(Networks),
}

impl IdPolicy {
    /// Returns whether values from `peer` are adopted, and whether its sampling flag is.
    pub(crate) fn judge(&self, peer: Option<IpAddr>) -> (bool, bool) {
        match self {
            Self::Own => (false, false),
            Self::Accept => (true, false),
            Self::TrustedPeer(networks) => {
                let is_trusted = peer.is_some_and(|peer| networks.contains(peer));
                (is_trusted, is_trusted)
            }
        }
    }
}
