//! The ws scheme: WebSocket over tcp, `host:port/path`.
//!
//! Invariant: but for the path, and for what the stream then carries, it is tcp. A path goes into a
//! line of HTTP as it is, so it holds nothing that would end that line or a word of it.

use super::address::{self, HostPort, Purpose};
use super::{Family, Listener, Target, tcp};
use crate::errno::Errno;
use crate::options::Options;
use crate::proto::ws::Side;

/// The row of [`super::FAMILIES`].
pub(super) const FAMILY: Family = Family {
    scheme: "ws",
    check_connect: |address, _| {
        let (host, path) = split(address);
        check_path(path)?;
        address::check_peer(host)
    },
    is_immediate: |address| tcp::is_immediate(split(address).0),
    resolve,
    listen,
    canonical: Some(|address| {
        let (host, path) = split(address);
        format!("{host}{path}")
    }),
    websocket: Some(side),
    // Whoever has a proxy for tcp wants nothing to go past it. (libzmq connects directly.)
    destination: Some(|address| tcp::destination(split(address).0)),
    ..tcp::FAMILY
};

/// The address without its path, and the path, which is `/` if there is none.
// libzmq takes the last slash for the first one of the path.
pub(super) fn split(address: &str) -> (&str, &str) {
    match address.find('/') {
        Some(at) => address.split_at(at),
        None => (address, "/"),
    }
}

fn check_path(path: &str) -> Result<(), Errno> {
    if path.bytes().all(|octet| octet.is_ascii_graphic()) {
        Ok(())
    } else {
        Err(Errno::EINVAL)
    }
}

fn resolve(
    family: &'static Family,
    address: &str,
    options: &Options,
) -> Result<Vec<Target>, Errno> {
    let (host, path) = split(address);
    check_path(path)?;
    let targets = tcp::resolve_targets(family, host, options)?;
    Ok(targets
        .into_iter()
        .map(|target| target.with_path(path))
        .collect())
}

fn listen(family: &'static Family, address: &str, options: &Options) -> Result<Listener, Errno> {
    let (host, path) = split(address);
    check_path(path)?;
    Ok(tcp::listen(family, host, options)?.with_path(path))
}

fn side(connected_to: Option<&str>) -> Side {
    match connected_to {
        None => Side::Server,
        Some(address) => {
            let (host, path) = split(address);
            Side::Client {
                host: host_field(host),
                path: path.to_owned(),
            }
        }
    }
}

/// The peer as it stands in a request: `name:5`, `1.2.3.4:5`, `[::1]:5`; no source and no zone
/// (RFC 6874, 1).
// libzmq leaves out the port, which RFC 9110, 7.2 wants.
fn host_field(address: &str) -> String {
    let (_, peer) = address::split_source(address);
    match HostPort::parse(peer, Purpose::Peer) {
        Ok(HostPort { host, port, .. }) if host.contains(':') => format!("[{host}]:{port}"),
        Ok(HostPort { host, port, .. }) => format!("{host}:{port}"),
        // Nobody connected to what cannot be parsed.
        Err(_) => String::new(),
    }
}
