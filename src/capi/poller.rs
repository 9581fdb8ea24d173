//! `zmq_poller_*`, of the draft functions.
//!
//! Invariant: a handle is a number that is never used twice, looked up in one list: handles that
//! are stale or from elsewhere are `EFAULT`.

use std::collections::BTreeMap;
use std::ffi::{c_int, c_long, c_short, c_void};
use std::ptr;
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;

use super::poll::zmq_fd_t;
use super::{answer, handle};
use crate::ctx::poller::{Found, Poller, Source};
use crate::errno::Errno;

/// What zmq_poller_wait found: an event of a socket, or of a descriptor where socket is NULL.
#[cfg(feature = "draft")]
#[repr(C)]
#[derive(Debug)]
pub struct zmq_poller_event_t {
    /// The ZeroMQ socket, or NULL.
    pub socket: *mut c_void,
    /// The descriptor, -1 if it is a socket.
    pub fd: zmq_fd_t,
    /// What was given to zmq_poller_add.
    pub user_data: *mut c_void,
    /// The events that are there: ZMQ_POLLIN and following.
    pub events: c_short,
}

/// What the application hands in with a socket, to have it back.
#[derive(Clone, Copy)]
struct UserData(*mut c_void);

// SAFETY: never looked into, only handed back to whoever waits.
unsafe impl Send for UserData {}

type Shared = Arc<Poller<UserData>>;

#[derive(Default)]
struct All {
    pollers: BTreeMap<usize, Shared>,
    last: usize,
}

static ALL: LazyLock<Mutex<All>> = LazyLock::new(Mutex::default);

fn look_up(poller: *mut c_void) -> Result<Shared, Errno> {
    let all = ALL.lock();
    let poller = all.pollers.get(&poller.addr());
    poller.cloned().ok_or(Errno::EFAULT)
}

/// The poller and the socket behind two handles.
///
/// # Safety
/// As the head of `capi` says.
unsafe fn both(poller: *mut c_void, socket: *mut c_void) -> Result<(Shared, Source), Errno> {
    let poller = look_up(poller)?;
    // SAFETY: the caller's promise.
    Ok((poller, Source::Socket(unsafe { handle::socket(socket) }?)))
}

/// The poller behind a handle, and a descriptor.
fn with_fd(poller: *mut c_void, fd: zmq_fd_t) -> Result<(Shared, Source), Errno> {
    let poller = look_up(poller)?;
    if fd == -1 {
        return Err(Errno::EBADF);
    }
    Ok((poller, Source::Fd(fd)))
}

/// void *zmq_poller_new (void);
///
/// A set of sockets and descriptors to wait for, to be used by one thread at a time. Never NULL.
/// Ended by zmq_poller_destroy.
#[cfg(feature = "draft")]
#[unsafe(no_mangle)]
pub extern "C" fn zmq_poller_new() -> *mut c_void {
    let mut all = ALL.lock();
    // Never a number that is one of a set of timers.
    all.last += 2 * align_of::<u64>();
    let poller = all.last + 1;
    all.pollers.insert(poller, Arc::new(Poller::new()));
    ptr::without_provenance_mut(poller)
}

/// int zmq_poller_destroy (void **poller_p);
///
/// Ends a poller and sets the pointer to NULL. 0, or -1 with EFAULT (no poller).
#[cfg(feature = "draft")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_poller_destroy(poller_p: *mut *mut c_void) -> c_int {
    answer(|| {
        if poller_p.is_null() {
            return Err(Errno::EFAULT);
        }
        // SAFETY: points to a handle by the caller's promise.
        let poller = unsafe { poller_p.read() };
        let removed = ALL.lock().pollers.remove(&poller.addr());
        drop(removed.ok_or(Errno::EFAULT)?);
        // SAFETY: as above.
        unsafe { poller_p.write(ptr::null_mut()) };
        Ok(0)
    })
}

/// int zmq_poller_size (void *poller);
///
/// How many sockets and descriptors a poller has. -1 with EFAULT (no poller).
#[cfg(feature = "draft")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_poller_size(poller: *mut c_void) -> c_int {
    answer(|| Ok(super::size(look_up(poller)?.len())))
}

/// int zmq_poller_add (void *poller, void *socket, void *user_data, short events);
///
/// Adds a socket with the events to wait for (ZMQ_POLLIN and following, or 0 for none yet);
/// user_data comes back with each event. To be removed before the socket is closed. 0, or -1 with
/// EINVAL (was added, or no such events), EFAULT (no poller), ENOTSOCK or ENOMEM.
#[cfg(feature = "draft")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_poller_add(
    poller: *mut c_void,
    socket: *mut c_void,
    user_data: *mut c_void,
    events: c_short,
) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let (poller, socket) = unsafe { both(poller, socket) }?;
        poller.add(socket, UserData(user_data), events).map(|()| 0)
    })
}

/// int zmq_poller_modify (void *poller, void *socket, short events);
///
/// Changes the events to wait for. 0, or -1 with EINVAL (was not added, or no such events), EFAULT
/// (no poller) or ENOTSOCK.
#[cfg(feature = "draft")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_poller_modify(
    poller: *mut c_void,
    socket: *mut c_void,
    events: c_short,
) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let (poller, socket) = unsafe { both(poller, socket) }?;
        poller.modify(socket, events).map(|()| 0)
    })
}

