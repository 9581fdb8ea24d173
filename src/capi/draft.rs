//! The draft functions for contexts, messages and sockets (pollers have a file of their own).
//!
//! Invariant: built only into libraries with drafts.

use std::ffi::{c_char, c_int, c_void};

use super::{answer, handle, zmq_msg_t};
use crate::errno::Errno;
use crate::msg::{Metadata, Msg};

/// int zmq_ctx_set_ext (void *context, int option, const void *optval, size_t optvallen);
///
/// Sets an option of a context from optvallen octets: an int, or those of ZMQ_THREAD_NAME_PREFIX.
/// 0, or -1 with EINVAL (no such option, value or length) or EFAULT (no context).
#[cfg(feature = "draft")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_ctx_set_ext(
    context: *mut c_void,
    option: c_int,
    optval: *const c_void,
    optvallen: usize,
) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let context = unsafe { handle::context(context) }?;
        let value = if optval.is_null() {
            None
        } else {
            // SAFETY: the caller's promise.
            Some(unsafe { handle::octets(optval, optvallen) }.map_err(|_| Errno::EINVAL)?)
        };
        context.set_ext(option, value).map(|()| 0)
    })
}

/// int zmq_ctx_get_ext (void *context, int option, void *optval, size_t *optvallen);
///
/// Writes the value of an option of a context to the optvallen octets at optval. 0, or -1 with
/// EINVAL (no such option, or not its length) or EFAULT (no context, or NULL).
#[cfg(feature = "draft")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_ctx_get_ext(
    context: *mut c_void,
    option: c_int,
    optval: *mut c_void,
    optvallen: *mut usize,
) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let context = unsafe { handle::context(context) }?;
        if optvallen.is_null() {
            return Err(Errno::EFAULT);
        }
        // SAFETY: points to a length by the caller's promise.
        let len = unsafe { optvallen.read() };
        // SAFETY: the caller's promise.
        let buffer = unsafe { handle::octets_mut(optval, len) }?;
        let len = context.get_ext(option, buffer)?;
        // SAFETY: as above.
        unsafe { optvallen.write(len) };
        Ok(0)
    })
}

/// int zmq_join (void *socket, const char *group);
///
/// Has a DISH receive the messages of a group of at most 255 octets. 0, or -1 with EINVAL (joined
/// already, or too long), ENOTSUP (no DISH), ETERM, ENOTSOCK or EFAULT (NULL).
#[cfg(feature = "draft")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_join(socket: *mut c_void, group: *const c_char) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let (socket, group) = unsafe { (handle::socket(socket)?, handle::text(group)?) };
        socket.join(group.to_bytes()).map(|()| 0)
    })
}

/// int zmq_leave (void *socket, const char *group);
///
/// Has a DISH receive the messages of a group no longer. 0, or -1 with EINVAL (was not joined),
/// ENOTSUP (no DISH), ETERM, ENOTSOCK or EFAULT (NULL).
#[cfg(feature = "draft")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_leave(socket: *mut c_void, group: *const c_char) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let (socket, group) = unsafe { (handle::socket(socket)?, handle::text(group)?) };
        socket.leave(group.to_bytes()).map(|()| 0)
    })
}

/// uint32_t zmq_connect_peer (void *socket, const char *endpoint);
///
/// Connects a PEER to an endpoint, and returns the routing id by which messages name the peer
/// there. 0 with ENOTSUP (no PEER), EFAULT (NULL, or ZMQ_IMMEDIATE is set), and what zmq_connect
/// says.
#[cfg(feature = "draft")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_connect_peer(socket: *mut c_void, endpoint: *const c_char) -> u32 {
    answer(|| {
        // SAFETY: the caller's promise.
        let (socket, endpoint) = unsafe { (handle::socket(socket)?, handle::text(endpoint)?) };
        socket.connect_peer(endpoint.to_bytes())
    })
}

/// int zmq_disconnect_peer (void *socket, uint32_t routing_id);
///
/// Disconnects a SERVER or PEER from the peer with this routing id. 0, or -1 with EHOSTUNREACH (no
/// such peer), ENOTSUP (neither SERVER nor PEER), ETERM or ENOTSOCK.
#[cfg(feature = "draft")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_disconnect_peer(socket: *mut c_void, routing_id: u32) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let socket = unsafe { handle::socket(socket) }?;
        socket.disconnect_peer(routing_id).map(|()| 0)
    })
}

/// int zmq_msg_set_routing_id (zmq_msg_t *msg, uint32_t routing_id);
///
/// Says which peer of a SERVER or PEER a message is for. 0, or -1 with EINVAL (0 is nobody) or
/// EFAULT (no message).
#[cfg(feature = "draft")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_set_routing_id(msg: *mut zmq_msg_t, routing_id: u32) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let msg = unsafe { handle::msg_mut(msg) }?;
        if routing_id == 0 {
            return Err(Errno::EINVAL);
        }
        msg.routing_id = routing_id;
        Ok(0)
    })
}

