//! Messages: `zmq_msg_t`.
//!
//! Invariant: 64 octets of C's are used as a message only while they hold a live one; what is
//! closed, zeroed or NULL is `EFAULT`.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;

use super::consts::{ZMQ_MORE, ZMQ_SHARED, ZMQ_SRCFD};
use super::{answer, handle, size};
use crate::errno::Errno;
use crate::msg::{FreeFn, Msg, Piece};

/// One part of a message. Its 64 octets are not to be looked into.
pub type zmq_msg_t = Msg;

/// Frees a body handed to `zmq_msg_init_data`. May run on any thread.
pub type zmq_free_fn_ptr = Option<FreeFn>;

/// int zmq_msg_init (zmq_msg_t *msg);
///
/// Makes an empty message of 64 octets that held anything. 0, or -1 with EFAULT (NULL).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_init(msg: *mut zmq_msg_t) -> c_int {
    // SAFETY: the caller's promise.
    answer(|| unsafe { handle::put_msg(msg, Msg::empty()) }.map(|()| 0))
}

/// int zmq_msg_init_size (zmq_msg_t *msg, size_t size);
///
/// Makes a message with room for size octets, which hold anything until they are written. 0, or
/// -1 with ENOMEM or EFAULT (NULL).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_init_size(msg: *mut zmq_msg_t, size: usize) -> c_int {
    answer(|| {
        if size <= Msg::INLINE {
            // SAFETY: the caller's promise.
            unsafe { handle::put_msg_with(msg, || Ok(Msg::small(size as u8))) }
        } else {
            // SAFETY: the caller's promise.
            unsafe { init_long(msg, size) }
        }
        .map(|()| 0)
    })
}

/// Apart, so that short messages do not pay for what long ones need.
#[inline(never)]
unsafe fn init_long(msg: *mut zmq_msg_t, size: usize) -> Result<(), Errno> {
    match Piece::of_size(size) {
        // SAFETY: the caller's promise.
        Some(piece) => unsafe { handle::put_msg_with(msg, || Ok(Msg::of(piece, 0))) },
        // SAFETY: the caller's promise.
        None => unsafe { handle::put_msg_with(msg, || Msg::with_size(size)) },
    }
}

/// int zmq_msg_init_data (zmq_msg_t *msg, void *data, size_t size, zmq_free_fn *ffn, void *hint);
///
/// Makes a message of size octets of the caller's, which belong to the message from now on: once
/// it and all its copies are gone, ffn (data, hint) is called, once, from any thread. Without ffn
/// the octets must outlive every use. 0, or -1 with ENOMEM or EFAULT (NULL), and then nothing was
/// taken over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_init_data(
    msg: *mut zmq_msg_t,
    data: *mut c_void,
    size: usize,
    ffn: zmq_free_fn_ptr,
    hint: *mut c_void,
) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        unsafe { handle::octets(data, size) }?;
        if msg.is_null() || !msg.is_aligned() {
            return Err(Errno::EFAULT);
        }
        let body = match ffn {
            // SAFETY: the octets are there until `ffn` is called, by the caller's promise.
            Some(ffn) => unsafe { Msg::from_foreign(data, size, ffn, hint) }?,
            // SAFETY: the octets outlive every use, by the caller's promise.
            None => unsafe { Msg::from_constant(data, size) },
        };
        // SAFETY: the caller's promise; checked above, so the body cannot be dropped here.
        unsafe { handle::put_msg(msg, body) }.map(|()| 0)
    })
}

/// int zmq_msg_send (zmq_msg_t *msg, void *socket, int flags);
///
/// Sends a message, waiting until it can be queued unless flags hold ZMQ_DONTWAIT. With
/// ZMQ_SNDMORE further parts follow. Returns the size of the body in octets; the message was
/// taken over and is empty now. On -1 it is as it was: EAGAIN, ENOTSUP, EINVAL, EFSM, ETERM,
/// ENOTSOCK, EINTR, EFAULT (no message) or EHOSTUNREACH.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_send(
    msg: *mut zmq_msg_t,
    socket: *mut c_void,
    flags: c_int,
) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let socket = unsafe { handle::socket(socket) }?;
        // SAFETY: the caller's promise.
        let msg = unsafe { handle::msg_mut(msg) }?;
        let len = msg.len();
        socket.send(msg, flags)?;
        Ok(size(len))
    })
}

/// int zmq_msg_recv (zmq_msg_t *msg, void *socket, int flags);
///
/// Receives a message into msg, releasing what that held; waits for one unless flags hold
/// ZMQ_DONTWAIT. Returns the size of the body in octets, or -1 with EAGAIN (msg is empty then),
/// ENOTSUP, EFSM, ETERM, ENOTSOCK, EINTR or EFAULT (no message to receive into).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_recv(
    msg: *mut zmq_msg_t,
    socket: *mut c_void,
    flags: c_int,
) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let socket = unsafe { handle::socket(socket) }?;
        // SAFETY: the caller's promise.
        let msg = unsafe { handle::msg_mut(msg) }?;
        socket.recv(msg, flags)?;
        Ok(size(msg.len()))
    })
}

