//! An address with its prefix, and whether a floating IP may be that address.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// An address with the length of its prefix, such as `203.0.113.10/32`. It displays in canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address {
    ip: IpAddr,
    prefix: u8,
}

impl Address {
    /// The address without its prefix.
    pub fn ip(&self) -> IpAddr {
        self.ip
    }

    /// Whether the prefix is the whole address. Aliases normally are; an interface's own address is not.
    pub fn is_host(&self) -> bool {
        self.prefix == width(self.ip)
    }

    /// Checks that a floating IP may be bound to this address.
    pub fn check_alias(&self) -> Result<(), AddressError> {
        match self.unfit() {
            Some(class) => Err(AddressError::Unfit { address: *self, class }),
            None => Ok(()),
        }
    }

    fn unfit(&self) -> Option<Class> {
        match self.ip {
            IpAddr::V4(ip) => unfit_v4(ip).or_else(|| self.unfit_in_prefix()),
            IpAddr::V6(ip) => unfit_v6(ip).or_else(|| self.unfit_in_prefix()),
        }
    }

    /// The first and the last address of a prefix are not a host's. Prefixes of one and two addresses have no
    /// such ends (RFC 3021, RFC 6164), and IPv6 has no broadcast.
    fn unfit_in_prefix(&self) -> Option<Class> {
        if self.prefix == 0 {
            return Some(Class::Everything);
        }
        let host_bits = width(self.ip) - self.prefix;
        if host_bits < 2 {
            return None;
        }
        let (bits, is_v4) = match self.ip {
            IpAddr::V4(ip) => (u128::from(ip.to_bits()), true),
            IpAddr::V6(ip) => (ip.to_bits(), false),
        };
        let mask = u128::MAX >> (128 - host_bits);
        match bits & mask {
            0 => Some(Class::Network),
            host if host == mask && is_v4 => Some(Class::Broadcast),
            _ => None,
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    /// Reads an address, with or without a prefix; without one it is the host's own (`/32` or `/128`).
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (ip, prefix) = match text.split_once('/') {
            Some((ip, prefix)) => (ip, Some(prefix)),
            None => (text, None),
        };
        let ip: IpAddr = ip.parse().map_err(|_| AddressError::NoAddress { text: text.into() })?;
        let prefix = match prefix {
            None => width(ip),
            Some(digits) => read_prefix(digits, width(ip))
                .ok_or_else(|| AddressError::Prefix { text: text.into(), longest: width(ip) })?,
        };
        Ok(Self { ip, prefix })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.ip, self.prefix)
    }
}

fn width(ip: IpAddr) -> u8 {
    match ip {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// Decimal digits only: the standard parser also takes `+32` and `032`.
fn read_prefix(digits: &str, longest: u8) -> Option<u8> {
    let canonical =
        digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    if !canonical {
        return None;
    }
    digits.parse().ok().filter(|&prefix| prefix <= longest)
}

fn unfit_v4(ip: Ipv4Addr) -> Option<Class> {
    if ip.octets()[0] == 0 {
        Some(Class::Unspecified)
    } else if ip.is_loopback() {
        Some(Class::Loopback)
    } else if ip.is_multicast() {
        Some(Class::Multicast)
    } else if ip.is_link_local() {
        Some(Class::LinkLocal)
    } else if ip.is_broadcast() {
        Some(Class::Broadcast)
    } else {
        None
    }
}

fn unfit_v6(ip: Ipv6Addr) -> Option<Class> {
    if ip.is_unspecified() {
        Some(Class::Unspecified)
    } else if ip.is_loopback() {
        Some(Class::Loopback)
    } else if ip.is_multicast() {
        Some(Class::Multicast)
    } else if ip.is_unicast_link_local() {
        Some(Class::LinkLocal)
    } else if ip.to_ipv4_mapped().is_some() {
        Some(Class::Mapped)
    } else {
        None
    }
}

/// What kind of address cannot be a floating IP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// `0.0.0.0/8` or `::`.
    Unspecified,
    /// `127.0.0.0/8` or `::1`.
    Loopback,
    /// `224.0.0.0/4` or `ff00::/8`.
    Multicast,
    /// `169.254.0.0/16` or `fe80::/10`.
    LinkLocal,
    /// The last address of an IPv4 prefix.
    Broadcast,
    /// The first address of a prefix.
    Network,
    /// A prefix of length 0.
    Everything,
    /// An IPv4 address in IPv6 notation.
    Mapped,
}

impl Class {
    fn explain(self) -> &'static str {
        match self {
            Self::Unspecified => "names no host; expected the address of one",
            Self::Loopback => "is a loopback address; expected one that other hosts can reach",
            Self::Multicast => "is a multicast address; expected a unicast one",
            Self::LinkLocal => "is a link-local address, which is not routed; expected one that is",
            Self::Broadcast => "is a broadcast address; expected the address of a host",
            Self::Network => "is the address of the network itself; expected the address of a host in it",
            Self::Everything => {
                "has a prefix that covers every address; expected none, or that of one network"
            }
            Self::Mapped => "is an IPv4 address in IPv6 notation; expected it as IPv4",
        }
    }
}

