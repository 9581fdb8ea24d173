//! Deprecated functions, which old programs still call.
//!
//! Invariant: each is a newer function under an older name, apart from sending and receiving by
//! `struct iovec`, which have no newer ones.

use std::ffi::{c_int, c_void};
use std::ptr;

use super::consts::{ZMQ_IO_THREADS, ZMQ_SNDMORE};
use super::{answer, handle, size};
use super::{zmq_ctx_term, zmq_msg_recv, zmq_msg_send, zmq_msg_t, zmq_proxy};
use crate::ctx::Context;
use crate::errno::Errno;
use crate::msg::Msg;

/// As in `<sys/uio.h>`: where octets are, and how many.
pub type iovec = libc::iovec;

/// void *zmq_init (int io_threads);
///
/// Deprecated: zmq_ctx_new and ZMQ_IO_THREADS. NULL with EINVAL (a negative number), ENOMEM or
/// EMFILE.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_init(io_threads: c_int) -> *mut c_void {
    answer(|| {
        if io_threads < 0 {
            return Err(Errno::EINVAL);
        }
        let context = Context::create()?;
        if let Err(errno) = context.set(ZMQ_IO_THREADS, io_threads) {
            // It has no sockets to wait for.
            let _ = context.terminate();
            return Err(errno);
        }
        Ok(handle::of(context))
    })
}

/// int zmq_term (void *context);
///
/// Deprecated: zmq_ctx_term.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_term(context: *mut c_void) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { zmq_ctx_term(context) }
}

/// int zmq_ctx_destroy (void *context);
///
/// Deprecated: zmq_ctx_term.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_ctx_destroy(context: *mut c_void) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { zmq_ctx_term(context) }
}

/// int zmq_device (int type, void *frontend, void *backend);
///
/// Deprecated: zmq_proxy. The type does not matter.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_device(
    _type: c_int,
    frontend: *mut c_void,
    backend: *mut c_void,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { zmq_proxy(frontend, backend, ptr::null_mut()) }
}

/// int zmq_sendmsg (void *socket, zmq_msg_t *msg, int flags);
///
/// Deprecated: zmq_msg_send.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_sendmsg(
    socket: *mut c_void,
    msg: *mut zmq_msg_t,
    flags: c_int,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { zmq_msg_send(msg, socket, flags) }
}

/// int zmq_recvmsg (void *socket, zmq_msg_t *msg, int flags);
///
/// Deprecated: zmq_msg_recv.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_recvmsg(
    socket: *mut c_void,
    msg: *mut zmq_msg_t,
    flags: c_int,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { zmq_msg_recv(msg, socket, flags) }
}

/// int zmq_sendiov (void *socket, struct iovec *iov, size_t count, int flags);
///
/// Deprecated. Sends a copy of each of count pieces as a part, the last of them without
/// ZMQ_SNDMORE whatever flags say. Returns the size of the last part in octets, or -1 with EINVAL
/// (NULL, or no pieces) or as zmq_send; parts before a failure are sent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_sendiov(
    socket: *mut c_void,
    iov: *mut iovec,
    count: usize,
    flags: c_int,
) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let socket = unsafe { handle::socket(socket) }?;
        if count == 0 || iov.is_null() || !iov.is_aligned() {
            return Err(Errno::EINVAL);
        }
        let mut sent = 0;
        for index in 0..count {
            // SAFETY: `count` pieces, each with as many octets as it says, by the caller's promise.
            let octets = unsafe {
                let piece = iov.add(index).read();
                handle::octets(piece.iov_base, piece.iov_len)
            }?;
            let last = index + 1 == count;
            let flags = if last { flags & !ZMQ_SNDMORE } else { flags };
            socket.send(&mut Msg::from_slice(octets)?, flags)?;
            sent = octets.len();
        }
        Ok(size(sent))
    })
}

/// int zmq_recviov (void *socket, struct iovec *iov, size_t *count, int flags);
///
/// Deprecated. Receives the parts of one message, at most count of them, each into memory of its
/// own that the caller gives back with free. Returns how many parts there are and writes that to
/// count, or -1 with EINVAL (NULL, or no room), ENOMEM or as zmq_recv; then count says how many
/// parts came before the failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_recviov(
    socket: *mut c_void,
    iov: *mut iovec,
    count: *mut usize,
    flags: c_int,
) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let socket = unsafe { handle::socket(socket) }?;
        if count.is_null() || iov.is_null() || !iov.is_aligned() {
            return Err(Errno::EINVAL);
        }
        // SAFETY: points to a number by the caller's promise.
        let room = unsafe { count.read() };
        if room == 0 {
            return Err(Errno::EINVAL);
        }
        // SAFETY: as above.
        unsafe { count.write(0) };
        for index in 0..room {
            let mut msg = Msg::empty();
            socket.recv(&mut msg, flags)?;
            let piece = allocate(msg.data())?;
            // SAFETY: `room` pieces by the caller's promise, and the number of them.
            unsafe {
                iov.add(index).write(piece);
                count.write(index + 1);
            }
            if !msg.more() {
                return Ok(size(index + 1));
            }
        }
        Ok(size(room))
    })
}

/// A copy in memory of C's allocator: the one thing that the caller gives back with `free`.
fn allocate(octets: &[u8]) -> Result<iovec, Errno> {
    // SAFETY: takes any size; not 0, for which NULL may be a success.
    let copy = unsafe { libc::malloc(octets.len().max(1)) };
    if copy.is_null() {
        return Err(Errno::ENOMEM);
    }
    // SAFETY: fresh memory with room for the octets.
    unsafe { ptr::copy_nonoverlapping(octets.as_ptr(), copy.cast(), octets.len()) };
    Ok(iovec {
        iov_base: copy,
        iov_len: octets.len(),
    })
}