/// int zmq_msg_close (zmq_msg_t *msg);
///
/// Lets go of a message. 0, or -1 with EFAULT (no message, or closed already).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_close(msg: *mut zmq_msg_t) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        unsafe { handle::msg_mut(msg) }?.close();
        Ok(0)
    })
}

/// int zmq_msg_move (zmq_msg_t *dest, zmq_msg_t *src);
///
/// Moves the message from src to dest, releasing what dest held and leaving src empty. 0, or -1
/// with EFAULT (either is no message).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_move(dest: *mut zmq_msg_t, src: *mut zmq_msg_t) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        unsafe { handle::msg(src) }?;
        if ptr::eq(dest, src) {
            return Ok(0);
        }
        // SAFETY: the caller's promise; two different messages.
        let (dest, src) = unsafe { (handle::msg_mut(dest)?, handle::msg_mut(src)?) };
        *dest = src.take();
        Ok(0)
    })
}

/// int zmq_msg_copy (zmq_msg_t *dest, zmq_msg_t *src);
///
/// Makes dest a second message with the body of src, releasing what dest held. A long body is
/// shared, so neither may be written to from now on. 0, or -1 with EFAULT (either is no message).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_copy(dest: *mut zmq_msg_t, src: *mut zmq_msg_t) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        unsafe { handle::msg(src) }?;
        if ptr::eq(dest, src) {
            return Ok(0);
        }
        // SAFETY: the caller's promise; two different messages.
        let (dest, src) = unsafe { (handle::msg_mut(dest)?, handle::msg_mut(src)?) };
        *dest = src.share();
        Ok(0)
    })
}

/// void *zmq_msg_data (zmq_msg_t *msg);
///
/// The body of a message: zmq_msg_size octets, which belong to the message and move with it. NULL
/// with EFAULT if there is no message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_data(msg: *mut zmq_msg_t) -> *mut c_void {
    // SAFETY: the caller's promise.
    answer(|| Ok(unsafe { handle::msg_mut(msg) }?.data_ptr().cast()))
}

/// size_t zmq_msg_size (const zmq_msg_t *msg);
///
/// The size of the body in octets. 0 with EFAULT if there is no message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_size(msg: *const zmq_msg_t) -> usize {
    // SAFETY: the caller's promise.
    answer(|| Ok(unsafe { handle::msg(msg) }?.len()))
}

/// int zmq_msg_more (const zmq_msg_t *msg);
///
/// 1 if further parts of the same message follow, else 0. -1 with EFAULT for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_more(msg: *const zmq_msg_t) -> c_int {
    // SAFETY: the caller's promise. COMPAT: a part that was closed still tells; "while there is
    // more" loops ask it.
    answer(|| Ok(c_int::from(unsafe { handle::any_msg(msg) }?.more())))
}

/// int zmq_msg_get (const zmq_msg_t *msg, int property);
///
/// A property of a message: ZMQ_MORE, ZMQ_SHARED, ZMQ_SRCFD (the descriptor it came through). -1
/// with EINVAL (no such property, or no descriptor is known) or EFAULT (no message).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_get(msg: *const zmq_msg_t, property: c_int) -> c_int {
    answer(|| {
        if property == ZMQ_MORE {
            // SAFETY: the caller's promise. COMPAT: as zmq_msg_more.
            return Ok(c_int::from(unsafe { handle::any_msg(msg) }?.more()));
        }
        // SAFETY: the caller's promise.
        let msg = unsafe { handle::msg(msg) }?;
        match property {
            ZMQ_SHARED => Ok(c_int::from(msg.is_shared())),
            ZMQ_SRCFD => match msg.metadata() {
                Some(metadata) if metadata.fd >= 0 => Ok(metadata.fd),
                _ => Err(Errno::EINVAL),
            },
            _ => Err(Errno::EINVAL),
        }
    })
}

/// int zmq_msg_set (zmq_msg_t *msg, int property, int optval);
///
/// Sets a property of a message. There is none that can be set: -1 with EINVAL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_set(
    _msg: *mut zmq_msg_t,
    _property: c_int,
    _optval: c_int,
) -> c_int {
    answer(|| Err(Errno::EINVAL))
}

/// const char *zmq_msg_gets (const zmq_msg_t *msg, const char *property);
///
/// What is known of the peer that a message came from: Routing-Id, Socket-Type, User-Id,
/// Peer-Address, or an X- property of the peer's. A string that belongs to the message. NULL with
/// EINVAL (not known, or no name) or EFAULT (no message).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_gets(
    msg: *const zmq_msg_t,
    property: *const c_char,
) -> *const c_char {
    answer(|| {
        // SAFETY: the caller's promise.
        let msg = unsafe { handle::msg(msg) }?;
        // SAFETY: the caller's promise.
        let property = unsafe { handle::text(property) }.map_err(|_| Errno::EINVAL)?;
        let property = property.to_str().map_err(|_| Errno::EINVAL)?;
        let value = msg.metadata().and_then(|metadata| metadata.get(property));
        Ok(value.ok_or(Errno::EINVAL)?.as_ptr())
    })
}
