//! The vmci scheme, as zmq_vmci(7) describes it: `cid:port`, between VMware's virtual machines on a
//! host, and the host.
//!
//! Invariant: but for what `@` is, the number of the family and the options, it is vsock.

use std::os::fd::AsFd;

use socket2::{Domain, Socket};

use super::address::Purpose;
use super::vsock::{canonical, cid, listen, parse, text};
use super::{Family, Target, vsock};
use crate::errno::Errno;
use crate::options::Options;
use crate::sys::vm::{self, Vm};

/// The row of [`super::FAMILIES`].
pub(super) const FAMILY: Family = Family {
    scheme: "vmci",
    check_connect: |address, _| parse(address, Purpose::Peer, vm::local_cid).map(|_| ()),
    resolve: |family, address, _| {
        let peer = parse(address, Purpose::Peer, vm::local_cid)?;
        let place = peer.to_socket_address(vm::vmci_family());
        Ok(vec![Target::new(family, place, None)])
    },
    listen: |family, address, options| {
        let own = parse(address, Purpose::Local, vm::local_cid)?;
        listen(family, own, vm::vmci_family(), options)
    },
    prepare,
    owns: |address| Vm::from_socket_address(address, vm::vmci_family()).is_some(),
    address: |address| {
        Vm::from_socket_address(address, vm::vmci_family()).map_or_else(String::new, text)
    },
    canonical: Some(|address| canonical(address, vm::local_cid)),
    peer_address: |_, peer| cid(Vm::from_socket_address(peer, vm::vmci_family())),
    ..vsock::FAMILY
};

/// `SO_VM_SOCKETS_BUFFER_SIZE`, `SO_VM_SOCKETS_BUFFER_MIN_SIZE` and `SO_VM_SOCKETS_BUFFER_MAX_SIZE`
/// (`linux/vm_sockets.h`): octets, 64 bits.
const BUFFER_SIZE: i32 = 0;
const BUFFER_MIN_SIZE: i32 = 1;
const BUFFER_MAX_SIZE: i32 = 2;
/// `SO_VM_SOCKETS_CONNECT_TIMEOUT`: a `timeval`. It has another number where times are longer than
/// a `long`.
const CONNECT_TIMEOUT: i32 = if size_of::<libc::time_t>() == size_of::<libc::c_long>() {
    6
} else {
    8
};

/// An option of the kernel's: its number, and the octets of its value.
type Setting = (i32, Vec<u8>);

/// What is asked of the kernel, in this order: it keeps the size within the limits that it knows.
// libzmq says all three of the size itself, and that after it connected.
fn settings(options: &Options) -> Vec<Setting> {
    let mut settings: Vec<Setting> = [
        (BUFFER_MAX_SIZE, options.vmci_buffer_max_size),
        (BUFFER_MIN_SIZE, options.vmci_buffer_min_size),
        (BUFFER_SIZE, options.vmci_buffer_size),
    ]
    .into_iter()
    .filter(|&(_, octets)| octets != 0)
    .map(|(name, octets)| (name, octets.to_ne_bytes().to_vec()))
    .collect();
    if options.vmci_connect_timeout > 0 {
        let seconds = libc::time_t::from(options.vmci_connect_timeout / 1000);
        let micros = libc::suseconds_t::from(options.vmci_connect_timeout % 1000 * 1000);
        let timeval = [seconds.to_ne_bytes(), micros.to_ne_bytes()].concat();
        settings.push((CONNECT_TIMEOUT, timeval));
    }
    settings
}

/// Before binding or connecting, for what is asked is agreed on with the peer. Sizes and times are
/// advice: what the kernel refuses is no reason not to communicate.
fn prepare(socket: &Socket, domain: Domain, options: &Options) -> Result<(), Errno> {
    let level = i32::from(domain);
    for (name, value) in settings(options) {
        let _ = vm::set_option(socket.as_fd(), level, name, &value);
    }
    Ok(())
}

#[cfg(test)]
#[path = "tests/vmci.rs"]
mod tests;
