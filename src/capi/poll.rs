//! `zmq_poll` and `zmq_ppoll`.
//!
//! Invariant: up to [`ZMQ_POLLITEMS_DFLT`] items cost no allocation, and no item is looked at
//! before all of them were found to be good.

use std::ffi::{c_int, c_long, c_short, c_void};
use std::slice;

use super::consts::ZMQ_POLLITEMS_DFLT;
use super::{answer, handle};
use crate::ctx::poll::{Item, poll_masked};
use crate::errno::Errno;
use crate::sys::SignalMask;

/// A descriptor of the system's.
pub type zmq_fd_t = c_int;

/// What zmq_poll waits for: a socket or, where that is NULL, a descriptor.
#[repr(C)]
#[derive(Debug)]
pub struct zmq_pollitem_t {
    /// A ZeroMQ socket, or NULL.
    pub socket: *mut c_void,
    /// A descriptor, where socket is NULL.
    pub fd: zmq_fd_t,
    /// The events to wait for: ZMQ_POLLIN and following.
    pub events: c_short,
    /// The events that are there.
    pub revents: c_short,
}

const NOTHING: Item = Item {
    socket: None,
    fd: -1,
    events: 0,
    revents: 0,
};

/// int zmq_poll (zmq_pollitem_t *items, int nitems, long timeout);
///
/// Waits until an event of one of the items is there, for at most timeout milliseconds (0: does
/// not wait, -1: without end), and sets revents of all of them. Returns for how many items there
/// are events, 0 when the time is up, or -1 with EINVAL (negative nitems), EFAULT (NULL),
/// ENOTSOCK, ETERM or EINTR (a signal came).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_poll(
    items: *mut zmq_pollitem_t,
    nitems: c_int,
    timeout: c_long,
) -> c_int {
    // SAFETY: the caller's promise.
    answer(|| unsafe { poll_items(items, nitems, timeout, None) })
}

/// int zmq_ppoll (zmq_pollitem_t *items, int nitems, long timeout, const sigset_t *sigmask);
///
/// Like zmq_poll, but while it waits the signals in sigmask are blocked and no others: a signal
/// that is blocked otherwise can end the wait, and can come at no other time. NULL is zmq_poll.
#[cfg(feature = "draft")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_ppoll(
    items: *mut zmq_pollitem_t,
    nitems: c_int,
    timeout: c_long,
    sigmask: *const libc::sigset_t,
) -> c_int {
    answer(|| {
        let mask = if sigmask.is_null() {
            None
        } else {
            // SAFETY: points to a set by the caller's promise.
            Some(SignalMask(unsafe { sigmask.read() }))
        };
        // SAFETY: the caller's promise.
        unsafe { poll_items(items, nitems, timeout, mask.as_ref()) }
    })
}

/// # Safety
/// As the head of `capi` says.
unsafe fn poll_items(
    items: *mut zmq_pollitem_t,
    nitems: c_int,
    timeout: c_long,
    mask: Option<&SignalMask>,
) -> Result<c_int, Errno> {
    let count = usize::try_from(nitems).map_err(|_| Errno::EINVAL)?;
    if count == 0 {
        return wait(&mut [], &mut [], timeout, mask);
    }
    if items.is_null() || !items.is_aligned() {
        return Err(Errno::EFAULT);
    }
    // SAFETY: `nitems` items by the caller's promise.
    let items = unsafe { slice::from_raw_parts_mut(items, count) };
    let mut few = [NOTHING; ZMQ_POLLITEMS_DFLT as usize];
    if let Some(few) = few.get_mut(..count) {
        return wait(items, few, timeout, mask);
    }
    let mut many = Vec::new();
    many.try_reserve_exact(count).map_err(|_| Errno::ENOMEM)?;
    many.resize(count, NOTHING);
    wait(items, &mut many, timeout, mask)
}

/// Polls `items` by way of `ours`, which is as long.
fn wait(
    items: &mut [zmq_pollitem_t],
    ours: &mut [Item],
    timeout: c_long,
    mask: Option<&SignalMask>,
) -> Result<c_int, Errno> {
    for (item, ours) in items.iter().zip(ours.iter_mut()) {
        *ours = Item {
            // SAFETY: the promise of the caller of `zmq_poll`.
            socket: unsafe { handle::optional_socket(item.socket) }?,
            fd: item.fd,
            events: item.events,
            revents: 0,
        };
    }
    #[allow(clippy::useless_conversion, reason = "a long may have 32 bits")]
    let timeout = i64::from(timeout);
    let ready = poll_masked(ours, timeout, mask)?;
    for (item, ours) in items.iter_mut().zip(ours.iter()) {
        item.revents = ours.revents;
    }
    Ok(c_int::try_from(ready).unwrap_or(c_int::MAX))
}
