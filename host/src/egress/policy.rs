//! Which addresses may be reached: asked after name resolution, for literals, and on each redirect.
//!
//! Source: the IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890 and its updates).
//! Of IPv6 only the allocated global unicast block 2000::/3 can pass at all.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The rules of one configuration.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    everything: bool,
    allow: Vec<Allow>,
}

/// One entry of `egress.allow`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Allow {
    target: Target,
    /// None: every port.
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    /// A host name in lower case, without the final dot.
    Host(String),
    /// A network; a single address has all bits in its prefix.
    Net { address: IpAddr, prefix: u32 },
}

impl Policy {
    /// Reads the settings; the error names the entry and what was expected.
    pub(super) fn new(config: &super::Config) -> Result<Policy, String> {
        let mut allow = Vec::new();
        for (index, entry) in config.allow.iter().enumerate() {
            allow.push(parse(entry).ok_or_else(|| {
                format!(
                    "egress.allow[{index}]: is {entry:?}, expected a host name, an address or a network like \
                     \"10.1.0.0/16\", with or without a port (\"[fd00::1]:8080\" for IPv6)"
                )
            })?);
        }
        Ok(Policy { everything: config.allow_private_addresses, allow })
    }

    /// The ports that entries name: for these the answer may differ from that for other ports.
    pub(super) fn names_port(&self, port: u16) -> bool {
        self.allow.iter().any(|entry| entry.port == Some(port))
    }

    /// Whether a connection for this host may go to this address and port. `port` is none for any
    /// port that no entry names.
    pub(super) fn permits(&self, host: &str, address: IpAddr, port: Option<u16>) -> bool {
        if self.everything || is_public(address) {
            return true;
        }
        let host = host.trim_end_matches('.');
        self.allow.iter().any(|entry| {
            let port_fits = entry.port.is_none() || entry.port == port;
            port_fits
                && match &entry.target {
                    Target::Host(name) => name.eq_ignore_ascii_case(host),
                    Target::Net { address: net, prefix } => {
                        within(address, *net, *prefix)
                            || carried(address).is_some_and(|inner| within(IpAddr::V4(inner), *net, *prefix))
                    }
                }
        })
    }
}

/// `host`, `host:port`, `1.2.3.4`, `1.2.3.4:80`, `10.0.0.0/8`, `10.0.0.0/8:80`, `::1`, `fd00::/8`,
/// `[::1]:80`, `[fd00::/8]:80`.
fn parse(entry: &str) -> Option<Allow> {
    let entry = entry.trim();
    if let Some(net) = parse_net(entry) {
        return Some(Allow { target: net, port: None });
    }
    if let Some(rest) = entry.strip_prefix('[') {
        let (net, port) = rest.split_once(']')?;
        let port = match port {
            "" => None,
            port => Some(parse_port(port.strip_prefix(':')?)?),
        };
        return Some(Allow { target: parse_net(net)?, port });
    }
    let (target, port) = match entry.split_once(':') {
        Some((target, port)) => (target, Some(parse_port(port)?)),
        None => (entry, None),
    };
    if let Some(net) = parse_net(target) {
        return Some(Allow { target: net, port });
    }
    // Canonical form as the URL parser gives it, so that "EXAMPLE.internal." and the like match.
    let host = match url::Host::parse(target.trim_end_matches('.')).ok()? {
        url::Host::Domain(name) if !name.is_empty() && !target.contains('/') => name,
        _ => return None,
    };
    // A last label of digits would be an address that was written wrongly.
    let last = host.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(Allow { target: Target::Host(host), port })
}

fn parse_port(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port != 0)
}

fn parse_net(text: &str) -> Option<Target> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix.parse::<u32>().ok()?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let bits = if address.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.unwrap_or(bits);
    (prefix <= bits).then_some(Target::Net { address, prefix })
}

