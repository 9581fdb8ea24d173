//! The tcp scheme, as zmq_tcp(7) describes it.
//!
//! Invariant: what the options say of a tcp socket is said here and nowhere else. `TCP_NODELAY` is
//! always on: batching is ours to do, not Nagle's.

use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, TcpKeepalive};

use super::address::{self, HostPort, Purpose};
use super::resolve::{self, System};
use super::{Family, Listener, Target};
use crate::errno::Errno;
use crate::options::Options;
use crate::sys;

/// The row of [`super::FAMILIES`].
pub(super) const FAMILY: Family = Family {
    scheme: "tcp",
    check_connect: |address, _| address::check_peer(address),
    is_immediate,
    resolve: resolve_targets,
    listen,
    prepare,
    tune,
    admit: |_, peer, options| admits(&options.tcp_accept_filter, peer),
    owns: |address| address.as_socket().is_some(),
    address: |address| {
        address
            .as_socket()
            .map_or_else(String::new, |address| text(&address))
    },
    canonical: None,
    websocket: None,
    #[cfg(feature = "wss")]
    credentials: None,
    destination: Some(destination),
    datagrams: false,
    peer_address: |_, peer| {
        peer.as_socket()
            .map_or_else(String::new, |peer| host(&peer))
    },
};

pub(super) fn is_immediate(address: &str) -> bool {
    let (source, peer) = address::split_source(address);
    resolve::is_immediate(peer, Purpose::Peer, &System)
        && source.is_none_or(|source| resolve::is_immediate(source, Purpose::Local, &System))
}

pub(super) fn resolve_targets(
    family: &'static Family,
    address: &str,
    options: &Options,
) -> Result<Vec<Target>, Errno> {
    let (source, peer) = address::split_source(address);
    let source = match source {
        Some(source) => first_local(source, options)?,
        None => None,
    };
    let peers = resolve::resolve(peer, Purpose::Peer, options.ipv6, &System)?;
    Ok(peers
        .into_iter()
        .map(|peer| Target::new(family, peer.into(), source.clone()))
        .collect())
}

/// The peer's host and port. A source is the proxy's affair and ignored.
pub(super) fn destination(address: &str) -> Result<(&str, u16), Errno> {
    let (_, peer) = address::split_source(address);
    let parsed = HostPort::parse(peer, Purpose::Peer)?;
    Ok((parsed.host, parsed.port))
}

fn first_local(text: &str, options: &Options) -> Result<Option<SockAddr>, Errno> {
    let found = resolve::resolve(text, Purpose::Local, options.ipv6, &System)?;
    Ok(found.first().copied().map(SockAddr::from))
}

pub(super) fn listen(
    family: &'static Family,
    address: &str,
    options: &Options,
) -> Result<Listener, Errno> {
    let (source, own) = address::split_source(address);
    // COMPAT: a source is allowed where it means nothing, and must be one all the same.
    if let Some(source) = source {
        first_local(source, options)?;
    }
    let own = resolve::resolve(own, Purpose::Local, options.ipv6, &System)?;
    if options.use_fd != -1 {
        return Listener::adopt(family, options.use_fd);
    }
    let own: Vec<SockAddr> = own.into_iter().map(SockAddr::from).collect();
    Listener::bind_first(family, &own, options)
}

/// Before binding or connecting. Which device the traffic takes is a promise, so its failure is
/// ours; the rest is advice to the kernel.
fn prepare(socket: &Socket, domain: Domain, options: &Options) -> Result<(), Errno> {
    if domain == Domain::IPV6 {
        // One socket for both; on by default only where the system says so.
        socket.set_only_v6(false)?;
    }
    if !options.bindtodevice.is_empty() {
        socket.bind_device(Some(&options.bindtodevice))?;
    }
    if let Ok(size) = usize::try_from(options.sndbuf) {
        let _ = socket.set_send_buffer_size(size);
    }
    if let Ok(size) = usize::try_from(options.rcvbuf) {
        let _ = socket.set_recv_buffer_size(size);
    }
    mark(socket, options);
    Ok(())
}

/// Type of service, priority, polling: advice that the kernel may turn down (some of it wants
/// `CAP_NET_ADMIN`), which is no reason not to communicate.
fn mark(socket: &Socket, options: &Options) {
    if options.tos > 0 {
        let tos = options.tos.unsigned_abs();
        let _ = socket.set_tos_v4(tos);
        if socket.domain().is_ok_and(|domain| domain == Domain::IPV6) {
            let _ = socket.set_tclass_v6(tos);
        }
    }
    if options.priority > 0 {
        let _ = socket.set_priority(options.priority.unsigned_abs());
    }
    if options.busy_poll > 0 {
        let _ = socket.set_busy_poll(options.busy_poll.unsigned_abs());
    }
}

/// Octets that the kernel takes beyond what it can send (`TCP_NOTSENT_LOWAT`).
const NOT_SENT: u32 = 256 * 1024;

/// The congestion control of connections within the machine. Where BBR is the default it paces
/// them at a rate that it estimates far too low: 1 MiB took twice as long. This one is part of every
/// kernel, and permitted to all unless the administrator says otherwise.
const UNPACED: &[u8] = b"reno";

/// Whether the peer is on this machine.
fn stays_here(socket: &Socket, peer: &SockAddr) -> bool {
    let ip = |address: &SockAddr| address.as_socket().map(|at| at.ip());
    let Some(peer) = ip(peer) else {
        return false;
    };
    peer.to_canonical().is_loopback() || socket.local_addr().is_ok_and(|own| ip(&own) == Some(peer))
}

