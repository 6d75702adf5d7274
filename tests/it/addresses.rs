//! Client addresses, and how much of them is shown.

use std::net::IpAddr;

use http::Request;
use monitor_kit::{ForwardedHeader, Level, MonitorBuilder, MonitorLayer, Networks, Redaction, TrustedProxies};

use crate::support::{Log, builder, call, get, only_event, status, watched_by};

#[test]
fn the_peer_is_shown_without_its_last_bits() {
    assert_eq!(shown(builder(), untrusting, "192.0.2.77", &[]), "192.0.2.0");
    assert_eq!(shown(builder(), untrusting, "2001:db8:1:2::7", &[]), "2001:db8:1::");
}

#[test]
fn in_full_only_where_it_is_asked_for() {
    let full = || builder().show_full_ips(true);
    assert_eq!(shown(full(), untrusting, "192.0.2.77", &[]), "192.0.2.77");
    assert_eq!(shown(full(), untrusting, "::ffff:192.0.2.77", &[]), "192.0.2.77");
    assert_eq!(shown(full(), trusting, "10.0.0.1", &[("x-forwarded-for", "203.0.113.9")]), "203.0.113.9");
}

#[test]
fn send_default_pii_shows_personal_data_in_whichever_order_it_is_set() {
    let first: fn() -> MonitorBuilder = || builder().send_default_pii(true).redaction(Redaction::new());
    let last: fn() -> MonitorBuilder = || builder().redaction(Redaction::new()).send_default_pii(true);
    for builder in [first, last] {
        assert_eq!(shown(builder(), untrusting, "192.0.2.77", &[]), "192.0.2.77");
        let (monitor, memory) = watched_by(builder());
        monitor.capture_message("mail to ada@example.org", Level::Error);
        assert_eq!(only_event(&monitor, &memory).failure.message, "mail to ada@example.org");
    }
}

#[test]
fn a_forged_header_from_a_stranger_changes_nothing() {
    for name in ["x-forwarded-for", "forwarded", "x-real-ip"] {
        let headers = [(name, "for=203.0.113.9"), (name, "203.0.113.9")];
        assert_eq!(shown(builder(), trusting, "192.0.2.77", &headers), "192.0.2.0");
        assert_eq!(shown(builder(), untrusting, "10.0.0.1", &headers), "10.0.0.0");
    }
}

#[test]
fn behind_trusted_proxies_the_client_is_shown() {
    let forged = [("x-forwarded-for", "1.2.3.4, 203.0.113.9"), ("x-forwarded-for", "10.0.0.2")];
    assert_eq!(shown(builder(), trusting, "10.0.0.1", &forged), "203.0.113.0");
    assert_eq!(shown(builder(), trusting, "10.0.0.1", &[("forwarded", "for=\"[2001:db8:1:2::7]\"")]), "2001:db8:1::");
}

#[test]
fn a_header_the_proxies_do_not_write_is_ignored_where_one_says_so() {
    let layer = |layer: MonitorLayer| {
        let networks = Networks::parse(["10.0.0.0/8"]).expect("a network");
        layer.trusted_proxies(TrustedProxies::new(networks).header(ForwardedHeader::XForwardedFor))
    };
    let headers = [("forwarded", "for=1.2.3.4"), ("x-forwarded-for", "203.0.113.9")];
    assert_eq!(shown(builder(), layer, "10.0.0.1", &headers), "203.0.113.0");
}

#[test]
fn a_malformed_address_is_shown_nowhere() {
    let headers = [("x-forwarded-for", "\"><script>alert(1)</script>")];
    assert_eq!(shown(builder(), trusting, "10.0.0.1", &headers), "10.0.0.0");
}

/// Returns the address in the log, which is the same as the one in the event.
#[track_caller]
fn shown(
    builder: MonitorBuilder,
    layer: impl FnOnce(MonitorLayer) -> MonitorLayer,
    peer: &str,
    headers: &[(&'static str, &str)],
) -> String {
    let (log, (monitor, memory)) = (Log::default(), watched_by(builder));
    let layer = layer(MonitorLayer::new(&monitor).peer(|head| head.extensions.get::<IpAddr>().copied()));
    log.during(|| drop(call(&layer, from(peer, headers), || status(500, ""))));
    let line = log.request_line()["remote_addr"].as_str().expect("there is a peer").to_owned();
    assert_eq!(only_event(&monitor, &memory).scope.remote_addr, line);
    assert!(!log.text().contains("script"));
    line
}

fn untrusting(layer: MonitorLayer) -> MonitorLayer {
    layer
}

fn trusting(layer: MonitorLayer) -> MonitorLayer {
    layer.trusted_proxies(TrustedProxies::new(Networks::parse(["10.0.0.0/8"]).expect("a network")))
}

fn from(peer: &str, headers: &[(&'static str, &str)]) -> Request<()> {
    let mut request = get("/");
    request.extensions_mut().insert(peer.parse::<IpAddr>().expect("an address"));
    for (name, value) in headers {
        request.headers_mut().append(*name, value.parse().expect("a header value"));
    }
    request
}
