//! Hosts, interfaces and zones turned into socket addresses.
//!
//! Invariant: with IPv6 allowed every address that comes out is an IPv6 one (IPv4 mapped into it),
//! so that one dual-stack socket reaches them all; without, every one is IPv4.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use super::address::{HostPort, Purpose};
use crate::errno::Errno;
use crate::sys::{self, Wanted};

/// Whom to ask about names. The tests have an answerer of their own.
pub(super) trait Names {
    /// What `host` stands for, see [`sys::look_up`].
    fn look_up(&self, host: &str, wanted: Wanted, numeric: bool) -> io::Result<Vec<SocketAddr>>;
    /// The addresses of an interface, see [`sys::interface_addresses`].
    fn interface_addresses(&self, name: &str) -> io::Result<Vec<SocketAddr>>;
    /// The index of an interface, see [`sys::interface_index`].
    fn interface_index(&self, name: &str) -> Option<u32>;
}

/// The system's own answers.
pub(super) struct System;

impl Names for System {
    fn look_up(&self, host: &str, wanted: Wanted, numeric: bool) -> io::Result<Vec<SocketAddr>> {
        sys::look_up(host, wanted, numeric)
    }

    fn interface_addresses(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        sys::interface_addresses(name)
    }

    fn interface_index(&self, name: &str) -> Option<u32> {
        sys::interface_index(name)
    }
}

/// The addresses that `text` (`host%zone:port`) stands for, best first, at least one.
///
/// `EINVAL` for a text that cannot be one or a zone that is not there; for a host that nobody
/// knows `ENODEV` if it was to be a local one, else `EHOSTUNREACH`.
pub(super) fn resolve(
    text: &str,
    purpose: Purpose,
    ipv6: bool,
    names: &impl Names,
) -> Result<Vec<SocketAddr>, Errno> {
    let parsed = HostPort::parse(text, purpose)?;
    let zone = match parsed.zone {
        Some(zone) => Some(zone_index(zone, names)?),
        None => None,
    };
    let found = find(&parsed, purpose, ipv6, names)?;
    let mut addresses: Vec<SocketAddr> = found
        .into_iter()
        .filter_map(|address| adapt(address, ipv6))
        .map(|mut address| {
            address.set_port(parsed.port);
            if let (SocketAddr::V6(v6), Some(index)) = (&mut address, zone)
                && v6.ip().to_ipv4_mapped().is_none()
            {
                v6.set_scope_id(index);
            }
            address
        })
        .collect();
    addresses.dedup();
    if addresses.is_empty() {
        Err(unknown(purpose))
    } else {
        Ok(addresses)
    }
}

/// Whether [`resolve`] would answer without asking a name service.
pub(super) fn is_immediate(text: &str, purpose: Purpose, names: &impl Names) -> bool {
    let Ok(parsed) = HostPort::parse(text, purpose) else {
        return true;
    };
    parsed.is_wildcard()
        || !parsed.may_be_name()
        || names.look_up(parsed.host, Wanted::Both, true).is_ok()
        || (purpose == Purpose::Local
            && names
                .interface_addresses(parsed.host)
                .is_ok_and(|found| !found.is_empty()))
}

/// The addresses of the host, of whichever IP version.
fn find(
    parsed: &HostPort<'_>,
    purpose: Purpose,
    ipv6: bool,
    names: &impl Names,
) -> Result<Vec<SocketAddr>, Errno> {
    if parsed.is_wildcard() {
        let v4 = Ipv4Addr::UNSPECIFIED.into();
        let any = if ipv6 {
            Ipv6Addr::UNSPECIFIED.into()
        } else {
            v4
        };
        return Ok(vec![SocketAddr::new(any, 0)]);
    }
    if parsed.host.is_empty() {
        return Err(unknown(purpose));
    }
    if purpose == Purpose::Local && parsed.host.parse::<IpAddr>().is_err() {
        let mut found = match names.interface_addresses(parsed.host).map_err(Errno::from) {
            Err(errno @ (Errno::EMFILE | Errno::ENFILE | Errno::ENOBUFS | Errno::ENOMEM)) => {
                return Err(errno);
            }
            // Where interfaces cannot be listed, names may still be known.
            found => found.unwrap_or_default(),
        };
        found.retain(|address| ipv6 || address.is_ipv4());
        if !found.is_empty() {
            // The interface's own IPv6 address before a mapped one.
            found.sort_by_key(SocketAddr::is_ipv4);
            return Ok(found);
        }
    }
    let wanted = if ipv6 { Wanted::Both } else { Wanted::V4 };
    let found = match names.look_up(parsed.host, wanted, true) {
        Err(_) if parsed.may_be_name() => names.look_up(parsed.host, wanted, false),
        found => found,
    };
    found.map_err(|error| match error.raw_os_error() {
        Some(_) => Errno::from(error),
        None => unknown(purpose),
    })
}

/// What it means that a host is not known.
fn unknown(purpose: Purpose) -> Errno {
    match purpose {
        Purpose::Local => Errno::ENODEV,
        Purpose::Peer => Errno::EHOSTUNREACH,
    }
}

/// The interface that a zone names, by name or by number. `EINVAL` if there is none.
fn zone_index(zone: &str, names: &impl Names) -> Result<u32, Errno> {
    let number = || zone.parse::<u32>().ok().filter(|&index| index != 0);
    names
        .interface_index(zone)
        .or_else(number)
        .ok_or(Errno::EINVAL)
}

/// The address as the invariant wants it; `None` if that cannot be.
fn adapt(address: SocketAddr, ipv6: bool) -> Option<SocketAddr> {
    match address {
        SocketAddr::V4(v4) if ipv6 => {
            Some(SocketAddrV6::new(v4.ip().to_ipv6_mapped(), v4.port(), 0, 0).into())
        }
        SocketAddr::V6(_) if !ipv6 => None,
        address => Some(address),
    }
}

/// The IPv4 address that does the same on a machine without IPv6, if there is one: the wildcard,
/// and what was mapped.
pub(super) fn without_ipv6(address: SocketAddr) -> Option<SocketAddr> {
    let SocketAddr::V6(v6) = address else {
        return None;
    };
    let ip = match v6.ip() {
        ip if ip.is_unspecified() => Ipv4Addr::UNSPECIFIED,
        ip => ip.to_ipv4_mapped()?,
    };
    Some(SocketAddrV4::new(ip, v6.port()).into())
}
