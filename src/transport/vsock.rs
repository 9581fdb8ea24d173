//! The vsock scheme, as zmq_vsock(7) describes it: `cid:port`, between a virtual machine and its
//! host. A CID is a number, `@` for this machine, or, to be bound, `*` for whatever it has; a port to be
//! bound may be `*` for one that is free.
//!
//! Invariant: no test opens a socket of this family, which leads off the machine.

use super::address::Purpose;
use super::{Family, Listener, Target};
use crate::errno::Errno;
use crate::options::Options;
use crate::sys::vm::{self, AF_VSOCK, Vm};

/// The row of [`super::FAMILIES`].
pub(super) const FAMILY: Family = Family {
    scheme: "vsock",
    check_connect: |address, _| parse(address, Purpose::Peer, own_cid).map(|_| ()),
    is_immediate: |_| true,
    resolve: |family, address, _| {
        let peer = parse(address, Purpose::Peer, own_cid)?;
        let place = peer.to_socket_address(AF_VSOCK);
        Ok(vec![Target::new(family, place, None)])
    },
    listen: |family, address, options| {
        let own = parse(address, Purpose::Local, own_cid)?;
        listen(family, own, AF_VSOCK, options)
    },
    prepare: |_, _, _| Ok(()),
    tune: |_, _, _| {},
    admit: |_, _, _| true,
    owns: |address| Vm::from_socket_address(address, AF_VSOCK).is_some(),
    address: |address| Vm::from_socket_address(address, AF_VSOCK).map_or_else(String::new, text),
    canonical: Some(|address| canonical(address, own_cid)),
    websocket: None,
    #[cfg(feature = "wss")]
    credentials: None,
    destination: None,
    datagrams: false,
    peer_address: |_, peer| cid(Vm::from_socket_address(peer, AF_VSOCK)),
};

/// What `@` stands for here: the loopback, which needs no host and no device.
fn own_cid() -> Option<u32> {
    Some(vm::LOCAL)
}

/// Takes `cid:port` apart; `own_cid` tells what `@` stands for. `EINVAL` for what cannot be an address,
/// or a wildcard to connect to; `ENODEV` if this machine has no CID.
// libzmq lets pass what stands behind a number, and signs before it.
pub(super) fn parse(
    text: &str,
    purpose: Purpose,
    own_cid: impl Fn() -> Option<u32>,
) -> Result<Vm, Errno> {
    let number = |text: &str| -> Result<u32, Errno> {
        let number = match text {
            "*" | "-1" => vm::ANY,
            _ if text.bytes().all(|octet| octet.is_ascii_digit()) => {
                text.parse().map_err(|_| Errno::EINVAL)?
            }
            _ => return Err(Errno::EINVAL),
        };
        match purpose {
            Purpose::Peer if number == vm::ANY => Err(Errno::EINVAL),
            _ => Ok(number),
        }
    };
    let (cid, port) = text.rsplit_once(':').ok_or(Errno::EINVAL)?;
    let port = number(port)?;
    let cid = match cid {
        "@" => own_cid().ok_or(Errno::ENODEV)?,
        cid => number(cid)?,
    };
    Ok(Vm { cid, port })
}

pub(super) fn listen(
    family: &'static Family,
    own: Vm,
    number: libc::sa_family_t,
    options: &Options,
) -> Result<Listener, Errno> {
    if options.use_fd != -1 {
        return Listener::adopt(family, options.use_fd);
    }
    Listener::bind(family, &own.to_socket_address(number), options)
}

/// An address to connect to with `@` replaced.
pub(super) fn canonical(address: &str, own_cid: impl Fn() -> Option<u32>) -> String {
    parse(address, Purpose::Peer, own_cid).map_or_else(|_| address.to_owned(), text)
}

/// `cid:port`
pub(super) fn text(address: Vm) -> String {
    let number = |number| match number {
        vm::ANY => "*".to_owned(),
        number => number.to_string(),
    };
    format!("{}:{}", number(address.cid), number(address.port))
}

/// The CID of a peer.
pub(super) fn cid(peer: Option<Vm>) -> String {
    peer.map_or_else(String::new, |peer| peer.cid.to_string())
}

#[cfg(test)]
#[path = "tests/vsock.rs"]
mod tests;
