//! The C functions called from Rust, with no more than pointers. C programs test the rest.

use std::ffi::CStr;
use std::ptr;

use super::consts::*;
use super::*;

#[test]
fn own_numbers_are_those_of_the_floors_below() {
    assert_eq!(ZMQ_HAUSNUMERO, crate::errno::HAUSNUMERO);
    assert_eq!(Errno(EFSM), Errno::EFSM);
    assert_eq!(Errno(ENOCOMPATPROTO), Errno::ENOCOMPATPROTO);
    assert_eq!(Errno(ETERM), Errno::ETERM);
    assert_eq!(Errno(EMTHREAD), Errno::EMTHREAD);
}

#[test]
fn errno_is_set_after_what_the_call_owned_is_gone() {
    struct Last;
    impl Drop for Last {
        fn drop(&mut self) {
            set_errno(Errno::EPIPE);
        }
    }
    let failed: c_int = answer(|| {
        let _last = Last;
        Err(Errno::EAGAIN)
    });
    assert_eq!((failed, zmq_errno()), (-1, libc::EAGAIN));
}

macro_rules! fails {
    ($call:expr, $errno:ident) => {
        set_errno(Errno(0x7FFF));
        assert_eq!(($call, zmq_errno()), (-1, libc::$errno), stringify!($call));
    };
}

#[cfg(feature = "draft")]
mod draft;

#[test]
fn null_is_an_error_everywhere() {
    let null = ptr::null_mut();
    // SAFETY: NULL is what is tested.
    unsafe {
        fails!(zmq_ctx_term(null), EFAULT);
        fails!(zmq_ctx_shutdown(null), EFAULT);
        fails!(zmq_ctx_set(null, ZMQ_IO_THREADS, 1), EFAULT);
        fails!(zmq_ctx_get(null, ZMQ_IO_THREADS), EFAULT);
        fails!(zmq_close(null), ENOTSOCK);
        fails!(zmq_bind(null, c"inproc://a".as_ptr()), ENOTSOCK);
        fails!(zmq_setsockopt(null, ZMQ_LINGER, null, 0), ENOTSOCK);
        fails!(
            zmq_getsockopt(null, ZMQ_LINGER, null, ptr::null_mut()),
            ENOTSOCK
        );
        fails!(zmq_send(null, null, 0, 0), ENOTSOCK);
        fails!(zmq_recv(null, null, 0, 0), ENOTSOCK);
        fails!(zmq_socket_monitor(null, ptr::null(), 0), ENOTSOCK);
        fails!(zmq_proxy(null, null, null), EFAULT);
        fails!(zmq_device(ZMQ_QUEUE, null, null), EFAULT);
        fails!(zmq_sendiov(null, ptr::null_mut(), 0, 0), ENOTSOCK);
        fails!(
            zmq_recviov(null, ptr::null_mut(), ptr::null_mut(), 0),
            ENOTSOCK
        );
        fails!(zmq_msg_init(ptr::null_mut()), EFAULT);
        fails!(zmq_msg_close(ptr::null_mut()), EFAULT);
        fails!(zmq_msg_more(ptr::null()), EFAULT);
        fails!(zmq_poll(ptr::null_mut(), 1, 0), EFAULT);
        fails!(zmq_poll(ptr::null_mut(), -1, 0), EINVAL);
        fails!(zmq_timers_destroy(ptr::null_mut()), EFAULT);
        fails!(zmq_timers_execute(null), EFAULT);
        fails!(zmq_curve_keypair(ptr::null_mut(), ptr::null_mut()), EFAULT);
        assert_eq!(zmq_msg_size(ptr::null()), 0);
        assert!(zmq_msg_data(ptr::null_mut()).is_null());
        assert!(zmq_socket(null, ZMQ_PAIR).is_null());
        assert_eq!(zmq_errno(), libc::EFAULT);
        assert_eq!(zmq_has(ptr::null()), 0);
        assert_eq!(zmq_stopwatch_stop(null), 0);
        zmq_atomic_counter_destroy(ptr::null_mut());
        zmq_threadclose(null);
    }
}

#[test]
fn strerror_has_a_text_for_every_number() {
    for number in [
        0,
        -1,
        c_int::MAX,
        libc::EAGAIN,
        EFSM,
        ENOCOMPATPROTO,
        ETERM,
        EMTHREAD,
    ] {
        // SAFETY: always a string.
        let text = unsafe { CStr::from_ptr(zmq_strerror(number)) };
        assert!(!text.is_empty(), "{number}");
    }
}

#[test]
fn sizes_stop_growing_at_the_largest_int() {
    assert_eq!(size(5), 5);
    assert_eq!(size(usize::MAX), c_int::MAX);
}