/// Why a text is not an address, or an address not an alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressError {
    /// The text is not an address.
    NoAddress {
        /// The text that was given.
        text: String,
    },
    /// What follows the slash is not the length of a prefix.
    Prefix {
        /// The text that was given.
        text: String,
        /// The longest prefix there is for this kind of address.
        longest: u8,
    },
    /// An address that a floating IP cannot be.
    Unfit {
        /// The address.
        address: Address,
        /// Why.
        class: Class,
    },
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress { text } => write!(
                f,
                "{text:?} is not an address; expected IPv4 or IPv6, with or without a prefix, such as 203.0.113.10 \
                 or 2001:db8::10/128"
            ),
            Self::Prefix { text, longest } => {
                write!(
                    f,
                    "{text:?} has no valid prefix length; expected a number from 0 to {longest} after the slash"
                )
            }
            Self::Unfit { address, class } => write!(f, "{address} {}", class.explain()),
        }
    }
}

impl std::error::Error for AddressError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    fn class(text: &str) -> Option<Class> {
        address(text).unfit()
    }

    #[test]
    fn without_a_prefix_it_is_a_host() {
        assert_eq!(address("203.0.113.10").to_string(), "203.0.113.10/32");
        assert_eq!(address("2001:db8::10").to_string(), "2001:db8::10/128");
        assert!(address("203.0.113.10").is_host());
        assert!(!address("203.0.113.10/24").is_host());
        assert!(!address("2001:db8::10/64").is_host());
    }

    #[test]
    fn one_address_has_one_form() {
        assert_eq!(address("2001:DB8:0:0::10/128"), address("2001:db8::10"));
        assert_eq!(address("2001:0db8::0010").to_string(), "2001:db8::10/128");
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        for text in [
            "",
            "/32",
            "fip",
            "203.0.113",
            "203.0.113.010",
            "203.0.113.256",
            "203.0.113.10:80",
            "fe80::1%eth0",
            "::g",
            "203.0.113.10 ",
            "[2001:db8::1]",
            "example.org",
        ] {
            assert!(matches!(text.parse::<Address>(), Err(AddressError::NoAddress { .. })), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_a_prefix_is_refused() {
        for text in [
            "203.0.113.10/",
            "203.0.113.10/33",
            "203.0.113.10/+32",
            "203.0.113.10/032",
            "203.0.113.10/-1",
            "203.0.113.10/32/32",
            "203.0.113.10/255.255.255.0",
            "2001:db8::1/129",
            "2001:db8::1/1000",
        ] {
            let error = text.parse::<Address>().unwrap_err();
            assert!(matches!(error, AddressError::Prefix { .. }), "{text:?}: {error}");
        }
        let error = "2001:db8::1/129".parse::<Address>().unwrap_err();
        assert!(error.to_string().ends_with("expected a number from 0 to 128 after the slash"), "{error}");
    }

    #[test]
    fn hosts_are_fit() {
        for text in [
            "203.0.113.10",
            "203.0.113.10/24",
            "203.0.113.0",
            "203.0.113.0/31",
            "203.0.113.1/31",
            "10.0.0.255/16",
            "255.255.255.254",
            "2001:db8::",
            "2001:db8::/127",
            "2001:db8::ff/64",
            "fd00::1",
            "2001:db8::ffff:ffff:ffff:ffff/64",
        ] {
            assert_eq!(class(text), None, "{text}");
        }
    }

    #[test]
    fn addresses_of_no_single_host_are_unfit() {
        for (text, expected) in [
            ("0.0.0.0", Class::Unspecified),
            ("0.1.2.3", Class::Unspecified),
            ("::", Class::Unspecified),
            ("127.0.0.1", Class::Loopback),
            ("127.8.0.1/8", Class::Loopback),
            ("::1", Class::Loopback),
            ("224.0.0.18", Class::Multicast),
            ("239.255.255.255", Class::Multicast),
            ("ff02::1", Class::Multicast),
            ("169.254.10.1", Class::LinkLocal),
            ("fe80::1", Class::LinkLocal),
            ("255.255.255.255", Class::Broadcast),
            ("::ffff:203.0.113.10", Class::Mapped),
        ] {
            assert_eq!(class(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn the_ends_of_a_prefix_are_unfit() {
        for (text, expected) in [
            ("203.0.113.0/24", Class::Network),
            ("203.0.113.255/24", Class::Broadcast),
            ("203.0.113.8/30", Class::Network),
            ("203.0.113.11/30", Class::Broadcast),
            ("128.0.0.0/1", Class::Network),
            ("2001:db8::/64", Class::Network),
            ("2001:db8::4/126", Class::Network),
        ] {
            assert_eq!(class(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_prefix_of_everything_is_unfit() {
        assert_eq!(class("203.0.113.10/0"), Some(Class::Everything));
        assert_eq!(class("2001:db8::1/0"), Some(Class::Everything));
        assert_eq!(class("2001:db8::1/1"), None);
    }

    #[test]
    fn an_error_names_the_address_and_what_is_expected() {
        let error = address("203.0.113.0/24").check_alias().unwrap_err();
        assert_eq!(
            error.to_string(),
            "203.0.113.0/24 is the address of the network itself; expected the address of a host in it"
        );
    }
}
