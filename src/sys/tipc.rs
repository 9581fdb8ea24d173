//! The addresses of TIPC, which std, libc and socket2 lack.
//!
//! Invariant: an address is read only if it is of the family and as long as the family makes it.

use std::mem;

use socket2::{SockAddr, SockAddrStorage};

/// `AF_TIPC`.
const AF_TIPC: libc::sa_family_t = libc::AF_TIPC as libc::sa_family_t;

/// An address of TIPC (`linux/tipc.h`). A node is a number: of `zone.cluster.node`, 8, 12 and 12
/// bits; 0 is any node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tipc {
    /// A socket.
    Id {
        /// Its number on its node.
        port: u32,
        /// Where it is.
        node: u32,
    },
    /// Instances `lower` to `upper` of a service.
    Range {
        /// The type of service.
        service: u32,
        /// The first instance.
        lower: u32,
        /// The last instance.
        upper: u32,
    },
    /// One instance of a service.
    Name {
        /// The type of service.
        service: u32,
        /// The instance.
        instance: u32,
        /// Where it is looked for.
        domain: u32,
    },
}

/// `struct sockaddr_tipc`, which the libc crate lacks.
#[repr(C)]
struct SockaddrTipc {
    family: libc::sa_family_t,
    kind: u8,
    scope: i8,
    words: [u32; 3],
}

/// `TIPC_SERVICE_RANGE`, `TIPC_SERVICE_ADDR` and `TIPC_SOCKET_ADDR`.
const RANGE: u8 = 1;
const NAME: u8 = 2;
const ID: u8 = 3;
/// `TIPC_CLUSTER_SCOPE`: what is bound can be found from every node. Kernels take it from 2.6 on.
const CLUSTER: i8 = 2;

impl Tipc {
    /// As the kernel takes it.
    pub fn to_socket_address(self) -> SockAddr {
        let (kind, scope, words) = match self {
            Tipc::Id { port, node } => (ID, 0, [port, node, 0]),
            Tipc::Range {
                service,
                lower,
                upper,
            } => (RANGE, CLUSTER, [service, lower, upper]),
            Tipc::Name {
                service,
                instance,
                domain,
            } => (NAME, 0, [service, instance, domain]),
        };
        let mut storage = SockAddrStorage::zeroed();
        // SAFETY: the structure is the kernel's `sockaddr_tipc`: integers, without padding.
        let address = unsafe { storage.view_as::<SockaddrTipc>() };
        *address = SockaddrTipc {
            family: AF_TIPC,
            kind,
            scope,
            words,
        };
        // SAFETY: so much of the storage was just written, and the family says what it is.
        unsafe { SockAddr::new(storage, mem::size_of::<SockaddrTipc>() as libc::socklen_t) }
    }

    /// As the kernel gave it; `None` for other families.
    pub fn from_socket_address(address: &SockAddr) -> Option<Tipc> {
        if address.family() != AF_TIPC || (address.len() as usize) < mem::size_of::<SockaddrTipc>()
        {
            return None;
        }
        // SAFETY: so long and of that family, it is a `sockaddr_tipc`: integers, which may have any
        // value. The storage is aligned for every address.
        let address = unsafe { &*address.as_ptr().cast::<SockaddrTipc>() };
        let [first, second, third] = address.words;
        match address.kind {
            RANGE => Some(Tipc::Range {
                service: first,
                lower: second,
                upper: third,
            }),
            NAME => Some(Tipc::Name {
                service: first,
                instance: second,
                domain: third,
            }),
            ID => Some(Tipc::Id {
                port: first,
                node: second,
            }),
            _ => None,
        }
    }
}

/// The octets of an address, as the kernel gets them.
#[cfg(test)]
pub fn octets(address: &SockAddr) -> &[u8] {
    // SAFETY: the storage is initialised, is at least as long, and lives as long as the address.
    unsafe { std::slice::from_raw_parts(address.as_ptr().cast::<u8>(), address.len() as usize) }
}
