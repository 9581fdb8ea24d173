//! Proxies, and what the library can do.
//!
//! Invariant: a proxy runs in its caller's thread and returns only as an error or when it is told
//! to end.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;

use super::{answer, handle};
use crate::ctx::proxy;
use crate::errno::Errno;

/// What `zmq_has` says yes to.
const CAPABILITIES: &[&str] = &[
    "ipc",
    "WS",
    "curve",
    "tipc",
    #[cfg(feature = "gssapi")]
    "gssapi",
    #[cfg(feature = "draft")]
    "draft",
    #[cfg(feature = "draft")]
    "vmci",
    #[cfg(feature = "draft")]
    "vsock",
    #[cfg(feature = "wss")]
    "WSS",
];

/// int zmq_proxy (void *frontend, void *backend, void *capture);
///
/// Passes messages between two sockets, in both directions, and a copy of each to capture unless
/// that is NULL. Returns only when it must: -1 with ETERM, EINTR, EFAULT (no frontend or backend)
/// or ENOTSOCK (what is given is no socket).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_proxy(
    frontend: *mut c_void,
    backend: *mut c_void,
    capture: *mut c_void,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { zmq_proxy_steerable(frontend, backend, capture, ptr::null_mut()) }
}

/// int zmq_proxy_steerable (void *frontend, void *backend, void *capture, void *control);
///
/// Like zmq_proxy, and obeys PAUSE, RESUME, TERMINATE and STATISTICS received from control unless
/// that is NULL. 0 after TERMINATE, else -1 as zmq_proxy.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_proxy_steerable(
    frontend: *mut c_void,
    backend: *mut c_void,
    capture: *mut c_void,
    control: *mut c_void,
) -> c_int {
    answer(|| {
        if frontend.is_null() || backend.is_null() {
            // COMPAT: here, and only here, NULL is not ENOTSOCK.
            return Err(Errno::EFAULT);
        }
        // SAFETY: the caller's promise.
        let (frontend, backend, capture, control) = unsafe {
            (
                handle::socket(frontend)?,
                handle::socket(backend)?,
                handle::optional_socket(capture)?,
                handle::optional_socket(control)?,
            )
        };
        proxy::run(frontend, backend, capture, control).map(|()| 0)
    })
}

/// int zmq_has (const char *capability);
///
/// 1 if this library can do what is named (ipc, pgm, tipc, norm, curve, gssapi, vmci, draft, WS,
/// WSS, vsock), 0 if it cannot or does not know the name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_has(capability: *const c_char) -> c_int {
    // SAFETY: the caller's promise.
    let name = unsafe { handle::text(capability) };
    let known = |name: &str| CAPABILITIES.contains(&name);
    c_int::from(name.is_ok_and(|name| name.to_str().is_ok_and(known)))
}