/// Once connected.
fn tune(socket: &Socket, peer: Option<&SockAddr>, options: &Options) {
    let _ = socket.set_tcp_nodelay(true);
    if options.sndbuf == -1 {
        // What the kernel cannot send yet is better kept in the pipe, where the high-water mark
        // counts it, than in a send buffer that grows to megabytes.
        let _ = socket.set_tcp_notsent_lowat(NOT_SENT);
    }
    if peer.is_some_and(|peer| stays_here(socket, peer)) {
        let _ = socket.set_tcp_congestion(UNPACED);
    }
    mark(socket, options);
    if options.tcp_keepalive != -1 {
        let _ = socket.set_keepalive(options.tcp_keepalive != 0);
    }
    if options.tcp_keepalive > 0 {
        let seconds = |value: i32| u64::try_from(value).ok().map(Duration::from_secs);
        // One at a time: the kernel's refusal of one must not keep the others out.
        if let Some(idle) = seconds(options.tcp_keepalive_idle) {
            let _ = socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(idle));
        }
        if let Some(interval) = seconds(options.tcp_keepalive_intvl) {
            let _ = socket.set_tcp_keepalive(&TcpKeepalive::new().with_interval(interval));
        }
        if let Ok(count) = u32::try_from(options.tcp_keepalive_cnt) {
            let _ = socket.set_tcp_keepalive(&TcpKeepalive::new().with_retries(count));
        }
    }
    if options.tcp_maxrt > 0 {
        let timeout = Duration::from_millis(u64::from(options.tcp_maxrt.unsigned_abs()));
        let _ = socket.set_tcp_user_timeout(Some(timeout));
    }
}

/// Whether a peer is in one of the networks; in none of them when it has no IP address.
fn admits(networks: &[(IpAddr, u8)], peer: &SockAddr) -> bool {
    networks.is_empty()
        || peer.as_socket().is_some_and(|peer| {
            networks
                .iter()
                .any(|&(network, prefix)| contains(network, prefix, peer.ip()))
        })
}

/// Whether the first `prefix` bits agree. An IPv4 address counts as one also when it is mapped
/// into IPv6, on either side.
fn contains(network: IpAddr, prefix: u8, ip: IpAddr) -> bool {
    match (network, network.to_canonical(), ip.to_canonical()) {
        (IpAddr::V6(_), IpAddr::V4(network), IpAddr::V4(ip)) => same_start(
            network.to_bits().into(),
            ip.to_bits().into(),
            32,
            prefix.saturating_sub(96),
        ),
        (_, IpAddr::V4(network), IpAddr::V4(ip)) => {
            same_start(network.to_bits().into(), ip.to_bits().into(), 32, prefix)
        }
        (_, IpAddr::V6(network), IpAddr::V6(ip)) => {
            same_start(network.to_bits(), ip.to_bits(), 128, prefix)
        }
        // ::/0 and what else in IPv6 holds all mapped addresses.
        (IpAddr::V6(network), IpAddr::V6(_), IpAddr::V4(ip)) => same_start(
            network.to_bits(),
            ip.to_ipv6_mapped().to_bits(),
            128,
            prefix,
        ),
        _ => false,
    }
}

/// Whether two numbers of `width` bits agree in the first `prefix`.
fn same_start(a: u128, b: u128, width: u32, prefix: u8) -> bool {
    let ignored = width.saturating_sub(prefix.into());
    (a ^ b).checked_shr(ignored).unwrap_or(0) == 0
}

/// `1.2.3.4:5`, `[::1]:5`.
fn text(address: &SocketAddr) -> String {
    match address {
        SocketAddr::V4(_) => format!("{}:{}", host(address), address.port()),
        SocketAddr::V6(_) => format!("[{}]:{}", host(address), address.port()),
    }
}

/// `1.2.3.4`, `::1`, `fe80::1%eth0`.
fn host(address: &SocketAddr) -> String {
    match address {
        SocketAddr::V6(v6) if v6.scope_id() != 0 => format!("{}%{}", v6.ip(), zone(v6)),
        address => address.ip().to_string(),
    }
}

/// The interface that a scope means: its name where scopes are interfaces, else its number.
fn zone(address: &SocketAddrV6) -> String {
    let scope = address.scope_id();
    let named = if address.ip().is_unicast_link_local() {
        sys::interface_name(scope)
    } else {
        None
    };
    named.unwrap_or_else(|| scope.to_string())
}

#[cfg(test)]
mod tests {
    use super::{contains, same_start};

    #[test]
    fn networks_contain_what_shares_their_prefix() {
        let cases = [
            ("127.0.0.1", 32, "127.0.0.1", true),
            ("127.0.0.1", 32, "::ffff:127.0.0.1", true),
            ("127.0.0.255", 32, "127.0.0.1", false),
            ("127.0.0.255", 24, "127.0.0.1", true),
            ("10.255.0.0", 8, "10.1.2.3", true),
            ("10.255.0.0", 9, "10.1.2.3", false),
            ("0.0.0.0", 0, "255.255.255.255", true),
            ("0.0.0.0", 0, "::1", false),
            ("::", 0, "1.2.3.4", true),
            ("::", 0, "fe80::1", true),
            ("::1", 128, "::1", true),
            ("::1", 128, "::2", false),
            ("::ffff:127.0.0.0", 104, "127.9.9.9", true),
            ("::ffff:127.0.0.0", 104, "128.9.9.9", false),
            ("fd00::", 8, "fd12::1", true),
            ("fd00::", 8, "fe80::1", false),
            ("1.2.3.4", 255, "1.2.3.4", true),
        ];
        for (network, prefix, ip, expected) in cases {
            let found = contains(network.parse().unwrap(), prefix, ip.parse().unwrap());
            assert_eq!(found, expected, "{ip} in {network}/{prefix}");
        }
        assert!(same_start(u128::MAX, 0, 128, 0));
        assert!(!same_start(1, 0, 128, 128));
    }
}
