//! Listening sockets of any family.
//!
//! Invariant: what binding left in the file system goes when the listener goes, and nothing else
//! does.

use std::fmt;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use parking_lot::Mutex;
use socket2::{SockAddr, Socket, Type};

use super::Family;
use super::ipc::SocketFile;
use super::stream::{Stream, open};
use crate::errno::Errno;
use crate::options::Options;
use crate::sys::Given;

/// A socket that listens.
pub struct Listener {
    family: &'static Family,
    socket: Socket,
    endpoint: String,
    /// What stands behind addresses in its endpoints.
    path: Box<str>,
    file: Option<SocketFile>,
    /// What was adopted: closed first, then free to be claimed again.
    adopted: Option<(Given, Claim)>,
}

/// The numbers of the descriptors that listeners took over, each of which has but one owner.
static ADOPTED: Mutex<Vec<RawFd>> = Mutex::new(Vec::new());

/// The claim to one number of the program's.
struct Claim(RawFd);

impl Claim {
    /// `EADDRINUSE` if another listener has it.
    fn new(fd: RawFd) -> Result<Claim, Errno> {
        let mut adopted = ADOPTED.lock();
        if adopted.contains(&fd) {
            return Err(Errno::EADDRINUSE);
        }
        adopted.push(fd);
        Ok(Claim(fd))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        ADOPTED.lock().retain(|fd| *fd != self.0);
    }
}

/// Why [`Listener::accept`] brought no stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcceptError {
    /// Nobody is waiting: call again when the listener is readable.
    Empty,
    /// A peer whom the filters do not let in was turned away. Call again at once.
    Refused,
    /// A connection died before it was accepted, or brought an error of its network along.
    /// Call again at once.
    Lost(Errno),
    /// Not now: descriptors or memory ran out (`EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`), or
    /// something unheard of stands in the way. The peers go on waiting, and the poller will not
    /// mention them again: pause, then call again.
    Later(Errno),
    /// The listener itself is unusable (an adopted descriptor that the program closed or shut
    /// down): calling again is pointless.
    Broken(Errno),
}

impl AcceptError {
    /// The error as a number, for the monitor: `EAGAIN` for nobody, `EACCES` for a peer that was
    /// turned away, else the kernel's.
    pub fn errno(self) -> Errno {
        match self {
            AcceptError::Empty => Errno::EAGAIN,
            AcceptError::Refused => Errno::EACCES,
            AcceptError::Lost(errno) | AcceptError::Later(errno) | AcceptError::Broken(errno) => {
                errno
            }
        }
    }

    /// Sorts what accept(2) says. Lost is only what its page lists as an error of the connection,
    /// which it takes off the queue; all else might come again for ever, and so must wait.
    fn sort(errno: Errno) -> AcceptError {
        match errno {
            Errno::EAGAIN => AcceptError::Empty,
            Errno::ECONNABORTED
            | Errno::EHOSTDOWN
            | Errno::EHOSTUNREACH
            | Errno::ENETDOWN
            | Errno::ENETUNREACH
            | Errno::ENONET
            | Errno::ENOPROTOOPT
            | Errno::ENOTSUP
            | Errno::EPROTO => AcceptError::Lost(errno),
            Errno::EBADF | Errno::EINVAL | Errno::ENOTSOCK => AcceptError::Broken(errno),
            errno => AcceptError::Later(errno),
        }
    }
}

impl Listener {
    /// Binds and listens at `address`.
    pub(super) fn bind(
        family: &'static Family,
        address: &SockAddr,
        options: &Options,
    ) -> Result<Listener, Errno> {
        let (socket, fallback) = open(family, address, options)?;
        if !address.is_unix() {
            // A restarted server gets its port back at once.
            socket.set_reuse_address(true)?;
        }
        socket.bind(fallback.as_ref().unwrap_or(address))?;
        Listener::begin(family, socket, options)
    }

    /// Listens where the kernel puts a socket that nobody bound, in the family of `address`.
    pub(super) fn unbound(
        family: &'static Family,
        address: &SockAddr,
        options: &Options,
    ) -> Result<Listener, Errno> {
        let (socket, _) = open(family, address, options)?;
        Listener::begin(family, socket, options)
    }