/// uint32_t zmq_msg_routing_id (zmq_msg_t *msg);
///
/// Which peer of a SERVER or PEER a message came from; 0 for other messages. 0 with EFAULT if
/// there is no message.
#[cfg(feature = "draft")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_routing_id(msg: *mut zmq_msg_t) -> u32 {
    // SAFETY: the caller's promise.
    answer(|| Ok(unsafe { handle::msg(msg) }?.routing_id))
}

/// int zmq_msg_set_group (zmq_msg_t *msg, const char *group);
///
/// Says which group a RADIO sends a message to: at most ZMQ_GROUP_MAX_LENGTH octets. 0, or -1 with
/// EINVAL (too long) or EFAULT (NULL, or no message).
#[cfg(feature = "draft")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_set_group(msg: *mut zmq_msg_t, group: *const c_char) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let (msg, group) = unsafe { (handle::msg_mut(msg)?, handle::text(group)?) };
        let group = group.to_bytes();
        if group.len() > super::consts::ZMQ_GROUP_MAX_LENGTH as usize {
            return Err(Errno::EINVAL);
        }
        let known = Metadata::with_group(group, msg.metadata());
        msg.set_metadata(Some(std::sync::Arc::new(known)));
        Ok(0)
    })
}

/// const char *zmq_msg_group (zmq_msg_t *msg);
///
/// The group of a message: that of a DISH's, or as it was set; empty if it has none. A string that
/// belongs to the message. NULL with EFAULT if there is no message.
#[cfg(feature = "draft")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_group(msg: *mut zmq_msg_t) -> *const c_char {
    answer(|| {
        // SAFETY: the caller's promise.
        let msg = unsafe { handle::msg(msg) }?;
        Ok(msg.metadata().map_or(c"", |known| known.group()).as_ptr())
    })
}

/// int zmq_msg_init_buffer (zmq_msg_t *msg, const void *buf, size_t size);
///
/// Makes a message with a copy of size octets. 0, or -1 with ENOMEM or EFAULT (NULL).
#[cfg(feature = "draft")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_init_buffer(
    msg: *mut zmq_msg_t,
    buf: *const c_void,
    size: usize,
) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let body = Msg::from_slice(unsafe { handle::octets(buf, size) }?)?;
        // SAFETY: the caller's promise.
        unsafe { handle::put_msg(msg, body) }.map(|()| 0)
    })
}

/// int zmq_socket_get_peer_state (void *socket, const void *routing_id, size_t routing_id_size);
///
/// What can be done now with the peer of a ROUTER or a REP that has this routing id: ZMQ_POLLOUT if
/// a message for it can be sent, else 0. -1 with EHOSTUNREACH (no such peer), ENOTSUP (another type
/// of socket), ETERM, ENOTSOCK or EFAULT (NULL).
#[cfg(feature = "draft")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_socket_get_peer_state(
    socket: *mut c_void,
    routing_id: *const c_void,
    routing_id_size: usize,
) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let socket = unsafe { handle::socket(socket) }?;
        // SAFETY: the caller's promise.
        let routing_id = unsafe { handle::octets(routing_id, routing_id_size) }?;
        socket.peer_state(routing_id)
    })
}

/// int zmq_socket_monitor_versioned (void *socket, const char *endpoint, uint64_t events, int event_version, int type);
///
/// Reports events like zmq_socket_monitor, to a peer that fits this type of socket (ZMQ_PAIR,
/// ZMQ_PUB or ZMQ_PUSH), in the form of version 1 or 2. Messages of version 2 have an uint64_t
/// event, an uint64_t count of values, so many uint64_t, then the local and the remote endpoint
/// concerned, either of which may be empty. 0, or -1 with EINVAL (version, type, or events of a
/// later version), and what zmq_socket_monitor says.
#[cfg(feature = "draft")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_socket_monitor_versioned(
    socket: *mut c_void,
    endpoint: *const c_char,
    events: u64,
    event_version: c_int,
    r#type: c_int,
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
        let monitored = socket.monitor(endpoint, events, event_version, r#type);
        monitored.map(|()| 0)
    })
}

/// int zmq_socket_monitor_pipes_stats (void *socket);
///
/// Has a monitor of version 2 told, for each peer, how many messages wait to be sent and to be
/// received (ZMQ_EVENT_PIPES_STATS). 0, or -1 with EINVAL (nobody monitors these), EAGAIN (no
/// peers), ETERM or ENOTSOCK.
#[cfg(feature = "draft")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_socket_monitor_pipes_stats(socket: *mut c_void) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let socket = unsafe { handle::socket(socket) }?;
        socket.report_pipes().map(|()| 0)
    })
}
