//! Streams of any family, and the places that they connect to.
//!
//! Invariant: a descriptor here is non-blocking and close-on-exec from its first moment, belongs
//! to exactly one value, and no use of it raises a signal.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use socket2::{Domain, SockAddr, Socket, Type};

use super::Family;
use super::resolve::without_ipv6;
use crate::errno::Errno;
use crate::msg::Room;
use crate::options::Options;
use crate::sys;

/// The most buffers that one `sendmsg` takes (`IOV_MAX`).
const MAX_SLICES: usize = 1024;

/// A resolved place to connect to.
#[derive(Clone, Debug)]
pub struct Target {
    family: &'static Family,
    address: SockAddr,
    /// The local address to connect from.
    source: Option<SockAddr>,
    /// What stands behind the address in an endpoint.
    path: Box<str>,
}

impl Target {
    pub(super) fn new(
        family: &'static Family,
        address: SockAddr,
        source: Option<SockAddr>,
    ) -> Target {
        Target {
            family,
            address,
            source,
            path: Box::default(),
        }
    }

    /// The same place, with something behind the address.
    pub(super) fn with_path(mut self, path: &str) -> Target {
        self.path = path.into();
        self
    }

    /// Starts to connect. `None` says that the connection is still under way: once the stream is
    /// writable, [`Stream::connect_result`] tells how it went. Else it stands already, and this is
    /// its own endpoint.
    ///
    /// Errors are the kernel's; a full queue of an ipc listener is `EAGAIN`. None of them is
    /// final, whoever connects may try again.
    pub fn connect(&self, options: &Options) -> Result<(Stream, Option<String>), Errno> {
        let (socket, fallback) = open(self.family, &self.address, options)?;
        if let Some(source) = &self.source {
            let plain = fallback.as_ref().and(Some(source)).and_then(plain_ipv4);
            // A source port that lately served another connection is no reason to fail.
            socket.set_reuse_address(true)?;
            socket.bind(plain.as_ref().unwrap_or(source))?;
        }
        let connected = socket.connect(fallback.as_ref().unwrap_or(&self.address));
        let stream = Stream::new(self.family, socket, &self.path);
        match connected.map_err(Errno::from) {
            Ok(()) => {
                let own = stream.connect_result(options)?;
                Ok((stream, Some(own)))
            }
            Err(Errno::EINPROGRESS | Errno::EINTR) => Ok((stream, None)),
            Err(errno) => Err(errno),
        }
    }

    /// The place as an endpoint, in digits.
    pub fn endpoint(&self) -> String {
        self.family.endpoint(&self.address) + &self.path
    }
}

/// A new socket for `address`, prepared. On a machine without IPv6 it is an IPv4 one, and the
/// address to use instead comes with it.
pub(super) fn open(
    family: &'static Family,
    address: &SockAddr,
    options: &Options,
) -> Result<(Socket, Option<SockAddr>), Errno> {
    let (socket, fallback) = match new_socket(address.domain()) {
        Err(Errno::EAFNOSUPPORT) => match plain_ipv4(address) {
            Some(plain) => (new_socket(plain.domain())?, Some(plain)),
            None => return Err(Errno::EAFNOSUPPORT),
        },
        socket => (socket?, None),
    };
    let domain = fallback.as_ref().unwrap_or(address).domain();
    (family.prepare)(&socket, domain, options)?;
    Ok((socket, fallback))
}

fn new_socket(domain: Domain) -> Result<Socket, Errno> {
    if cfg!(test) && domain == Domain::VSOCK {
        // It would lead off the machine that tests.
        return Err(Errno::EAFNOSUPPORT);
    }
    Ok(Socket::new_raw(
        domain,
        Type::STREAM.nonblocking().cloexec(),
        None,
    )?)
}

fn plain_ipv4(address: &SockAddr) -> Option<SockAddr> {
    address
        .as_socket()
        .and_then(without_ipv6)
        .map(SockAddr::from)
}

/// A connected stream, or one that is getting there.
pub struct Stream {
    family: &'static Family,
    socket: Socket,
    /// What stands behind the addresses in its endpoints.
    path: Box<str>,
}

impl Stream {
    pub(super) fn new(family: &'static Family, socket: Socket, path: &str) -> Stream {
        Stream {
            family,
            socket,
            path: path.into(),
        }
    }