    fn begin(
        family: &'static Family,
        socket: Socket,
        options: &Options,
    ) -> Result<Listener, Errno> {
        socket.listen(options.backlog)?;
        let endpoint = family.endpoint(&socket.local_addr()?);
        Ok(Listener {
            family,
            socket,
            endpoint,
            path: Box::default(),
            file: None,
            adopted: None,
        })
    }

    /// Binds and listens at the first of these addresses that this machine has.
    pub(super) fn bind_first(
        family: &'static Family,
        addresses: &[SockAddr],
        options: &Options,
    ) -> Result<Listener, Errno> {
        let mut outcome = Err(Errno::ENODEV);
        for (tried, address) in addresses.iter().enumerate() {
            match Listener::bind(family, address, options) {
                Err(errno @ (Errno::EADDRNOTAVAIL | Errno::EAFNOSUPPORT)) if tried == 0 => {
                    outcome = Err(errno);
                }
                Err(Errno::EADDRNOTAVAIL | Errno::EAFNOSUPPORT) => {}
                result => return result,
            }
        }
        outcome
    }

    /// Takes over a descriptor that listens already (`ZMQ_USE_FD`). Its address stays its own:
    /// on closing, no file is removed. If this fails the descriptor stays the program's, and open.
    pub(super) fn adopt(family: &'static Family, fd: RawFd) -> Result<Listener, Errno> {
        let claim = Claim::new(fd)?;
        let socket = Socket::from(Given::duplicate(fd)?);
        if socket.r#type()? != Type::STREAM || !socket.is_listener()? {
            return Err(Errno::EINVAL);
        }
        let own = socket.local_addr()?;
        if !(family.owns)(&own) {
            return Err(Errno::EINVAL);
        }
        socket.set_nonblocking(true)?;
        let endpoint = family.endpoint(&own);
        let adopted = Some((Given::take(fd)?, claim));
        Ok(Listener {
            family,
            socket,
            endpoint,
            path: Box::default(),
            file: None,
            adopted,
        })
    }

    /// Puts something behind the address.
    pub(super) fn with_path(mut self, path: &str) -> Listener {
        self.endpoint.push_str(path);
        self.path = path.into();
        self
    }

    /// Gives the endpoint as it was asked for.
    pub(super) fn with_endpoint(mut self, endpoint: String) -> Listener {
        self.endpoint = endpoint;
        self
    }

    /// As [`with_endpoint`](Listener::with_endpoint), and makes the listener answer for its file.
    pub(super) fn with_file(self, endpoint: String, file: SocketFile) -> Listener {
        let mut listener = self.with_endpoint(endpoint);
        listener.file = Some(file);
        listener
    }

    /// The next peer that the options let in. One call, one peer: call until
    /// [`AcceptError::Empty`], for the poller speaks up only once.
    pub fn accept(&self, options: &Options) -> Result<Stream, AcceptError> {
        let (socket, peer) = loop {
            match self
                .socket
                .accept4(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC)
            {
                Ok(accepted) => break accepted,
                Err(error) => match Errno::from(error) {
                    Errno::EINTR => {}
                    errno => return Err(AcceptError::sort(errno)),
                },
            }
        };
        if !(self.family.admit)(&socket, &peer, options) {
            return Err(AcceptError::Refused);
        }
        (self.family.tune)(&socket, Some(&peer), options);
        Ok(Stream::new(self.family, socket, &self.path))
    }

    /// Where it listens, wildcards resolved: what `ZMQ_LAST_ENDPOINT` reports.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Stops listening, in forked children that hold a duplicate of the descriptor too, so that
    /// the address is free. What was adopted goes on: others may listen there.
    pub fn stop(&self) {
        if self.adopted.is_none() {
            // Fails only for what does not listen.
            let _ = self.socket.shutdown(Shutdown::Both);
        }
    }

    /// Removes what binding left in the file system, so that nobody new comes; those who wait
    /// can still be accepted. Dropping the listener does it too.
    pub fn unlink(&mut self) {
        self.file = None;
    }

    #[cfg(test)]
    pub(super) fn socket(&self) -> &Socket {
        &self.socket
    }
}

impl AsRawFd for Listener {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener")
            .field("fd", &self.as_raw_fd())
            .field("endpoint", &self.endpoint)
            .finish()
    }
}
