//! The datagrams of RADIO and DISH (RFC 48), and how DGRAM names the peers of its own.
//!
//! ```text
//!   length (1 octet) | group (length octets) | body (the rest)
//! ```
//!
//! Invariant: what is no datagram of this form is `None`, whatever its octets are; nothing is kept
//! from one datagram to the next.

use std::net::{IpAddr, SocketAddr};

/// The longest body of a datagram over IPv4, its head included.
pub const LONGEST: usize = 65_507;

/// The group and the body of a datagram; `None` if it is shorter than its group, or empty.
pub fn parse(datagram: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&length, rest) = datagram.split_first()?;
    rest.split_at_checked(length.into())
}

/// The octet before a group; `None` if no octet can tell how long the group is.
pub fn head(group: &[u8]) -> Option<[u8; 1]> {
    u8::try_from(group.len()).ok().map(|length| [length])
}

/// A peer as a DGRAM socket names it: `1.2.3.4:5`, `[::1]:5`. An IPv4 address stays one, also
/// where an IPv6 socket heard of it; a link-local address keeps its scope, as a number.
/// COMPAT: it is a string of C, the octet that ends it included, and programs print it as one.
pub fn name(peer: SocketAddr) -> String {
    match (peer.ip().to_canonical(), peer) {
        (IpAddr::V6(_), SocketAddr::V6(mut v6)) => {
            v6.set_flowinfo(0);
            format!("{v6}\0")
        }
        (ip, _) => format!("{}\0", SocketAddr::new(ip, peer.port())),
    }
}

/// The peer that a name means: digits only, nobody is asked. `None` for anything else.
pub fn named(name: &[u8]) -> Option<SocketAddr> {
    // As it was received, or as it was written.
    let name = name.strip_suffix(b"\0").unwrap_or(name);
    let peer: SocketAddr = std::str::from_utf8(name).ok()?.parse().ok()?;
    (peer.port() != 0).then_some(peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_is_a_length_a_group_and_a_body() {
        assert_eq!(parse(b"\x02TVFriends"), Some((&b"TV"[..], &b"Friends"[..])));
        assert_eq!(parse(b"\x00body"), Some((&b""[..], &b"body"[..])));
        assert_eq!(parse(b"\x00"), Some((&b""[..], &b""[..])));
        assert_eq!(parse(b"\x01a"), Some((&b"a"[..], &b""[..])));
        assert_eq!(parse(b""), None);
        assert_eq!(parse(b"\x01"), None);
        assert_eq!(parse(&[255; 255]), None);
        assert!(
            parse(&[255; 256]).is_some_and(|(group, body)| group.len() == 255 && body.is_empty())
        );
    }

    #[test]
    fn every_length_comes_apart_as_it_was_put_together() {
        let octets = vec![7; LONGEST];
        for length in 0..=LONGEST {
            let datagram = &octets[..length];
            let expected = (length > 7).then(|| (&octets[1..8], &datagram[8.min(length)..]));
            assert_eq!(parse(datagram), expected, "{length}");
        }
        for length in [0, 1, 254, 255] {
            let group = vec![b'g'; length];
            let whole = [&head(&group).unwrap()[..], &group, b"body"].concat();
            assert_eq!(parse(&whole), Some((&group[..], &b"body"[..])));
        }
        assert_eq!(head(&[0; 256]), None);
    }

    #[test]
    fn a_group_ends_before_its_datagram_does() {
        let mut octets = [7; 300];
        for length in 0..=255_u8 {
            octets[0] = length;
            for size in 1..octets.len() {
                let expected = octets[1..size].split_at_checked(length.into());
                assert_eq!(parse(&octets[..size]), expected);
                assert_eq!(expected.is_some(), size > length.into());
            }
        }
    }

    #[test]
    fn peers_have_names_that_mean_them() {
        for text in ["127.0.0.1:5", "[::1]:65535", "[fe80::1%3]:9"] {
            let peer = named(text.as_bytes()).unwrap();
            assert_eq!(name(peer), format!("{text}\0"));
            assert_eq!(named(name(peer).as_bytes()), Some(peer));
        }
        let mapped: SocketAddr = "[::ffff:1.2.3.4]:5".parse().unwrap();
        assert_eq!(name(mapped), "1.2.3.4:5\0");
        assert_eq!(named(b"1.2.3.4:5\0"), named(b"1.2.3.4:5"));
        for text in [
            "",
            ":",
            "1.2.3.4",
            "1.2.3.4:",
            "1.2.3.4:0",
            "1.2.3.4:65536",
            "localhost:5",
            "*:5",
            "\u{ff}:1",
        ] {
            assert_eq!(named(text.as_bytes()), None, "{text}");
        }
        assert_eq!(named(b"\xff\xfe:1"), None);
    }
}
