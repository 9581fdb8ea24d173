//! Sockets.
//!
//! Invariant: a handle that is not a live socket is `ENOTSOCK`, whatever else is wrong.

use std::ffi::{c_char, c_int, c_void};

use super::consts::ZMQ_PAIR;
use super::{answer, handle, size};
use crate::errno::Errno;
use crate::msg::{Msg, Piece};
use crate::socket::Socket;

/// void *zmq_socket (void *context, int type);
///
/// A new socket of this type (ZMQ_PAIR and following). To be used by one thread at a time, unless
/// its type says otherwise. NULL with EINVAL (no such type), EFAULT (no context), EMFILE (as many
/// as ZMQ_MAX_SOCKETS are open) or ETERM. Closed by zmq_close.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_socket(context: *mut c_void, r#type: c_int) -> *mut c_void {
    answer(|| {
        // SAFETY: the caller's promise.
        let context = unsafe { handle::context(context) }?;
        context.socket(r#type).map(handle::of)
    })
}

/// int zmq_close (void *socket);
///
/// Closes a socket. What it still has to send is sent in the background, for as long as
/// ZMQ_LINGER says. 0, or -1 with ENOTSOCK.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_close(socket: *mut c_void) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        unsafe { handle::socket(socket) }?.close();
        Ok(0)
    })
}

/// int zmq_setsockopt (void *socket, int option, const void *optval, size_t optvallen);
///
/// Sets an option of a socket from optvallen octets; most are an int. Many count only for
/// endpoints bound and connected afterwards. 0, or -1 with EINVAL (no such option, or a value or
/// length it does not take), ETERM, ENOTSOCK or EINTR.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_setsockopt(
    socket: *mut c_void,
    option: c_int,
    optval: *const c_void,
    optvallen: usize,
) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let socket = unsafe { handle::socket(socket) }?;
        let value = if optval.is_null() {
            None
        } else {
            // SAFETY: the caller's promise.
            Some(unsafe { handle::octets(optval, optvallen) }.map_err(|_| Errno::EINVAL)?)
        };
        socket.set_option(option, value, optvallen).map(|()| 0)
    })
}

/// int zmq_getsockopt (void *socket, int option, void *optval, size_t *optvallen);
///
/// Writes the value of an option of a socket to the optvallen octets at optval, and its length to
/// optvallen. 0, or -1 with EINVAL (no such option, or not enough room), EFAULT (NULL), ETERM,
/// ENOTSOCK or EINTR.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_getsockopt(
    socket: *mut c_void,
    option: c_int,
    optval: *mut c_void,
    optvallen: *mut usize,
) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let socket = unsafe { handle::socket(socket) }?;
        if optvallen.is_null() {
            return Err(Errno::EFAULT);
        }
        // SAFETY: points to a length by the caller's promise.
        let len = unsafe { optvallen.read() };
        // SAFETY: the caller's promise.
        let buffer = unsafe { handle::octets_mut(optval, len) }?;
        let len = socket.get_option(option, buffer)?;
        // SAFETY: as above.
        unsafe { optvallen.write(len) };
        Ok(0)
    })
}

/// int zmq_bind (void *socket, const char *endpoint);
///
/// Accepts peers at an endpoint, such as "tcp://127.0.0.1:5555", "ipc:///tmp/feed" or
/// "inproc://name". 0, or -1 with EINVAL (no endpoint), EPROTONOSUPPORT, ENOCOMPATPROTO,
/// EADDRINUSE, EADDRNOTAVAIL, ENODEV, ETERM, ENOTSOCK, EMTHREAD or EFAULT (NULL).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_bind(socket: *mut c_void, endpoint: *const c_char) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let (socket, endpoint) = unsafe { (handle::socket(socket)?, handle::text(endpoint)?) };
        socket.bind(endpoint.to_bytes()).map(|()| 0)
    })
}

/// int zmq_connect (void *socket, const char *endpoint);
///
/// Connects to an endpoint, in the background, and again whenever the connection breaks. 0, or -1
/// with EINVAL (no endpoint), EPROTONOSUPPORT, ENOCOMPATPROTO, ETERM, ENOTSOCK, EMTHREAD or EFAULT
/// (NULL).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_connect(socket: *mut c_void, endpoint: *const c_char) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let (socket, endpoint) = unsafe { (handle::socket(socket)?, handle::text(endpoint)?) };
        socket.connect(endpoint.to_bytes()).map(|()| 0)
    })
}

/// int zmq_unbind (void *socket, const char *endpoint);
///
/// Stops accepting peers at an endpoint; wildcards are to be given as ZMQ_LAST_ENDPOINT resolved
/// them. 0, or -1 with EINVAL (no endpoint, NULL included), ENOENT (was not bound), ETERM or
/// ENOTSOCK.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_unbind(socket: *mut c_void, endpoint: *const c_char) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let socket = unsafe { handle::socket(socket) }?;
        // SAFETY: the caller's promise. COMPAT: NULL is no endpoint here, where bind and connect
        // know it as EFAULT (libzmq dies of those).
        let endpoint = unsafe { handle::text(endpoint) }.map_err(|_| Errno::EINVAL)?;
        socket.unbind(endpoint.to_bytes()).map(|()| 0)
    })
}

