//! Whose word is taken for a request's identifier and its trace.

use std::net::IpAddr;

use super::networks::Networks;

/// Whose word is taken for a request's identifier and its trace.
///
/// What is not taken over is kept beside, where it is valid: as `client_request_id` and `client_trace_id` in the scope, the
/// log and in events. What is not valid is kept nowhere. An identifier that holds what redaction masks, such as a card
/// number, is taken over from nobody.
///
/// Of several layers of ours the outermost decides: put the one with the policy there.
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
    /// Nobody's: every request gets an identifier and a trace of its own.
    #[default]
    Own,
    /// Everybody's, where it is valid. Only for a service that strangers cannot reach: whoever chooses identifiers can
    /// make two requests look like one. Whether a trace is sampled costs whoever keeps it, so nobody is obeyed in that:
    /// the monitor [decides](monitor_core::MonitorBuilder::trace_sampling).
    Accept,
    /// That of peers in these networks, also for whether the trace is sampled. The peer is whoever holds the connection.
    TrustedPeer(Networks),
}

impl IdPolicy {
    /// Returns whether what `peer` sends is taken over, and whether it is obeyed in what is sampled.
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
