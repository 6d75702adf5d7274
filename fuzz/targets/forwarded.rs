//! Lists of addresses, one header per line: whatever a client sends, the entry of the trusted proxy is used.
#![no_main]

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use monitor_tower::{Networks, TrustedProxies};

fuzz_target!(|data: &[u8]| {
    let proxies = TrustedProxies::new(Networks::parse(["10.0.0.0/8"]).expect("it is a network"));
    let [proxy, stranger, client]: [IpAddr; 3] =
        ["10.0.0.1", "192.0.2.1", "198.51.100.7"].map(|text| text.parse().expect("it is an address"));
    for (name, entry) in [("forwarded", "for=198.51.100.7"), ("x-forwarded-for", "198.51.100.7")] {
        let mut headers = HeaderMap::new();
        for value in data.split(|byte| *byte == b'\n').filter_map(|line| HeaderValue::from_bytes(line).ok()) {
            headers.append(name, value);
        }
        assert_eq!(proxies.client(stranger, &headers), stranger);
        let _ = proxies.client(proxy, &headers);

        let mut apart = headers.clone();
        apart.append(name, HeaderValue::from_static(entry));
        assert_eq!(proxies.client(proxy, &apart), client);

        let last = headers.get_all(name).iter().next_back().cloned();
        if let Some(Ok(last)) = last.as_ref().map(HeaderValue::to_str) {
            let mut joined = HeaderMap::new();
            joined.append(name, HeaderValue::try_from(format!("{last}, {entry}")).expect("it was one before"));
            assert_eq!(proxies.client(proxy, &joined), client);
        }
    }
});