/// int zmq_disconnect (void *socket, const char *endpoint);
///
/// Disconnects from an endpoint; what is still to be sent there is sent for as long as ZMQ_LINGER
/// says. 0, or -1 with EINVAL (no endpoint, NULL included), ENOENT (was not connected), ETERM or
/// ENOTSOCK.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_disconnect(socket: *mut c_void, endpoint: *const c_char) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let socket = unsafe { handle::socket(socket) }?;
        // SAFETY: the caller's promise. COMPAT: as for zmq_unbind.
        let endpoint = unsafe { handle::text(endpoint) }.map_err(|_| Errno::EINVAL)?;
        socket.disconnect(endpoint.to_bytes()).map(|()| 0)
    })
}

/// int zmq_send (void *socket, const void *buf, size_t len, int flags);
///
/// Sends a copy of len octets as one message part, waiting until it can be queued unless flags
/// hold ZMQ_DONTWAIT. With ZMQ_SNDMORE further parts follow. Returns len, or -1 with EAGAIN,
/// ENOTSUP, EINVAL, EFSM, ETERM, ENOTSOCK, EINTR, EHOSTUNREACH, ENOMEM or EFAULT (NULL).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_send(
    socket: *mut c_void,
    buf: *const c_void,
    len: usize,
    flags: c_int,
) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let (socket, octets) = unsafe { (handle::socket(socket)?, handle::octets(buf, len)?) };
        if len > Msg::INLINE {
            send_long(socket, octets, flags)?;
        } else {
            socket.send(&mut Msg::from_slice(octets)?, flags)?;
        }
        Ok(size(len))
    })
}

/// Apart, so that short messages do not pay for what long ones need.
#[inline(never)]
fn send_long(socket: &Socket, octets: &[u8], flags: c_int) -> Result<(), Errno> {
    match Piece::copy_of(octets) {
        Some(piece) => socket.send(&mut Msg::of(piece, 0), flags),
        None => socket.send(&mut Msg::from_slice(octets)?, flags),
    }
}

/// int zmq_send_const (void *socket, const void *buf, size_t len, int flags);
///
/// Like zmq_send, but nothing is copied: the octets must be there, unchanged, for good.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_send_const(
    socket: *mut c_void,
    buf: *const c_void,
    len: usize,
    flags: c_int,
) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let (socket, octets) = unsafe { (handle::socket(socket)?, handle::octets(buf, len)?) };
        // SAFETY: there for good, by the caller's promise.
        let mut msg = unsafe { Msg::from_constant(octets.as_ptr().cast(), len) };
        socket.send(&mut msg, flags)?;
        Ok(size(len))
    })
}

/// int zmq_recv (void *socket, void *buf, size_t len, int flags);
///
/// Receives one message part into len octets, dropping what does not fit; waits for one unless
/// flags hold ZMQ_DONTWAIT. Returns the size of the part in octets, which may be more than len, or
/// -1 with EAGAIN, ENOTSUP, EFSM, ETERM, ENOTSOCK, EINTR or EFAULT (NULL).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_recv(
    socket: *mut c_void,
    buf: *mut c_void,
    len: usize,
    flags: c_int,
) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let socket = unsafe { handle::socket(socket) }?;
        if buf.is_null() && len > 0 {
            return Err(Errno::EFAULT);
        }
        let mut msg = Msg::empty();
        socket.recv(&mut msg, flags)?;
        // Only what is written is looked at: some callers say that there is room without end.
        let count = msg.len().min(len);
        // SAFETY: the caller's promise.
        let room = unsafe { handle::octets_mut(buf, count) }?;
        room.copy_from_slice(&msg.data()[..count]);
        let len = msg.len();
        msg.close();
        Ok(size(len))
    })
}

/// int zmq_socket_monitor (void *socket, const char *endpoint, int events);
///
/// Reports what happens to the connections of a socket (ZMQ_EVENT_CONNECTED and following, or
/// ZMQ_EVENT_ALL) as messages of two parts to a PAIR socket connected to this inproc endpoint: an
/// uint16_t event and an uint32_t value, 6 octets, then the endpoint concerned. NULL stops it. 0,
/// or -1 with EINVAL, EPROTONOSUPPORT (not inproc), EADDRINUSE, ETERM or ENOTSOCK.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_socket_monitor(
    socket: *mut c_void,
    endpoint: *const c_char,
    events: c_int,
) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let socket = unsafe { handle::socket(socket) }?;
        let endpoint = if endpoint.is_null() {
            None
        } else {
            // SAFETY: the caller's promise.
            Some(unsafe { handle::text(endpoint) }?.to_bytes())
        };
        let events = i64::from(events) as u64;
        socket.monitor(endpoint, events, 1, ZMQ_PAIR).map(|()| 0)
    })
}
