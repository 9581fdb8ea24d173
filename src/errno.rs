//! Error numbers: the one currency of everything that C will see.
//!
//! An [`Errno`] is the kernel's number or one of ZeroMQ's own; it is never zero.

use std::fmt;
use std::io;

/// An error number as `zmq_errno` reports it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Errno(pub i32);

/// The base of ZeroMQ's own numbers (`ZMQ_HAUSNUMERO`).
pub const HAUSNUMERO: i32 = 156_384_712;

macro_rules! kernel {
    ($($name:ident)*) => {
        $(#[doc = concat!("The kernel's `", stringify!($name), "`.")]
        pub const $name: Errno = Errno(libc::$name);)*
    };
}

impl Errno {
    kernel! {
        EACCES EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EAGAIN EBADF EBUSY ECONNABORTED ECONNREFUSED
        ECONNRESET EFAULT EHOSTDOWN EHOSTUNREACH EINPROGRESS EINTR EINVAL EIO EMFILE EMSGSIZE
        ENAMETOOLONG ENETDOWN ENETUNREACH ENFILE ENOBUFS ENODEV ENOENT ENOMEM ENONET ENOPROTOOPT
        ENOTCONN ENOTSOCK ENOTSUP EPERM EPIPE EPROTO EPROTONOSUPPORT ETIMEDOUT
    }

    /// The operation does not fit the socket's state (REQ and REP).
    pub const EFSM: Errno = Errno(HAUSNUMERO + 51);
    /// The transport does not carry this socket type.
    pub const ENOCOMPATPROTO: Errno = Errno(HAUSNUMERO + 52);
    /// The context was terminated.
    pub const ETERM: Errno = Errno(HAUSNUMERO + 53);
    /// No I/O thread is there to do the work.
    pub const EMTHREAD: Errno = Errno(HAUSNUMERO + 54);

    /// The calling thread's errno, as the last failed system call left it.
    pub fn last() -> Errno {
        Errno::from(io::Error::last_os_error())
    }
}

impl From<io::Error> for Errno {
    /// The kernel's number where there is one; `EIO` for errors that carry none.
    fn from(error: io::Error) -> Errno {
        match error.raw_os_error() {
            Some(number) if number != 0 => Errno(number),
            _ if error.kind() == io::ErrorKind::WouldBlock => Errno::EAGAIN,
            _ if error.kind() == io::ErrorKind::OutOfMemory => Errno::ENOMEM,
            _ => Errno::EIO,
        }
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Errno::EFSM => f.write_str("EFSM"),
            Errno::ENOCOMPATPROTO => f.write_str("ENOCOMPATPROTO"),
            Errno::ETERM => f.write_str("ETERM"),
            Errno::EMTHREAD => f.write_str("EMTHREAD"),
            Errno(number) => write!(f, "{}", io::Error::from_raw_os_error(number)),
        }
    }
}
