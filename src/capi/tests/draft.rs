//! The draft functions called from Rust.

use std::ffi::{c_int, c_void};

use super::*;
use crate::msg::Msg;

#[test]
fn null_is_an_error_of_drafts_too() {
    let null = ptr::null_mut();
    let (mut nothing, mut len) = (null, 0_usize);
    // SAFETY: NULL is what is tested, and what else is handed in lives for the calls.
    unsafe {
        fails!(zmq_ctx_set_ext(null, ZMQ_BLOCKY, null, 0), EFAULT);
        fails!(zmq_ctx_get_ext(null, ZMQ_BLOCKY, null, &mut len), EFAULT);
        fails!(zmq_join(null, c"g".as_ptr()), ENOTSOCK);
        fails!(zmq_leave(null, ptr::null()), ENOTSOCK);
        fails!(zmq_disconnect_peer(null, 1), ENOTSOCK);
        fails!(zmq_socket_get_peer_state(null, null, 1), ENOTSOCK);
        fails!(zmq_socket_monitor_pipes_stats(null), ENOTSOCK);
        fails!(
            zmq_socket_monitor_versioned(null, ptr::null(), 0, 2, ZMQ_PAIR),
            ENOTSOCK
        );
        fails!(zmq_msg_set_routing_id(ptr::null_mut(), 1), EFAULT);
        fails!(zmq_msg_set_group(ptr::null_mut(), c"g".as_ptr()), EFAULT);
        fails!(zmq_msg_init_buffer(ptr::null_mut(), null, 0), EFAULT);
        let mut msg = Msg::empty();
        fails!(zmq_msg_init_buffer(&mut msg, null, 1), EFAULT);
        fails!(zmq_msg_set_group(&mut msg, ptr::null()), EFAULT);
        fails!(zmq_msg_set_routing_id(&mut msg, 0), EINVAL);
        fails!(zmq_ppoll(ptr::null_mut(), 1, 0, ptr::null()), EFAULT);
        for poller in [
            null,
            (&raw mut nothing).cast(),
            ptr::without_provenance_mut(8),
        ] {
            fails!(zmq_poller_size(poller), EFAULT);
            fails!(zmq_poller_add(poller, null, null, 1), EFAULT);
            fails!(zmq_poller_add_fd(poller, 0, null, 1), EFAULT);
            fails!(zmq_poller_fd(poller, ptr::null_mut()), EFAULT);
            fails!(zmq_poller_wait(poller, ptr::null_mut(), 0), EFAULT);
        }
        fails!(zmq_poller_destroy(ptr::null_mut()), EFAULT);
        fails!(zmq_poller_destroy(&mut nothing), EFAULT);
        assert_eq!(
            (zmq_connect_peer(null, c"inproc://a".as_ptr()), zmq_errno()),
            (0, libc::ENOTSOCK)
        );
        assert_eq!(
            (zmq_msg_routing_id(ptr::null_mut()), zmq_errno()),
            (0, libc::EFAULT)
        );
        assert!(zmq_msg_group(ptr::null_mut()).is_null());
    }
}

