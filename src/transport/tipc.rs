//! The tipc scheme, as zmq_tipc(7) describes it: bound are instances of a service, `{type,lower,upper}`,
//! or a socket by itself, `<*>`; connected to is an instance, `{type,instance}` or
//! `{type,instance}@zone.cluster.node`, or a socket, `<zone.cluster.node:port>`.
//!
//! Invariant: whether the kernel has TIPC is found out by nothing but opening a socket
//! (`EAFNOSUPPORT`).

use super::{Family, Listener, Target};
use crate::errno::Errno;
use crate::options::Options;
use crate::sys::tipc::Tipc;

/// The row of [`super::FAMILIES`].
pub(super) const FAMILY: Family = Family {
    scheme: "tipc",
    check_connect: |address, _| peer(address).map(|_| ()),
    is_immediate: |_| true,
    resolve: |family, address, _| {
        let place = peer(address)?.to_socket_address();
        Ok(vec![Target::new(family, place, None)])
    },
    listen,
    prepare: |_, _, _| Ok(()),
    tune: |_, _, _| {},
    admit: |_, _, _| true,
    owns: |address| Tipc::from_socket_address(address).is_some(),
    address: |address| Tipc::from_socket_address(address).map_or_else(String::new, text),
    canonical: Some(|address| peer(address).map_or_else(|_| address.to_owned(), text)),
    websocket: None,
    #[cfg(feature = "wss")]
    credentials: None,
    destination: None,
    datagrams: false,
    peer_address: |_, peer| match Tipc::from_socket_address(peer) {
        Some(Tipc::Id { node, .. }) => dotted(node),
        _ => String::new(),
    },
};

/// The first type of service that is not the kernel's own (`TIPC_RESERVED_TYPES`).
const FIRST_SERVICE: u32 = 64;

/// What the text of an address says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// `<*>`
    Unnamed,
    Given(Tipc),
}

/// A number as it stands in an address: digits, maybe with spaces before them. `EINVAL` else, or
/// above `most`. (libzmq lets signs pass, and cuts what is above.)
fn number(text: &str, most: u32) -> Result<u32, Errno> {
    let digits = text.trim_start_matches(' ');
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(Errno::EINVAL);
    }
    match digits.parse() {
        Ok(number) if number <= most => Ok(number),
        _ => Err(Errno::EINVAL),
    }
}

/// `zone.cluster.node`
fn node(text: &str) -> Result<u32, Errno> {
    let mut parts = text.split('.');
    let mut next = |most| number(parts.next().ok_or(Errno::EINVAL)?, most);
    let node = next(0xff)? << 24 | next(0xfff)? << 12 | next(0xfff)?;
    match parts.next() {
        None => Ok(node),
        Some(_) => Err(Errno::EINVAL),
    }
}

/// Takes an address apart. `EINVAL` for what cannot be one.
// libzmq lets pass what stands behind the last number, and a bracket that is never closed.
fn parse(text: &str) -> Result<Place, Errno> {
    if text == "<*>" {
        return Ok(Place::Unnamed);
    }
    if let Some(id) = text.strip_prefix('<') {
        let id = id.strip_suffix('>').ok_or(Errno::EINVAL)?;
        let (at, port) = id.split_once(':').ok_or(Errno::EINVAL)?;
        let port = number(port, u32::MAX)?;
        let node = node(at)?;
        return Ok(Place::Given(Tipc::Id { port, node }));
    }
    let service = text.strip_prefix('{').ok_or(Errno::EINVAL)?;
    let (service, behind) = service.split_once('}').ok_or(Errno::EINVAL)?;
    let domain = match behind.strip_prefix('@') {
        Some(domain) => Some(node(domain)?),
        None if behind.is_empty() => None,
        None => return Err(Errno::EINVAL),
    };
    let numbers = service.split(',').map(|text| number(text, u32::MAX));
    let place = match numbers.collect::<Result<Vec<u32>, Errno>>()?[..] {
        [service, _] | [service, _, _] if service < FIRST_SERVICE => return Err(Errno::EINVAL),
        [service, instance] => Tipc::Name {
            service,
            instance,
            // Anywhere. (libzmq looks in zone 1, where kernels since 4.17 have nobody.)
            domain: domain.unwrap_or(0),
        },
        [service, lower, upper] if lower <= upper && domain.is_none() => Tipc::Range {
            service,
            lower,
            upper,
        },
        _ => return Err(Errno::EINVAL),
    };
    Ok(Place::Given(place))
}

/// Whom to connect to.
// COMPAT: a range is taken, though the kernel connects to none.
fn peer(address: &str) -> Result<Tipc, Errno> {
    match parse(address)? {
        Place::Given(place) => Ok(place),
        Place::Unnamed => Err(Errno::EINVAL),
    }
}

/// What to bind; `None` for nothing: the socket has an id anyway.
fn own(address: &str) -> Result<Option<Tipc>, Errno> {
    match parse(address)? {
        Place::Unnamed => Ok(None),
        // Ids are the kernel's to give.
        Place::Given(Tipc::Id { .. }) => Err(Errno::EINVAL),
        // Kernels before 4.17 bind ranges only.
        Place::Given(Tipc::Name {
            service, instance, ..
        }) => Ok(Some(Tipc::Range {
            service,
            lower: instance,
            upper: instance,
        })),
        Place::Given(range) => Ok(Some(range)),
    }
}

fn listen(family: &'static Family, address: &str, options: &Options) -> Result<Listener, Errno> {
    let own = own(address)?;
    if options.use_fd != -1 {
        return Listener::adopt(family, options.use_fd);
    }
    let Some(own) = own else {
        let any = Tipc::Id { port: 0, node: 0 };
        return Listener::unbound(family, &any.to_socket_address(), options);
    };
    let listener = Listener::bind(family, &own.to_socket_address(), options)?;
    // The kernel knows the listener by its id; whoever looks for it, by what was bound.
    Ok(listener.with_endpoint(format!("{}://{}", family.scheme, text(own))))
}

/// `zone.cluster.node`
fn dotted(node: u32) -> String {
    format!("{}.{}.{}", node >> 24, node >> 12 & 0xfff, node & 0xfff)
}

fn text(address: Tipc) -> String {
    match address {
        Tipc::Id { port, node } => format!("<{}:{port}>", dotted(node)),
        Tipc::Range {
            service,
            lower,
            upper,
        } => format!("{{{service}, {lower}, {upper}}}"),
        Tipc::Name {
            service,
            instance,
            domain: 0,
        } => format!("{{{service}, {instance}}}"),
        Tipc::Name {
            service,
            instance,
            domain,
        } => format!("{{{service}, {instance}}}@{}", dotted(domain)),
    }
}

#[cfg(test)]
#[path = "tests/tipc.rs"]
mod tests;
