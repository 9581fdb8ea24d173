//! Errors and the version.
//!
//! Invariant: errno is C's own, of the calling thread.

use std::ffi::{c_char, c_int};

use super::consts::{ZMQ_VERSION_MAJOR, ZMQ_VERSION_MINOR, ZMQ_VERSION_PATCH};
use super::errno_location;
use crate::errno::Errno;

/// int zmq_errno (void);
///
/// The error number of the calling thread's last failed call: C's errno, for callers that cannot
/// reach it themselves.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_errno() -> c_int {
    // SAFETY: the address of this thread's errno is good for as long as the thread runs.
    unsafe { *errno_location() }
}

/// const char *zmq_strerror (int errnum);
///
/// What an error number means, in words: those of ZeroMQ's own numbers, else those of strerror.
/// Never NULL; not to be freed, and good until the thread's next call.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_strerror(errnum: c_int) -> *const c_char {
    let text = match Errno(errnum) {
        Errno::EFSM => c"Operation cannot be accomplished in current state",
        Errno::ENOCOMPATPROTO => c"The protocol is not compatible with the socket type",
        Errno::ETERM => c"Context was terminated",
        Errno::EMTHREAD => c"No thread available",
        // COMPAT: the one number of the system's with a text of its own.
        Errno::EHOSTUNREACH => c"Host unreachable",
        // SAFETY: takes any number, and returns a string.
        _ => return unsafe { libc::strerror(errnum) },
    };
    text.as_ptr()
}

/// void zmq_version (int *major, int *minor, int *patch);
///
/// The version of libzmq that this library stands in for. NULL leaves a part out.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_version(major: *mut c_int, minor: *mut c_int, patch: *mut c_int) {
    let version = [
        (major, ZMQ_VERSION_MAJOR),
        (minor, ZMQ_VERSION_MINOR),
        (patch, ZMQ_VERSION_PATCH),
    ];
    for (place, number) in version {
        if !place.is_null() {
            // SAFETY: points to an int by the caller's promise.
            unsafe { place.write(number) };
        }
    }
}
