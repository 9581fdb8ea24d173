//! The text of an IP address with a port, taken apart.
//!
//! Invariant: nothing here asks the system anything; a text means the same on every machine.
//! zmq_tcp(7) is the grammar, the cases in `tests.rs` are what the genuine library makes of it.

use crate::errno::Errno;

/// What an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To bind to, as listener or as the source of a connection: wildcards and names of
    /// interfaces mean something.
    Local,
    /// To connect to.
    Peer,
}

/// `host%zone:port`, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HostPort<'a> {
    /// `*`, digits, or a name; without brackets.
    pub host: &'a str,
    /// What stood behind `%`: the name or the number of an interface.
    pub zone: Option<&'a str>,
    /// 0 lets the kernel choose.
    pub port: u16,
}

/// `source;peer`, as `zmq_connect` takes it: the source if there is one, and the peer.
pub(super) fn split_source(address: &str) -> (Option<&str>, &str) {
    match address.rsplit_once(';') {
        Some((source, peer)) => (Some(source), peer),
        None => (None, address),
    }
}

impl<'a> HostPort<'a> {
    /// Takes `host:port` apart. `EINVAL` if there is no port, or one that cannot be, or a
    /// wildcard where the purpose allows none.
    pub fn parse(text: &'a str, purpose: Purpose) -> Result<HostPort<'a>, Errno> {
        let (host, port) = text.rsplit_once(':').ok_or(Errno::EINVAL)?;
        let (host, zone) = split_host(host)?;
        let port = parse_port(port, purpose)?;
        if host == "*" && purpose == Purpose::Peer {
            return Err(Errno::EINVAL);
        }
        Ok(HostPort { host, zone, port })
    }

    /// Whether the host is the wildcard.
    pub fn is_wildcard(&self) -> bool {
        self.host == "*"
    }

    /// Whether the host could be a name at all, so that asking a name service makes sense.
    pub fn may_be_name(&self) -> bool {
        let odd = |c: char| c.is_whitespace() || c.is_control() || "[]:/%;*".contains(c);
        !self.host.is_empty() && !self.host.contains(odd)
    }
}

/// Takes brackets off, and the zone away. `EINVAL` for an empty zone.
fn split_host(text: &str) -> Result<(&str, Option<&str>), Errno> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    match bare.rsplit_once('%') {
        Some((_, "")) => Err(Errno::EINVAL),
        Some((host, zone)) => Ok((host, Some(zone))),
        None => Ok((bare, None)),
    }
}

/// `*`, `0`, or a number up to 65535.
///
/// COMPAT: white space before the number, a plus sign, and anything behind it are let pass.
/// Numbers that fit no port are refused (libzmq takes them modulo 65536).
fn parse_port(text: &str, purpose: Purpose) -> Result<u16, Errno> {
    match text {
        "*" if purpose == Purpose::Local => return Ok(0),
        "0" => return Ok(0),
        _ => {}
    }
    let text = text.trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
    let text = text.strip_prefix('+').unwrap_or(text);
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .map_or(text, |end| &text[..end]);
    match digits.parse::<u16>() {
        Ok(port) if port != 0 => Ok(port),
        _ => Err(Errno::EINVAL),
    }
}

/// What `zmq_connect` looks at before it returns: `EINVAL` for what cannot be an address.
///
/// COMPAT: exactly as coarse as libzmq's look, so that what it queues we queue, and what it
/// refuses we refuse. A first character of a host, then characters of hosts, ports, zones and
/// sources in any order, and a digit behind the last colon.
pub(super) fn check_peer(address: &str) -> Result<(), Errno> {
    let bytes = address.as_bytes();
    let first = |b: &u8| b.is_ascii_alphanumeric() || b"[:".contains(b);
    let rest = |b: &u8| b.is_ascii_alphanumeric() || b".-:%[]_;*".contains(b);
    let port = address.rsplit_once(':').map(|(_, port)| port.as_bytes());
    let looks_right = bytes.first().is_some_and(first)
        && bytes.iter().all(rest)
        && port
            .and_then(|port| port.first())
            .is_some_and(u8::is_ascii_digit);
    if looks_right {
        Ok(())
    } else {
        Err(Errno::EINVAL)
    }
}
