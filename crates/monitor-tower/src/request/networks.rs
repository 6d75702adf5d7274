//! Networks whose addresses are trusted.

use std::{error::Error, fmt, net::IpAddr};

/// A list of networks, such as those of the service's own proxies.
///
/// # Example
///
/// ```
/// use monitor_kit::Networks;
///
/// let inside = Networks::parse(["10.0.0.0/8", "fd00::/8", "192.0.2.7"])?;
/// assert!(inside.contains("10.1.2.3".parse()?));
/// assert!(!inside.contains("192.0.2.8".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Networks(Vec<Network>);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Network {
    address: IpAddr,
    prefix: u8,
}

/// The error for a text that is not a network.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NetworkError {
    text: String,
    what: &'static str,
}

impl Networks {
    /// Parses networks in CIDR notation (RFC 4632), and single addresses.
    ///
    /// # Errors
    ///
    /// If a text is neither, or has bits set after its prefix.
    pub fn parse<T: AsRef<str>>(networks: impl IntoIterator<Item = T>) -> Result<Self, NetworkError> {
        networks.into_iter().map(|text| Network::parse(text.as_ref())).collect::<Result<_, _>>().map(Self)
    }

    /// Returns the loopback networks: `127.0.0.0/8` and `::1`.
    ///
    /// # Example: a proxy on the same machine
    ///
    /// ```
    /// use monitor_kit::{Networks, TrustedProxies};
    ///
    /// let proxies = TrustedProxies::new(Networks::loopback());
    /// ```
    #[must_use]
    pub fn loopback() -> Self {
        let (v4, v6) = (std::net::Ipv4Addr::new(127, 0, 0, 0).into(), std::net::Ipv6Addr::LOCALHOST.into());
        Self(vec![Network { address: v4, prefix: 8 }, Network { address: v6, prefix: 128 }])
    }

    /// Returns whether `address` is in one of the networks. An IPv4-mapped IPv6 address counts as its IPv4 address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(address))
    }
}

impl Network {
    fn parse(text: &str) -> Result<Self, NetworkError> {
        let error = |what| NetworkError { text: text.to_owned(), what };
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| error("is no address: write it as 10.0.0.0/8 or ::1"))?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let is_number = |prefix: &&str| prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = match prefix {
            None => longest,
            Some(prefix) => Some(prefix).filter(is_number).and_then(|prefix| prefix.parse().ok()).unwrap_or(u8::MAX),
        };
        if prefix > longest {
            return Err(error("has a prefix that is too long or no number: it is at most 32 for IPv4, 128 for IPv6"));
        }
        // Store an IPv4-mapped network as IPv4, because addresses are converted the same way before the lookup.
        let (address, prefix) = match (address.to_canonical(), prefix.checked_sub(96)) {
            (mapped @ IpAddr::V4(_), Some(prefix)) => (mapped, prefix),
            _ => (address, prefix),
        };
        let network = Self { address, prefix };
        if network.masked(address) != bits(address) {
            return Err(error("has bits set behind its prefix: write the network's first address"));
        }
        Ok(network)
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.address.is_ipv4() == address.is_ipv4() && self.masked(address) == bits(self.address)
    }

    fn masked(&self, address: IpAddr) -> u128 {
        let length = if address.is_ipv4() { 32 } else { 128 };
        let behind = u32::from(length - self.prefix);
        // A shift by 128 bits, for prefix 0 of IPv6, overflows; all bits are masked then.
        bits(address).checked_shr(behind).and_then(|bits| bits.checked_shl(behind)).unwrap_or(0)
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the network `{}` {}", self.text, self.what)
    }
}

impl Error for NetworkError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(network: &str, address: &str) -> bool {
        Networks::parse([network]).expect(network).contains(address.parse().expect(address))
    }

    #[test]
    fn a_network_holds_what_shares_its_prefix() {
        assert!(contains("10.0.0.0/8", "10.255.0.1") && !contains("10.0.0.0/8", "11.0.0.0"));
        assert!(contains("192.0.2.128/25", "192.0.2.129") && !contains("192.0.2.128/25", "192.0.2.127"));
        assert!(contains("2001:db8::/33", "2001:db8:7fff::") && !contains("2001:db8::/33", "2001:db8:8000::"));
        assert!(contains("0.0.0.0/0", "192.0.2.1") && !contains("0.0.0.0/0", "::1"));
        assert!(contains("::/0", "2001:db8::1") && !contains("::/0", "192.0.2.1"));
        assert!(contains("::ffff:10.0.0.0/104", "10.9.9.9") && contains("::ffff:10.0.0.1", "10.0.0.1"));
        assert!(contains("192.0.2.1", "::ffff:192.0.2.1") && contains("::1", "::1") && !contains("::1", "::2"));
    }

    #[test]
    fn a_malformed_network_is_refused_by_name() {
        let refusal = |text: &str| Networks::parse([text]).expect_err(text).to_string();
        assert_eq!(refusal("inside"), "the network `inside` is no address: write it as 10.0.0.0/8 or ::1");
        assert_eq!(
            refusal("10.0.0.1/8"),
            "the network `10.0.0.1/8` has bits set behind its prefix: write the network's first address"
        );
        for text in ["10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8"] {
            assert!(refusal(text).contains("has a prefix that is too long or no number"), "{text}");
        }
        assert!(refusal("").contains("is no address"));
    }

    #[test]
    fn loopback_is_this_machine() {
        assert_eq!(Networks::loopback(), Networks::parse(["127.0.0.0/8", "::1"]).expect("they are right"));
    }
}
