//! The udp scheme, as zmq_udp(7) describes it: `host:port`, or `interface;group:port` for a
//! multicast group that is to be heard, or sent to, on one interface.
//!
//! Invariant: a socket here is of the IP version of its address. Only one that is bound to the
//! wildcard with IPv6 allowed is for both.

use std::io::{self, ErrorKind, IoSlice};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};

use socket2::{Domain, Protocol, SockRef, Socket, Type};

use super::address::{HostPort, Purpose, split_source};
use super::resolve::{self, System};
use super::{Family, tcp};
use crate::errno::Errno;
use crate::options::Options;
use crate::sys;

/// The row of [`super::FAMILIES`]. There are no streams.
pub(super) const FAMILY: Family = Family {
    scheme: "udp",
    check_connect: |_, _| Err(Errno::ENOCOMPATPROTO),
    is_immediate: |_| false,
    resolve: |_, _, _| Err(Errno::ENOCOMPATPROTO),
    listen: |_, _, _| Err(Errno::ENOCOMPATPROTO),
    tune: |_, _, _| {},
    destination: None,
    datagrams: true,
    ..tcp::FAMILY
};

/// Where datagrams come in, or go to.
struct Place {
    /// The peer, the group, or the address to be bound.
    address: SocketAddr,
    /// The interface on which a group is.
    interface: Interface,
}

/// An interface, as the two versions of IP name it; unspecified and 0 leave it to the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Interface {
    v4: Ipv4Addr,
    v6: u32,
}

const ANY: Interface = Interface {
    v4: Ipv4Addr::UNSPECIFIED,
    v6: 0,
};

/// A descriptor for datagrams.
#[derive(Debug)]
pub struct Datagrams {
    socket: UdpSocket,
    /// Where everything goes, unless each datagram says so itself.
    peer: Option<SocketAddr>,
    /// The socket is an IPv6 one.
    ipv6: bool,
    endpoint: String,
}

impl Datagrams {
    /// Opens a socket that receives at this address, and with that may send. `EINVAL` for what
    /// cannot be an address, `ENODEV` for a host or an interface that is not there, and what
    /// bind(2) says.
    pub fn bind(address: &str, options: &Options) -> Result<Datagrams, Errno> {
        let place = resolve(address, Purpose::Local, options)?;
        let at = place.address;
        let socket = open(at, options)?;
        // COMPAT: several sockets may have the port, of which the last one hears what comes for
        // one host; for a group all do.
        socket.set_reuse_address(true)?;
        let group = at.ip().is_multicast();
        let own = if group {
            socket.set_reuse_port(true)?;
            // COMPAT: what comes for this host at the port of the group is heard as well.
            SocketAddr::new(unspecified(at), at.port())
        } else {
            at
        };
        socket.bind(&own.into())?;
        match at.ip() {
            IpAddr::V4(group) if group.is_multicast() => {
                socket.join_multicast_v4(&group, &place.interface.v4)?;
            }
            IpAddr::V6(group) if group.is_multicast() => {
                let scope = scope(at);
                let index = if scope == 0 {
                    place.interface.v6
                } else {
                    scope
                };
                socket.join_multicast_v6(&group, index)?;
            }
            _ => {}
        }
        aim(&socket, &place, options)?;
        let mut datagrams = Datagrams::new(socket, at, address);
        if at.port() == 0
            && let Ok(own) = datagrams.socket.local_addr()
        {
            datagrams.endpoint = own.to_string();
        }
        Ok(datagrams)
    }

    /// Opens a socket that sends to this address. `EINVAL` for what cannot be one or stands for
    /// no peer, `ENODEV` for an interface that is not there.
    pub fn connect(address: &str, options: &Options) -> Result<Datagrams, Errno> {
        let place = resolve(address, Purpose::Peer, options)?;
        let socket = open(place.address, options)?;
        aim(&socket, &place, options)?;
        let mut datagrams = Datagrams::new(socket, place.address, address);
        datagrams.peer = Some(place.address);
        Ok(datagrams)
    }

    fn new(socket: Socket, at: SocketAddr, address: &str) -> Datagrams {
        Datagrams {
            socket: socket.into(),
            peer: None,
            ipv6: at.is_ipv6(),
            endpoint: address.to_owned(),
        }
    }

    /// What `ZMQ_LAST_ENDPOINT` reports. COMPAT: without the scheme, and as it was given; only
    /// where the kernel chose the port it is the address that came of it.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Whether datagrams go to one place that was connected to.
    pub fn is_connected(&self) -> bool {
        self.peer.is_some()
    }