/// int zmq_poller_remove (void *poller, void *socket);
///
/// Takes a socket out of a poller. 0, or -1 with EINVAL (was not added), EFAULT (no poller) or
/// ENOTSOCK.
#[cfg(feature = "draft")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_poller_remove(poller: *mut c_void, socket: *mut c_void) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let (poller, socket) = unsafe { both(poller, socket) }?;
        poller.remove(socket).map(|()| 0)
    })
}

/// int zmq_poller_wait (void *poller, zmq_poller_event_t *event, long timeout);
///
/// Waits until something happened, for at most timeout milliseconds (0: does not wait, -1: without
/// end). 0 with one event, or -1 with EAGAIN (nothing happened), EFAULT (no poller, NULL, or
/// nothing to wait for and no timeout), ETERM, ENOTSOCK, ENOMEM or EINTR (a signal came).
#[cfg(feature = "draft")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_poller_wait(
    poller: *mut c_void,
    event: *mut zmq_poller_event_t,
    timeout: c_long,
) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise: room for one.
        let waited = unsafe { wait(poller, event, 1, timeout) };
        if waited.is_err() && !event.is_null() && event.is_aligned() {
            let nothing = zmq_poller_event_t {
                socket: ptr::null_mut(),
                fd: -1,
                user_data: ptr::null_mut(),
                events: 0,
            };
            // SAFETY: as above.
            unsafe { event.write(nothing) };
        }
        waited.map(|_| 0)
    })
}

/// int zmq_poller_wait_all (void *poller, zmq_poller_event_t *events, int n_events, long timeout);
///
/// Like zmq_poller_wait, for up to n_events events at once. Returns how many there are, never 0,
/// or -1, also with EINVAL (negative n_events).
#[cfg(feature = "draft")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_poller_wait_all(
    poller: *mut c_void,
    events: *mut zmq_poller_event_t,
    n_events: c_int,
    timeout: c_long,
) -> c_int {
    // SAFETY: the caller's promise.
    answer(|| unsafe { wait(poller, events, n_events, timeout) })
}

/// # Safety
/// As the head of `capi` says: room for `count` events.
unsafe fn wait(
    poller: *mut c_void,
    events: *mut zmq_poller_event_t,
    count: c_int,
    timeout: c_long,
) -> Result<c_int, Errno> {
    let poller = look_up(poller)?;
    let count = usize::try_from(count).map_err(|_| Errno::EINVAL)?;
    if count > 0 && (events.is_null() || !events.is_aligned()) {
        return Err(Errno::EFAULT);
    }
    #[allow(clippy::useless_conversion, reason = "a long may have 32 bits")]
    let timeout = i64::from(timeout);
    let mut written = 0;
    poller.wait(timeout, |found: Found<UserData>| {
        if written == count {
            return false;
        }
        let (socket, fd) = match found.source {
            Source::Socket(socket) => (handle::of(socket), -1),
            Source::Fd(fd) => (ptr::null_mut(), fd),
        };
        // SAFETY: one of the `count` events that the caller has room for.
        unsafe {
            events.add(written).write(zmq_poller_event_t {
                socket,
                fd,
                user_data: found.data.0,
                events: found.events,
            });
        }
        written += 1;
        written < count
    })?;
    Ok(super::size(written))
}

/// int zmq_poller_fd (void *poller, zmq_fd_t *fd);
///
/// A descriptor that is readable while there may be events of the poller's sockets; there is one
/// only if one of them is thread safe. 0, or -1 with EINVAL (there is none), EFAULT (NULL, or no
/// poller) or EMFILE.
#[cfg(feature = "draft")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_poller_fd(poller: *mut c_void, fd: *mut zmq_fd_t) -> c_int {
    answer(|| {
        let poller = look_up(poller)?;
        if fd.is_null() {
            return Err(Errno::EFAULT);
        }
        let found = poller.fd()?;
        // SAFETY: points to a descriptor by the caller's promise.
        unsafe { fd.write(found) };
        Ok(0)
    })
}

/// int zmq_poller_add_fd (void *poller, zmq_fd_t fd, void *user_data, short events);
///
/// Adds a descriptor, as zmq_poller_add adds a socket. 0, or -1 with EINVAL, EFAULT (no poller),
/// EBADF (-1) or ENOMEM.
#[cfg(feature = "draft")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_poller_add_fd(
    poller: *mut c_void,
    fd: zmq_fd_t,
    user_data: *mut c_void,
    events: c_short,
) -> c_int {
    answer(|| {
        let (poller, fd) = with_fd(poller, fd)?;
        poller.add(fd, UserData(user_data), events).map(|()| 0)
    })
}

/// int zmq_poller_modify_fd (void *poller, zmq_fd_t fd, short events);
///
/// Changes the events of a descriptor to wait for. 0, or -1 with EINVAL (was not added, or no such
/// events), EFAULT (no poller) or EBADF (-1).
#[cfg(feature = "draft")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_poller_modify_fd(
    poller: *mut c_void,
    fd: zmq_fd_t,
    events: c_short,
) -> c_int {
    answer(|| {
        let (poller, fd) = with_fd(poller, fd)?;
        poller.modify(fd, events).map(|()| 0)
    })
}

/// int zmq_poller_remove_fd (void *poller, zmq_fd_t fd);
///
/// Takes a descriptor out of a poller. 0, or -1 with EINVAL (was not added), EFAULT (no poller) or
/// EBADF (-1).
#[cfg(feature = "draft")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_poller_remove_fd(poller: *mut c_void, fd: zmq_fd_t) -> c_int {
    answer(|| {
        let (poller, fd) = with_fd(poller, fd)?;
        poller.remove(fd).map(|()| 0)
    })
}
