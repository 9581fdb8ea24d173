//! Transports: how the text of an endpoint becomes a listening or a connected stream.
//!
//! Invariant: everything that differs between schemes is in that scheme's row of [`FAMILIES`].
//! Whoever listens or connects uses [`Family`], [`Listener`], [`Target`] and [`Stream`] and never
//! asks which scheme it is dealing with. Nothing here blocks but [`Family::resolve`] and
//! [`Family::listen`], and those only to ask a name service.

mod address;
mod ipc;
mod listener;
mod resolve;
mod stream;
mod tcp;
mod tipc;
mod udp;
#[cfg(feature = "draft")]
mod vmci;
#[cfg(feature = "draft")]
mod vsock;
mod ws;
#[cfg(feature = "wss")]
mod wss;

#[cfg(test)]
mod tests;

use std::fmt;

use socket2::{Domain, SockAddr, Socket};

use crate::errno::Errno;
use crate::options::Options;
#[cfg(feature = "wss")]
use crate::proto::tls::Credentials;
use crate::proto::ws::Side;

pub use listener::{AcceptError, Listener};
pub use stream::{Stream, Target};
pub use udp::Datagrams;

/// One row per scheme.
pub static FAMILIES: &[Family] = &[
    tcp::FAMILY,
    ipc::FAMILY,
    ws::FAMILY,
    #[cfg(feature = "wss")]
    wss::FAMILY,
    udp::FAMILY,
    tipc::FAMILY,
    #[cfg(feature = "draft")]
    vsock::FAMILY,
    #[cfg(feature = "draft")]
    vmci::FAMILY,
];

/// A host and a port, taken out of an address.
type HostAndPort<'a> = Result<(&'a str, u16), Errno>;

/// Makes what is shown, or checked, where an address was bound (`None`) or is connected to.
#[cfg(feature = "wss")]
type MakeCredentials = fn(Option<&str>, &Options) -> Result<Credentials, Errno>;