/// Whether an address lies in a network; one of the other family never does.
fn within(address: IpAddr, net: IpAddr, prefix: u32) -> bool {
    match (address, net) {
        (IpAddr::V4(address), IpAddr::V4(net)) => {
            let differing = u32::from(address) ^ u32::from(net);
            differing.checked_shr(32 - prefix).unwrap_or(0) == 0
        }
        (IpAddr::V6(address), IpAddr::V6(net)) => {
            let differing = u128::from(address) ^ u128::from(net);
            differing.checked_shr(128 - prefix).unwrap_or(0) == 0
        }
        _ => false,
    }
}

/// Whether an address belongs to the public internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Networks of IPv4 that are not public, with their prefix lengths.
const SPECIAL_V4: &[([u8; 4], u32)] = &[
    ([0, 0, 0, 0], 8),        // this network, unspecified
    ([10, 0, 0, 0], 8),       // private
    ([100, 64, 0, 0], 10),    // carrier-grade NAT; 100.100.100.200 is a metadata service
    ([127, 0, 0, 0], 8),      // loopback
    ([168, 63, 129, 16], 32), // a cloud's host agent, reachable from each of its machines
    ([169, 254, 0, 0], 16),   // link-local; 169.254.169.254 is the usual metadata service
    ([172, 16, 0, 0], 12),    // private
    ([192, 0, 0, 0], 24),     // protocol assignments; 192.0.0.192 is a metadata service
    ([192, 0, 2, 0], 24),     // documentation
    ([192, 31, 196, 0], 24),  // AS112
    ([192, 52, 193, 0], 24),  // AMT
    ([192, 88, 99, 0], 24),   // 6to4 relays
    ([192, 168, 0, 0], 16),   // private
    ([192, 175, 48, 0], 24),  // AS112
    ([198, 18, 0, 0], 15),    // benchmarks
    ([198, 51, 100, 0], 24),  // documentation
    ([203, 0, 113, 0], 24),   // documentation
    ([224, 0, 0, 0], 4),      // multicast
    ([240, 0, 0, 0], 4),      // reserved, broadcast
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    !SPECIAL_V4.iter().any(|(net, prefix)| within(IpAddr::V4(address), IpAddr::V4(Ipv4Addr::from(*net)), *prefix))
}

