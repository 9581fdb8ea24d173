//! The C API: one `extern "C"` function per function of `zmq.h`. Pointers stop here.
//!
//! Invariant: nothing below this floor sees a pointer of C's, and errno is written last, after
//! everything that the call used was dropped and unlocked (`answer`).
//!
//! # Safety
//! Every function here asks the same of its caller, so it is said once: a pointer is NULL or
//! points to what the C prototype (the first line of its documentation) names, alive and used by
//! no other thread for the length of the call, unless the documentation says otherwise. NULL is
//! an error, never a crash. Handles of contexts and sockets may be stale: their cells are never
//! freed.

#![allow(non_camel_case_types)]
#![allow(
    clippy::missing_safety_doc,
    reason = "said once, at the head of this module"
)]

pub mod consts;
mod ctx;
#[cfg(feature = "draft")]
mod draft;
mod error;
mod handle;
mod legacy;
mod msg;
mod poll;
#[cfg(feature = "draft")]
mod poller;
mod proxy;
mod security;
mod socket;
mod timers;
mod utils;

#[cfg(test)]
mod tests;

pub use ctx::*;
#[cfg(feature = "draft")]
pub use draft::*;
pub use error::*;
pub use legacy::*;
pub use msg::*;
pub use poll::*;
#[cfg(feature = "draft")]
pub use poller::*;
pub use proxy::*;
pub use security::*;
pub use socket::*;
pub use timers::*;
pub use utils::*;

use std::ffi::{c_char, c_int, c_long};

use crate::errno::Errno;

/// What a C function can return, and what it returns when it fails.
trait Answer {
    const FAILED: Self;
}

impl Answer for c_int {
    const FAILED: c_int = -1;
}

impl Answer for c_long {
    const FAILED: c_long = -1;
}

/// A number that names a peer.
impl Answer for u32 {
    const FAILED: u32 = 0;
}

impl Answer for usize {
    const FAILED: usize = 0;
}

impl<T> Answer for *mut T {
    const FAILED: *mut T = std::ptr::null_mut();
}

impl Answer for *const c_char {
    const FAILED: *const c_char = std::ptr::null();
}

/// Makes the call and turns its result into C's: on failure the failed value, with errno set
/// after everything that the call owned is gone.
#[inline]
fn answer<T: Answer>(call: impl FnOnce() -> Result<T, Errno>) -> T {
    match call() {
        Ok(value) => value,
        Err(errno) => {
            set_errno(errno);
            T::FAILED
        }
    }
}

/// A size as C returns it: an `int` that stops growing at its maximum.
///
/// COMPAT: bodies of 2 GiB and more report `INT_MAX`.
#[inline]
fn size(octets: usize) -> c_int {
    c_int::try_from(octets).unwrap_or(c_int::MAX)
}

fn errno_location() -> *mut c_int {
    // SAFETY: these functions only return the address of the calling thread's errno.
    unsafe {
        #[cfg(any(target_os = "linux", target_os = "emscripten", target_os = "hurd"))]
        return libc::__errno_location();
        #[cfg(any(target_os = "macos", target_os = "ios", target_os = "freebsd"))]
        return libc::__error();
        #[cfg(any(target_os = "android", target_os = "netbsd", target_os = "openbsd"))]
        return libc::__errno();
    }
}

fn set_errno(errno: Errno) {
    // SAFETY: the address of this thread's errno is good for as long as the thread runs.
    unsafe { *errno_location() = errno.0 };
}
