//! The client's address, by trusted proxies and forwarding headers.

use super::*;

fn proxies() -> TrustedProxies {
    TrustedProxies::new(Networks::parse(["10.0.0.0/8", "fd00::/8"]).expect("they are right"))
}

fn client(proxies: &TrustedProxies, peer: &str, headers: &[(&'static str, &str)]) -> String {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, value.parse().expect(value));
    }
    proxies.client(peer.parse().expect(peer), &map).to_string()
}

fn of_list(list: &str) -> String {
    client(&proxies(), "10.0.0.1", &[("x-forwarded-for", list)])
}

fn of_elements(elements: &str) -> String {
    client(&proxies(), "10.0.0.1", &[("forwarded", elements)])
}

#[test]
fn a_stranger_is_not_believed() {
    for name in ["x-forwarded-for", "forwarded"] {
        let value = if name == "forwarded" { "for=203.0.113.9" } else { "203.0.113.9" };
        assert_eq!(client(&proxies(), "192.0.2.1", &[(name, value)]), "192.0.2.1");
    }
}

#[test]
fn the_last_one_that_is_no_trusted_proxy_is_the_client() {
    assert_eq!(of_list("203.0.113.9"), "203.0.113.9");
    assert_eq!(of_list("203.0.113.9, 198.51.100.7, 10.0.0.3,10.0.0.2"), "198.51.100.7");
    assert_eq!(of_elements("for=203.0.113.9, for=198.51.100.7;proto=https, for=10.0.0.2"), "198.51.100.7");
    assert_eq!(of_list("10.0.0.9, 10.0.0.2"), "10.0.0.9", "where all are trusted it is the first");
}

#[test]
fn several_headers_are_one_list() {
    let lists = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "198.51.100.7, 10.0.0.2")];
    assert_eq!(client(&proxies(), "10.0.0.1", &lists), "198.51.100.7");
    let lists = [("forwarded", "for=203.0.113.9"), ("forwarded", "for=10.0.0.2")];
    assert_eq!(client(&proxies(), "10.0.0.1", &lists), "203.0.113.9");
}

#[test]
fn an_entry_that_is_no_address_ends_the_search() {
    for list in ["203.0.113.9, unknown", "203.0.113.9,", "203.0.113.9, 1.2.3", "203.0.113.9, <b>", ""] {
        assert_eq!(of_list(list), "10.0.0.1", "{list}");
    }
    assert_eq!(of_list("203.0.113.9, unknown, 10.0.0.2"), "10.0.0.2");
    for elements in ["for=unknown", "for=_hidden", "by=203.0.113.9", "for=a;for=203.0.113.9", "", "for", "for="] {
        assert_eq!(of_elements(elements), "10.0.0.1", "{elements}");
    }
}

#[test]
fn entries_may_have_a_port() {
    assert_eq!(of_list("203.0.113.9:4711"), "203.0.113.9");
    assert_eq!(of_list("[2001:db8::7]:4711"), "2001:db8::7");
    assert_eq!(of_list("[2001:db8::7]"), "2001:db8::7");
    assert_eq!(of_list("2001:db8::7"), "2001:db8::7");
    assert_eq!(of_list("::ffff:203.0.113.9"), "203.0.113.9");
    for list in ["203.0.113.9:", "[2001:db8::7", "[2001:db8::7]x", "[203.0.113.9]", "203.0.113.9:80:80", "[]:80"] {
        assert_eq!(of_list(list), "10.0.0.1", "{list}");
    }
}

#[test]
fn elements_are_read_as_rfc_7239_writes_them() {
    assert_eq!(of_elements("For=\"[2001:db8:cafe::17]:4711\""), "2001:db8:cafe::17");
    assert_eq!(of_elements("for=192.0.2.60;proto=http;by=203.0.113.43"), "192.0.2.60");
    assert_eq!(of_elements("by=203.0.113.43 ; FOR=192.0.2.60 ;"), "192.0.2.60");
    assert_eq!(of_elements("for=\"192.0.2.60:_port\""), "192.0.2.60");
    assert_eq!(of_elements("host=\"a,b;for=1.2.3.4\";for=192.0.2.60"), "192.0.2.60");
    assert_eq!(of_elements("host=\"a,\\\"b\";for=192.0.2.60"), "192.0.2.60");
    assert_eq!(of_elements("for=1.2.3.4, host=\"a,\\\\\";for=192.0.2.60"), "192.0.2.60");
    assert_eq!(of_elements("host=\"\\\",for=1.2.3.4\";for=\"192\\.0.2.60\""), "192.0.2.60");
}

#[test]
fn a_quotation_mark_left_open_swallows_nothing() {
    assert_eq!(of_elements("for=\"203.0.113.9, for=198.51.100.7"), "198.51.100.7");
    assert_eq!(of_elements("for=203.0.113.9\\\", for=\"198.51.100.7\""), "198.51.100.7");
    assert_eq!(of_elements("for=\"203.0.113.9"), "10.0.0.1");
    assert_eq!(of_elements("for=\"203.0.113.9\"x"), "10.0.0.1");
}

#[test]
fn where_both_headers_disagree_neither_is_believed() {
    let both = |forwarded, list| [("forwarded", forwarded), ("x-forwarded-for", list)];
    assert_eq!(client(&proxies(), "10.0.0.1", &both("for=203.0.113.9", "203.0.113.9")), "203.0.113.9");
    let forged = both("for=203.0.113.9", "198.51.100.7");
    assert_eq!(client(&proxies(), "10.0.0.1", &forged), "10.0.0.1");
    let shown = |header| client(&proxies().header(header), "10.0.0.1", &forged);
    assert_eq!(shown(ForwardedHeader::Forwarded), "203.0.113.9");
    assert_eq!(shown(ForwardedHeader::XForwardedFor), "198.51.100.7");
}

#[test]
fn a_row_of_proxies_has_its_end() {
    let list = ["10.0.0.2"; 1000].join(",");
    assert_eq!(of_list(&format!("203.0.113.9,{list}")), "10.0.0.2");
}

#[test]
fn a_header_that_is_not_text_is_ignored() {
    let mut headers = HeaderMap::new();
    headers.append(X_FORWARDED_FOR, http::HeaderValue::from_bytes(b"203.0.113.9\xff").expect("it is a value"));
    assert_eq!(proxies().client("10.0.0.1".parse().expect("an address"), &headers).to_string(), "10.0.0.1");
}