/// Networks inside 2000::/3 that are not public.
const SPECIAL_V6: &[(Ipv6Addr, u32)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments: Teredo, benchmarks, ORCHID
    (Ipv6Addr::new(0x2001, 0x0db8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48), // AS112
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let is_special = || SPECIAL_V6.iter().any(|(net, prefix)| within(IpAddr::V6(address), IpAddr::V6(*net), *prefix));
    match carried(IpAddr::V6(address)) {
        // Behind a translator the packet reaches the IPv4 address inside. 6to4 and ISATAP keep the
        // rules of their own prefix as well.
        Some(inner) if segments[0] >> 13 == 1 => is_public_v4(inner) && !is_special(),
        Some(inner) => is_public_v4(inner) && is_translated(segments),
        None => segments[0] >> 13 == 1 && !is_special(),
    }
}

/// Whether the address is IPv4-mapped or in the well-known NAT64 prefix: the forms of an IPv4 address
/// that machines really connect to.
fn is_translated(segments: [u16; 8]) -> bool {
    matches!(segments, [0, 0, 0, 0, 0, 0xffff, _, _] | [0x64, 0xff9b, 0, 0, 0, 0, _, _])
}

/// The IPv4 address that an IPv6 address carries, if it is of a form that does.
fn carried(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(address) = address else { return None };
    let from = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        // Compatible (RFC 4291 2.5.5.1), mapped (2.5.5.2), translated (RFC 2765 2.1), NAT64 (RFC 6052 2.1).
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] => Some(from(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(from(high, low)),
        // 6to4 (RFC 3056 2).
        [0x2002, high, low, ..] => Some(from(high, low)),
        // ISATAP (RFC 5214 6.1).
        [_, _, _, _, 0 | 0x0200, 0x5efe, high, low] => Some(from(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(allow: &[&str]) -> Policy {
        Policy::new(&super::super::Config {
            allow_private_addresses: false,
            allow: allow.iter().map(|entry| (*entry).to_owned()).collect(),
            user_agent: "test".to_owned(),
        })
        .unwrap()
    }

    #[test]
    fn special_addresses_are_not_public() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.0.1",
            "169.254.169.254",
            "169.254.170.2",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            // IPv6
            "::",
            "::1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "100::1",
            "2001:db8::1",
            "3fff::1",
            "2001::1",
            "2001:2::1",
            "2001:10::1",
            "5f00::1",
            "4000::1",
            "64:ff9b:1::1",
            // IPv4 inside IPv6
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "::8.8.8.8",
            "::ffff:0:127.0.0.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "2002:a9fe:a9fe::",
            "2606:4700::5efe:10.0.0.1",
            "2606:4700::200:5efe:127.0.0.1",
            "fe80::5efe:8.8.8.8",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text} passes");
        }
    }

    #[test]
    fn the_internet_is_public() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "192.167.1.1",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450:4001::1",
            "2001:4860:4860::8888",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
        ] {
            assert!(is_public(text.parse().unwrap()), "{text} is refused");
        }
    }

    #[test]
    fn entries_open_hosts_networks_and_ports() {
        let check = |entry: &str, host: &str, address: &str, port: u16, expected: bool| {
            let policy = policy(&[entry]);
            let port = policy.names_port(port).then_some(port);
            assert_eq!(
                policy.permits(host, address.parse().unwrap(), port),
                expected,
                "{entry}: {host} {address} {port:?}"
            );
        };
        check("127.0.0.1", "x", "127.0.0.1", 80, true);
        check("127.0.0.1", "x", "127.0.0.2", 80, false);
        check("127.0.0.1", "x", "::ffff:127.0.0.1", 80, true);
        check("127.0.0.1:8080", "x", "127.0.0.1", 8080, true);
        check("127.0.0.1:8080", "x", "127.0.0.1", 8081, false);
        check("10.1.0.0/16", "x", "10.1.255.1", 1, true);
        check("10.1.0.0/16", "x", "10.2.0.1", 1, false);
        check("10.1.0.0/16:90", "x", "10.1.0.1", 90, true);
        check("10.1.0.0/16:90", "x", "10.1.0.1", 91, false);
        check("0.0.0.0/0", "x", "10.2.0.1", 1, true);
        check("0.0.0.0/0", "x", "::1", 1, false);
        check("::1", "x", "::1", 1, true);
        check("[::1]:5", "x", "::1", 5, true);
        check("[::1]:5", "x", "::1", 6, false);
        check("fd00::/8", "x", "fd12::1", 6, true);
        check("[fd00::/8]:443", "x", "fd12::1", 443, true);
        check("::/0", "x", "fe80::1", 443, true);
        check("Images.Internal.", "images.internal", "10.0.0.1", 443, true);
        check("images.internal", "IMAGES.internal.", "10.0.0.1", 443, true);
        check("images.internal", "evil.images.internal", "10.0.0.1", 443, false);
        check("images.internal:8000", "images.internal", "10.0.0.1", 8000, true);
        check("images.internal:8000", "images.internal", "10.0.0.1", 8001, false);
    }

    #[test]
    fn entries_that_cannot_be_read_are_named() {
        for entry in [
            "",
            "10.0.0.0/33",
            "300.1.1.1",
            "10.0.0",
            "a b",
            "host:0",
            "host:99999",
            "[::1",
            "fd00::/129",
            "http://x",
            "x/8",
        ] {
            let config = super::super::Config {
                allow_private_addresses: false,
                allow: vec!["ok".to_owned(), entry.to_owned()],
                user_agent: String::new(),
            };
            let error = Policy::new(&config).unwrap_err();
            assert!(error.contains("egress.allow[1]") && error.contains(entry), "{error}");
        }
    }
}
