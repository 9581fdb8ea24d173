//! Contexts.
//!
//! Invariant: a handle that is not a live context is `EFAULT`.

use std::ffi::{c_int, c_void};

use super::{answer, handle};
use crate::ctx::Context;

/// void *zmq_ctx_new (void);
///
/// A new context: what sockets are made in, with its I/O threads. Safe to use from many threads.
/// NULL with ENOMEM or EMFILE when there is no room for one. Ended by zmq_ctx_term.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_ctx_new() -> *mut c_void {
    answer(|| Context::create().map(handle::of))
}

/// int zmq_ctx_term (void *context);
///
/// Ends a context: every blocking call on its sockets returns ETERM, then this waits until all of
/// them are closed and what they still had to send is sent, or lingered long enough. 0, or -1
/// with EFAULT (no context) or EINTR (a signal came; call again).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_ctx_term(context: *mut c_void) -> c_int {
    // SAFETY: the caller's promise.
    answer(|| unsafe { handle::context(context) }?.terminate().map(|()| 0))
}

/// int zmq_ctx_shutdown (void *context);
///
/// The first half of zmq_ctx_term: calls on the context's sockets return ETERM from now on, and
/// nothing is waited for. 0, or -1 with EFAULT (no context).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_ctx_shutdown(context: *mut c_void) -> c_int {
    // SAFETY: the caller's promise.
    answer(|| unsafe { handle::context(context) }?.shutdown().map(|()| 0))
}

/// int zmq_ctx_set (void *context, int option, int optval);
///
/// Sets an option of a context. 0, or -1 with EINVAL (no such option or value) or EFAULT (no
/// context).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_ctx_set(context: *mut c_void, option: c_int, optval: c_int) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let context = unsafe { handle::context(context) }?;
        context.set(option, optval).map(|()| 0)
    })
}

/// int zmq_ctx_get (void *context, int option);
///
/// The value of an option of a context, or -1 with EINVAL (no such option) or EFAULT (no
/// context).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_ctx_get(context: *mut c_void, option: c_int) -> c_int {
    // SAFETY: the caller's promise.
    answer(|| unsafe { handle::context(context) }?.get(option))
}