    /// The scheme's row.
    pub fn family(&self) -> &'static Family {
        self.family
    }

    /// How connecting went, and on success the last touches of the options, and the own endpoint.
    /// `EINPROGRESS`: not decided yet, wait for the stream to become writable again. Who has a peer
    /// is connected, so the kernel is asked for an error only where there is none.
    ///
    /// A connection to itself is refused with `ECONNREFUSED`: connecting to an unused port of this
    /// very machine, the kernel may pick that port as the source, and then the two meet.
    pub fn connect_result(&self, options: &Options) -> Result<String, Errno> {
        let peer = match self.socket.peer_addr().map_err(Errno::from) {
            Ok(peer) => Some(peer),
            Err(errno) => match self.socket.take_error()? {
                Some(error) => return Err(error.into()),
                None if errno == Errno::ENOTCONN => return Err(Errno::EINPROGRESS),
                // A connected socket without a peer to name: let reading find out.
                None => None,
            },
        };
        let own = self.socket.local_addr()?;
        if let Some(peer) = &peer
            && peer.as_socket().is_some()
            && own.as_socket() == peer.as_socket()
        {
            return Err(Errno::ECONNREFUSED);
        }
        (self.family.tune)(&self.socket, peer.as_ref(), options);
        Ok(self.endpoint(&own))
    }

    /// An address of its family, with what stands behind it.
    fn endpoint(&self, address: &SockAddr) -> String {
        self.family.endpoint(address) + &self.path
    }

    /// Reads what is there: `Ok(0)` at the end of the stream (or for an empty buffer),
    /// `WouldBlock` when there is nothing yet.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        uninterrupted(|| sys::receive(self.as_fd(), buffer))
    }

    /// As [`read`](Stream::read), into the room that a body grows into.
    pub fn read_body(&self, mut room: Room<'_>) -> io::Result<usize> {
        uninterrupted(|| room.read(|memory| sys::receive_into(self.as_fd(), memory)))
    }

    /// As [`read`](Stream::read), into several buffers.
    pub fn read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let count = buffers.len().min(MAX_SLICES);
        uninterrupted(|| (&self.socket).read_vectored(&mut buffers[..count]))
    }

    /// Writes as much as fits, of as many buffers as one call takes: the count may be less than
    /// was offered. `WouldBlock` when nothing fits.
    pub fn write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        let buffers = &buffers[..buffers.len().min(MAX_SLICES)];
        uninterrupted(|| sys::send(self.as_fd(), buffers))
    }

    /// Ends both directions for both sides; the descriptor stays until the stream is dropped.
    /// A peer that is gone already is fine.
    pub fn shutdown(&self) {
        // Fails only on a connection that is down.
        let _ = sys::kernel::call(|| self.socket.shutdown(Shutdown::Both));
    }

    /// The own end: `tcp://1.2.3.4:5`, `tcp://[::1]:5`, `ipc:///path`, `ipc://@name`; `ipc://` for
    /// an end without a name; with the path where the scheme has one. Empty when the kernel cannot tell.
    pub fn local_endpoint(&self) -> String {
        let own = self.socket.local_addr();
        own.map_or_else(|_| String::new(), |own| self.endpoint(&own))
    }

    /// The peer's end, as [`local_endpoint`](Stream::local_endpoint).
    pub fn peer_endpoint(&self) -> String {
        let peer = self.socket.peer_addr();
        peer.map_or_else(|_| String::new(), |peer| self.endpoint(&peer))
    }

    /// What the message property `Peer-Address` holds: the bare IP address for tcp,
    /// `localhost:uid:gid:pid` for ipc. Empty when the kernel cannot tell, for instance because
    /// the peer is gone: ask early.
    pub fn peer_address(&self) -> String {
        match self.socket.peer_addr() {
            Ok(peer) => (self.family.peer_address)(&self.socket, &peer),
            Err(_) => String::new(),
        }
    }

    /// A stream of a family over whatever carries octets.
    #[cfg(test)]
    pub fn over(family: &'static Family, socket: Socket) -> Stream {
        socket.set_nonblocking(true).unwrap();
        Stream::new(family, socket, "")
    }

    #[cfg(test)]
    pub(super) fn socket(&self) -> &Socket {
        &self.socket
    }
}

/// Calls again what a signal interrupted.
fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

impl AsRawFd for Stream {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("fd", &self.as_raw_fd())
            .field("local", &self.local_endpoint())
            .field("peer", &self.peer_endpoint())
            .finish()
    }
}