/// A scheme, and all that is particular to it.
pub struct Family {
    /// What stands before `://`.
    pub scheme: &'static str,
    /// See [`Family::check_connect`].
    check_connect: fn(&str, &Options) -> Result<(), Errno>,
    /// See [`Family::is_immediate`].
    is_immediate: fn(&str) -> bool,
    /// See [`Family::resolve`].
    resolve: fn(&'static Family, &str, &Options) -> Result<Vec<Target>, Errno>,
    /// See [`Family::listen`].
    listen: fn(&'static Family, &str, &Options) -> Result<Listener, Errno>,
    /// What is said to a new socket of this domain before it is bound or connected. Only what the
    /// user would rather fail than do without is an error.
    prepare: fn(&Socket, Domain, &Options) -> Result<(), Errno>,
    /// What is said to a socket once it is connected to this peer, if it can be named; best effort.
    tune: fn(&Socket, Option<&SockAddr>, &Options),
    /// Whether the options let this peer in.
    admit: fn(&Socket, &SockAddr, &Options) -> bool,
    /// Whether an address is one of this family's.
    owns: fn(&SockAddr) -> bool,
    /// An address as the text after `://`.
    address: fn(&SockAddr) -> String,
    /// See [`Family::canonical`]; `None` where an address is what it is.
    canonical: Option<fn(&str) -> String>,
    /// See [`Family::websocket`].
    websocket: Option<fn(Option<&str>) -> Side>,
    /// See [`Family::credentials`].
    #[cfg(feature = "wss")]
    credentials: Option<MakeCredentials>,
    /// See [`Family::destination`].
    destination: Option<fn(&str) -> HostAndPort<'_>>,
    /// See [`Family::carries_datagrams`].
    datagrams: bool,
    /// See [`Stream::peer_address`].
    peer_address: fn(&Socket, &SockAddr) -> String,
}

/// Splits an endpoint into its scheme and its address: `"tcp://host:port"` into
/// `("tcp", "host:port")`. `EINVAL` without `://`, or if either side of it is empty.
pub fn split(endpoint: &str) -> Result<(&str, &str), Errno> {
    match endpoint.split_once("://") {
        Some((scheme, address)) if !scheme.is_empty() && !address.is_empty() => {
            Ok((scheme, address))
        }
        _ => Err(Errno::EINVAL),
    }
}

/// The family and the address of an endpoint. `EINVAL` as for [`split`], `EPROTONOSUPPORT` for a
/// scheme without a row (`inproc` among them: it never leaves the process).
pub fn parse(endpoint: &str) -> Result<(&'static Family, &str), Errno> {
    let (scheme, address) = split(endpoint)?;
    let family = FAMILIES.iter().find(|family| family.scheme == scheme);
    Ok((family.ok_or(Errno::EPROTONOSUPPORT)?, address))
}

impl Family {
    /// What `zmq_connect` checks before it returns: the look of the address, not whether anything
    /// answers to it. `EINVAL`; for ipc also `ENAMETOOLONG`.
    pub fn check_connect(&self, address: &str, options: &Options) -> Result<(), Errno> {
        (self.check_connect)(address, options)
    }

    /// Whether [`resolve`](Family::resolve) answers at once. If not it may ask a name service,
    /// and belongs on a thread of its own.
    pub fn is_immediate(&self, address: &str) -> bool {
        (self.is_immediate)(address)
    }

    /// The places to connect to, in the order in which they should be tried; at least one.
    /// `EINVAL` for an address that cannot be one, `ENODEV` for a source or a scope that is not
    /// there, `EHOSTUNREACH` for a name that nobody knows, `ENOMEM`, `EMFILE` and what else the
    /// look-up met.
    pub fn resolve(&'static self, address: &str, options: &Options) -> Result<Vec<Target>, Errno> {
        (self.resolve)(self, address, options)
    }

    /// Binds and listens. With `ZMQ_USE_FD` it adopts (and from then on owns) that descriptor,
    /// which must be listening already: `EBADF`, `ENOTSOCK` or `EINVAL` if it is not.
    ///
    /// `EINVAL` for an address that cannot be one, `ENODEV` for a host or interface that is not
    /// there, `ENAMETOOLONG` (ipc), and what bind(2) says: `EADDRINUSE`, `EADDRNOTAVAIL`,
    /// `EACCES`, `ENOENT`, ….
    pub fn listen(&'static self, address: &str, options: &Options) -> Result<Listener, Errno> {
        (self.listen)(self, address, options)
    }

    /// The endpoint of an address that is connected to, as it is reported.
    pub fn canonical(&self, address: &str) -> String {
        match self.canonical {
            Some(canonical) => format!("{}://{}", self.scheme, canonical(address)),
            None => format!("{}://{address}", self.scheme),
        }
    }

    /// What a stream begins with before the peers talk, if it carries WebSocket: to the address
    /// that we connected to, or with a peer that connected. `None` if it carries nothing between.
    pub fn websocket(&self, connected_to: Option<&str>) -> Option<Side> {
        self.websocket.map(|websocket| websocket(connected_to))
    }

    /// What is needed for TLS, to connect to an address or to bind; `None` if nothing is encrypted.
    /// `EINVAL` if the options do not make it up. May read files.
    #[cfg(feature = "wss")]
    pub fn credentials(
        &self,
        connected_to: Option<&str>,
        options: &Options,
    ) -> Result<Option<Credentials>, Errno> {
        let credentials = self.credentials;
        credentials
            .map(|credentials| credentials(connected_to, options))
            .transpose()
    }

    /// Whether connections show or check credentials before anything else.
    pub fn has_credentials(&self) -> bool {
        #[cfg(feature = "wss")]
        let has = self.credentials.is_some();
        #[cfg(not(feature = "wss"))]
        let has = false;
        has
    }

    /// Whether there are no streams but [`Datagrams`]: nobody listens, and nothing is connected.
    pub fn carries_datagrams(&self) -> bool {
        self.datagrams
    }

    /// The host (a name or digits, without brackets and zone) and the port of an address, for a
    /// proxy that is to connect there; `None` if no proxy can. `EINVAL` for an address that cannot
    /// be one.
    pub fn destination<'a>(&self, address: &'a str) -> Option<Result<(&'a str, u16), Errno>> {
        self.destination.map(|destination| destination(address))
    }

    /// An address without what stands behind it where the scheme carries WebSocket.
    pub fn without_path<'a>(&self, address: &'a str) -> &'a str {
        match self.websocket {
            Some(_) => ws::split(address).0,
            None => address,
        }
    }

    /// An address as an endpoint.
    fn endpoint(&self, address: &SockAddr) -> String {
        format!("{}://{}", self.scheme, (self.address)(address))
    }
}

impl fmt::Debug for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Family").field(&self.scheme).finish()
    }
}
