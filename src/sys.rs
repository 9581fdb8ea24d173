//! The few system calls that std, mio and socket2 lack, each as a safe function.
//!
//! Invariant: descriptors are owned by type; every result of the kernel is a value, none a panic.

#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use crate::errno::Errno;

/// A descriptor that one thread makes readable for another.
#[derive(Debug)]
pub struct EventFd(OwnedFd);

impl EventFd {
    /// A new one, not readable, close-on-exec. `EMFILE` and the like when there is none to have.
    pub fn new() -> Result<EventFd, Errno> {
        // SAFETY: no pointers are passed.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(Errno::last());
        }
        // SAFETY: just opened, owned by nobody else.
        Ok(EventFd(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Makes it readable.
    pub fn signal(&self) {
        let one = 1_u64.to_ne_bytes();
        // SAFETY: eight octets that live for the call. A full counter is readable already.
        unsafe { libc::write(self.fd(), one.as_ptr().cast(), one.len()) };
    }

    /// Makes it not readable.
    pub fn clear(&self) {
        let mut count = [0_u8; 8];
        // SAFETY: eight octets that live for the call. Nothing to read is cleared already.
        unsafe { libc::read(self.fd(), count.as_mut_ptr().cast(), count.len()) };
    }

    /// The descriptor, for polling.
    pub fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// Milliseconds until a deadline, rounded up, as `poll` wants them (-1: no deadline).
pub fn poll_timeout(deadline: Option<Instant>) -> i32 {
    let Some(deadline) = deadline else { return -1 };
    let left = deadline.saturating_duration_since(Instant::now());
    i32::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX)
}

/// Waits until a descriptor is readable or the deadline has come; `EINTR` after a signal handler.
pub fn wait_readable(fd: RawFd, deadline: Option<Instant>) -> Result<(), Errno> {
    let mut item = [libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    }];
    poll(&mut item, deadline).map(|_| ())
}

/// `poll(2)` with a deadline: how many items are ready.
pub fn poll(items: &mut [libc::pollfd], deadline: Option<Instant>) -> Result<usize, Errno> {
    let timeout = poll_timeout(deadline);
    // SAFETY: a slice of items that lives for the call.
    let ready = unsafe { libc::poll(items.as_mut_ptr(), items.len() as libc::nfds_t, timeout) };
    usize::try_from(ready).map_err(|_| Errno::last())
}

/// Counts the forks that this process descends from since the library was first used.
///
/// What threads and descriptors a context has belong to the generation that made it.
pub fn fork_generation() -> u32 {
    static GENERATION: AtomicU32 = AtomicU32::new(0);
    static WATCH: Once = Once::new();
    extern "C" fn forked() {
        GENERATION.fetch_add(1, Ordering::Relaxed);
    }
    WATCH.call_once(|| {
        // SAFETY: the handler only touches an atomic, which is safe in a forked child.
        unsafe { libc::pthread_atfork(None, None, Some(forked)) };
    });
    GENERATION.load(Ordering::Relaxed)
}

/// Blocks every signal in the calling thread: signals are the application's.
pub fn block_signals() {
    // SAFETY: both sets live for the calls.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_BLOCK, &all, std::ptr::null_mut());
    }
}

/// An error of the kernel's as an error number.
pub fn errno_of(error: &io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno)
}