#[test]
fn pollers_come_and_go_and_write_no_more_than_they_may() {
    let nothing = || zmq_poller_event_t {
        socket: ptr::dangling_mut(),
        fd: 7,
        user_data: ptr::dangling_mut(),
        events: 7,
    };
    let (mut events, mut user) = ([nothing(), nothing()], 0_u8);
    let user = (&raw mut user).cast::<c_void>();
    // SAFETY: everything that is handed in lives for the calls.
    unsafe {
        let mut poller = zmq_poller_new();
        let context = zmq_ctx_new();
        let [a, b] = [(); 2].map(|()| zmq_socket(context, ZMQ_SERVER));
        for socket in [a, b] {
            assert_eq!(zmq_poller_add(poller, socket, user, ZMQ_POLLOUT as i16), 0);
        }
        fails!(
            zmq_poller_wait_all(poller, events.as_mut_ptr(), -1, 0),
            EINVAL
        );
        fails!(zmq_poller_wait_all(poller, ptr::null_mut(), 1, 0), EFAULT);
        assert_eq!(zmq_poller_wait_all(poller, events.as_mut_ptr(), 1, -1), 1);
        assert_eq!((events[0].socket, events[0].fd), (a, -1));
        assert_eq!((events[0].user_data, events[0].events), (user, 2));
        assert_eq!(events[1].fd, 7, "beyond the room there was");
        assert_eq!(zmq_poller_wait_all(poller, events.as_mut_ptr(), 2, -1), 2);
        assert_eq!(events[1].socket, b);
        for socket in [a, b] {
            assert_eq!(zmq_poller_modify(poller, socket, ZMQ_POLLIN as i16), 0);
        }
        fails!(zmq_poller_wait(poller, events.as_mut_ptr(), 0), EAGAIN);
        assert!(events[0].socket.is_null() && events[0].user_data.is_null());
        fails!(zmq_poller_add_fd(poller, -1, user, 1), EBADF);
        assert_eq!(zmq_poller_size(poller), 2);
        let stale = poller;
        assert_eq!(zmq_poller_destroy(&mut poller), 0);
        assert!(poller.is_null());
        fails!(zmq_poller_size(stale), EFAULT);
        assert_eq!(
            (zmq_close(a), zmq_close(b), zmq_ctx_term(context)),
            (0, 0, 0)
        );
    }
}

#[test]
fn a_signal_that_is_let_through_ends_the_wait_and_comes_at_no_other_time() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static CAUGHT: AtomicUsize = AtomicUsize::new(0);
    extern "C" fn catch(_: c_int) {
        CAUGHT.fetch_add(1, Ordering::SeqCst);
    }
    let caught = || CAUGHT.load(Ordering::SeqCst);
    // SAFETY: everything that is handed in lives for the calls; the signal is this test's alone,
    // and so is the thread whose mask is changed.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = catch as extern "C" fn(c_int) as usize;
        assert_eq!(libc::sigaction(libc::SIGUSR2, &action, ptr::null_mut()), 0);
        let (mut set, mut before): (libc::sigset_t, libc::sigset_t) = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        libc::sigaddset(&mut set, libc::SIGUSR2);
        libc::pthread_sigmask(libc::SIG_BLOCK, &set, &mut before);
        let context = zmq_ctx_new();
        let [a, b] = [(); 2].map(|()| zmq_socket(context, ZMQ_PAIR));
        assert_eq!(zmq_bind(a, c"inproc://signals".as_ptr()), 0);
        assert_eq!(zmq_connect(b, c"inproc://signals".as_ptr()), 0);
        let mut item = zmq_pollitem_t {
            socket: a,
            fd: -1,
            events: ZMQ_POLLIN as i16,
            revents: 0,
        };
        libc::pthread_kill(libc::pthread_self(), libc::SIGUSR2);
        assert_eq!(zmq_poll(&mut item, 1, 10), 0);
        assert_eq!(zmq_ppoll(&mut item, 1, 10, ptr::null()), 0);
        assert_eq!(caught(), 0);
        for (signals, timeout) in [(1, -1), (2, 0)] {
            fails!(zmq_ppoll(&mut item, 1, timeout, &before), EINTR);
            assert_eq!(caught(), signals);
            libc::pthread_kill(libc::pthread_self(), libc::SIGUSR2);
            assert_eq!(caught(), signals, "blocked again");
        }
        fails!(zmq_ppoll(&mut item, 1, 10, &before), EINTR);
        assert_eq!(zmq_ppoll(&mut item, 1, 10, &before), 0);
        assert_eq!(zmq_send(b, c"x".as_ptr().cast(), 1, 0), 1);
        assert_eq!(zmq_ppoll(&mut item, 1, -1, &before), 1);
        assert_eq!(item.revents, ZMQ_POLLIN as i16);
        assert_eq!(
            (zmq_close(a), zmq_close(b), zmq_ctx_term(context)),
            (0, 0, 0)
        );
    }
}