    /// The next datagram: how much of the buffer it filled, and who sent it. `None`: nothing now.
    /// An error that the network reported is none of the next datagram's.
    pub fn receive(&self, buffer: &mut [u8]) -> io::Result<Option<(usize, SocketAddr)>> {
        match self.socket.recv_from(buffer) {
            Ok((count, peer)) => Ok(Some((count, peer))),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends one datagram, to `peer` or to where all go. `false`: the kernel has no room now.
    /// What it refuses is lost, as datagrams are: too long, nobody there, no memory, no way.
    pub fn send(&self, pieces: &[IoSlice<'_>], peer: Option<SocketAddr>) -> bool {
        let Some(peer) = peer.or(self.peer).and_then(|peer| self.reachable(peer)) else {
            return true;
        };
        let peer = peer.into();
        // An error of an earlier datagram may be reported for this one (ICMP): once more.
        for _ in 0..2 {
            match SockRef::from(&self.socket).send_to_vectored(pieces, &peer) {
                Ok(_) => return true,
                Err(error) => match Errno::from(error) {
                    Errno::EAGAIN => return false,
                    Errno::EINTR | Errno::ECONNREFUSED => {}
                    _ => return true,
                },
            }
        }
        true
    }

    /// The peer as this socket must be told of it; `None` if it cannot reach it.
    fn reachable(&self, peer: SocketAddr) -> Option<SocketAddr> {
        match peer {
            SocketAddr::V4(v4) if self.ipv6 => {
                Some(SocketAddr::new(v4.ip().to_ipv6_mapped().into(), v4.port()))
            }
            SocketAddr::V6(v6) if !self.ipv6 => {
                let ip = v6.ip().to_ipv4_mapped()?;
                Some(SocketAddr::new(ip.into(), v6.port()))
            }
            peer => Some(peer),
        }
    }
}

impl AsRawFd for Datagrams {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

fn unspecified(like: SocketAddr) -> IpAddr {
    match like {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}

fn scope(address: SocketAddr) -> u32 {
    match address {
        SocketAddr::V6(v6) => v6.scope_id(),
        SocketAddr::V4(_) => 0,
    }
}

/// A socket of the address's version, as the options want it.
fn open(at: SocketAddr, options: &Options) -> Result<Socket, Errno> {
    let kind = Type::DGRAM.nonblocking().cloexec();
    let domain = Domain::for_address(at);
    let socket = Socket::new(domain, kind, Some(Protocol::UDP))?;
    (FAMILY.prepare)(&socket, domain, options)?;
    // Whether an address is one of a whole network only its interface knows.
    if at.is_ipv4() {
        socket.set_broadcast(true)?;
    }
    Ok(socket)
}

/// How far datagrams to groups go, where they leave, and whether they come back here.
fn aim(socket: &Socket, place: &Place, options: &Options) -> Result<(), Errno> {
    let hops = u32::try_from(options.multicast_hops.clamp(0, 255)).unwrap_or(1);
    if place.address.is_ipv4() {
        socket.set_multicast_ttl_v4(hops)?;
        socket.set_multicast_loop_v4(options.multicast_loop)?;
        if !place.interface.v4.is_unspecified() {
            socket.set_multicast_if_v4(&place.interface.v4)?;
        }
    } else {
        socket.set_multicast_hops_v6(hops)?;
        socket.set_multicast_loop_v6(options.multicast_loop)?;
        if place.interface.v6 != 0 {
            socket.set_multicast_if_v6(place.interface.v6)?;
        }
    }
    Ok(())
}

/// Resolves `host:port` or `interface;group:port`.
fn resolve(address: &str, purpose: Purpose, options: &Options) -> Result<Place, Errno> {
    let (source, place) = split_source(address);
    let named = HostPort::parse(place, purpose)?;
    let found = resolve::resolve(place, purpose, options.ipv6, &System).map_err(|errno| {
        // COMPAT: a peer that nobody knows is an address that cannot be one.
        if errno == Errno::EHOSTUNREACH {
            Errno::EINVAL
        } else {
            errno
        }
    })?;
    let found = found.first().copied().ok_or(Errno::EINVAL)?;
    let address = match found {
        SocketAddr::V6(v6) => match v6.ip().to_ipv4_mapped() {
            Some(ip) if !named.is_wildcard() => SocketAddr::new(ip.into(), v6.port()),
            _ => found,
        },
        v4 => v4,
    };
    let interface = match source {
        None => ANY,
        Some(source) => {
            let interface = interface(source, address)?;
            // Anything but a group is reached through whatever interface leads there.
            if !address.ip().is_multicast() {
                return Err(Errno::EINVAL);
            }
            interface
        }
    };
    Ok(Place { address, interface })
}

/// The interface before the semicolon: a name, its IPv4 address, or `*`.
/// COMPAT: IPv6 wants a name. `ENODEV` if there is no such interface.
fn interface(text: &str, group: SocketAddr) -> Result<Interface, Errno> {
    if text == "*" {
        return Ok(ANY);
    }
    if group.is_ipv6() {
        let v6 = sys::interface_index(text).ok_or(Errno::ENODEV)?;
        return Ok(Interface { v6, ..ANY });
    }
    if let Ok(v4) = text.parse::<Ipv4Addr>() {
        return Ok(Interface { v4, ..ANY });
    }
    let own = sys::interface_addresses(text)?;
    let v4 = own.iter().find_map(|address| match address {
        SocketAddr::V4(v4) => Some(*v4.ip()),
        SocketAddr::V6(_) => None,
    });
    Ok(Interface {
        v4: v4.ok_or(Errno::ENODEV)?,
        ..ANY
    })
}

#[cfg(test)]
#[path = "tests/udp.rs"]
mod tests;
