//! The whole below the C API, in one process: contexts, sockets, transports together.

mod answers;
mod crowds;
mod datagrams;
mod gathered;
mod groups;
mod leases;
mod matrix;
#[cfg(feature = "draft")]
mod messages;
mod monitors;
mod pairs;
mod peers;
mod pollers;
mod polls;
mod proxied;
mod proxies;
mod runs;
mod strangers;
mod streams;
mod websocket;
#[cfg(feature = "wss")]
mod wss;

use std::time::Duration;

mod security;

use super::*;
use crate::msg::{Msg, flag};
use crate::options::{kind, number};

fn text(socket: &Socket, option: i32) -> String {
    let mut buffer = [0; 256];
    let len = socket.get_option(option, &mut buffer).unwrap();
    String::from_utf8(buffer[..len - 1].to_vec()).unwrap()
}

fn set(socket: &Socket, option: i32, value: i32) {
    socket
        .set_option(option, Some(&value.to_ne_bytes()), 4)
        .unwrap();
}

fn set_bytes(socket: &Socket, option: i32, value: &[u8]) {
    socket.set_option(option, Some(value), value.len()).unwrap();
}

fn send(socket: &Socket, body: &[u8], more: bool) {
    socket
        .send(
            &mut Msg::from_slice(body).unwrap(),
            if more { 2 } else { 0 },
        )
        .unwrap();
}

fn recv(socket: &Socket) -> (Vec<u8>, bool) {
    let mut msg = Msg::empty();
    socket.recv(&mut msg, 0).unwrap();
    (msg.data().to_vec(), msg.more())
}

/// Endpoints of every transport, wildcards where it has them.
fn endpoints() -> Vec<String> {
    [
        "inproc://here",
        "tcp://127.0.0.1:*",
        "ipc://*",
        "ws://127.0.0.1:*/here",
    ]
    .map(String::from)
    .to_vec()
}

/// Two connected PAIR sockets.
fn pairs(context: &'static Context, endpoint: &str) -> (&'static Socket, &'static Socket) {
    let (a, b) = (
        context.socket(kind::PAIR).unwrap(),
        context.socket(kind::PAIR).unwrap(),
    );
    for socket in [a, b] {
        set(socket, number::RCVTIMEO, 20_000);
        set(socket, number::SNDTIMEO, 20_000);
    }
    a.bind(endpoint.as_bytes()).unwrap();
    b.connect(text(a, number::LAST_ENDPOINT).as_bytes())
        .unwrap();
    (a, b)
}

#[test]
fn messages_of_every_size_go_both_ways_over_every_transport() {
    for endpoint in endpoints() {
        let context = Context::create().unwrap();
        let (a, b) = pairs(context, &endpoint);
        for size in [0, 1, 48, 49, 255, 256, 8191, 70_000, 300_000, 5_000_000] {
            let body: Vec<u8> = (0..size).map(|i| (i * 7) as u8).collect();
            send(b, &body, true);
            send(b, &body, false);
            assert!(recv(a) == (body.clone(), true), "{endpoint}, {size} octets");
            assert!(
                recv(a) == (body.clone(), false),
                "{endpoint}, {size} octets"
            );
            send(a, &body, false);
            assert!(recv(b) == (body, false), "{endpoint}, {size} octets");
        }
        a.close();
        b.close();
        context.terminate().unwrap();
    }
}

#[test]
fn a_stream_of_messages_keeps_its_order_over_every_transport() {
    for endpoint in endpoints() {
        let context = Context::create().unwrap();
        let (a, b) = pairs(context, &endpoint);
        let writer = std::thread::spawn(move || {
            for i in 0..100_000_u32 {
                send(b, &i.to_ne_bytes(), false);
            }
            b.close();
        });
        for i in 0..100_000_u32 {
            assert_eq!(recv(a).0, i.to_ne_bytes(), "{endpoint}");
        }
        writer.join().unwrap();
        a.close();
        context.terminate().unwrap();
    }
}

#[test]
fn what_was_sent_arrives_although_the_sender_closed() {
    for endpoint in ["tcp://127.0.0.1:*", "ipc://*"] {
        let context = Context::create().unwrap();
        let (a, b) = pairs(context, endpoint);
        for i in 0..500_u32 {
            send(b, &i.to_ne_bytes(), false);
        }
        b.close();
        for i in 0..500_u32 {
            assert_eq!(recv(a).0, i.to_ne_bytes());
        }
        a.close();
        context.terminate().unwrap();
    }
}

#[test]
fn a_peer_is_heard_no_more_once_its_endpoint_is_unbound() {
    for endpoint in ["tcp://127.0.0.1:*", "ipc://*"] {
        for _ in 0..20 {
            let context = Context::create().unwrap();
            let (a, b) = pairs(context, endpoint);
            // So much of a conversation that either end reads for itself.
            for _ in 0..10 {
                send(b, b"ask", false);
                assert_eq!(recv(a).0, b"ask");
                send(a, b"answer", false);
                assert_eq!(recv(b).0, b"answer");
            }
            set(a, number::RCVTIMEO, 10);
            a.unbind(text(a, number::LAST_ENDPOINT).as_bytes()).unwrap();
            let _ = b.send(&mut Msg::from_slice(b"ask").unwrap(), 1);
            assert_eq!(a.recv(&mut Msg::empty(), 0), Err(Errno::EAGAIN));
            set(b, number::LINGER, 0);
            a.close();
            b.close();
            context.terminate().unwrap();
        }
    }
}

#[test]
fn the_name_for_the_next_peer_outlasts_a_connect_that_fails() {
    let context = Context::create().unwrap();
    context
        .set(crate::options::context::number::IO_THREADS, 0)
        .unwrap();
    let (router, peer) = (
        context.socket(kind::ROUTER).unwrap(),
        context.socket(kind::DEALER).unwrap(),
    );
    set(router, number::ROUTER_MANDATORY, 1);
    set(peer, number::RCVTIMEO, 20_000);
    router
        .set_option(number::CONNECT_ROUTING_ID, Some(b"name"), 4)
        .unwrap();
    assert_eq!(router.connect(b"tcp://127.0.0.1:5"), Err(Errno::EMTHREAD));
    peer.bind(b"inproc://peer").unwrap();
    router.connect(b"inproc://peer").unwrap();
    send(router, b"name", true);
    send(router, b"body", false);
    assert_eq!(recv(peer).0, b"body");
    router.close();
    peer.close();
    context.terminate().unwrap();
}

#[test]
fn waiting_ends_with_time_and_with_the_context() {
    let context = Context::create().unwrap();
    let socket = context.socket(kind::PAIR).unwrap();
    set(socket, number::RCVTIMEO, 30);
    let before = std::time::Instant::now();
    assert_eq!(socket.recv(&mut Msg::empty(), 0), Err(Errno::EAGAIN));
    assert!(before.elapsed() >= Duration::from_millis(30));
    assert_eq!(socket.recv(&mut Msg::empty(), 1), Err(Errno::EAGAIN));
    set(socket, number::RCVTIMEO, -1);
    let waiting = std::thread::spawn(move || {
        let result = socket.recv(&mut Msg::empty(), 0);
        socket.close();
        result
    });
    context.terminate().unwrap();
    assert_eq!(waiting.join().unwrap(), Err(Errno::ETERM));
    assert_eq!(socket.send(&mut Msg::empty(), 0), Err(Errno::ENOTSOCK));
    assert_eq!(context.terminate(), Err(Errno::EFAULT));
}

#[test]
fn polling_sees_sockets_and_descriptors() {
    let context = Context::create().unwrap();
    let (a, b) = pairs(context, "tcp://127.0.0.1:*");
    let event = crate::sys::EventFd::new().unwrap();
    let wanted = |socket: Option<&'static Socket>, fd| poll::Item {
        socket,
        fd,
        events: 1,
        revents: 0,
    };
    let mut items = [wanted(Some(a), -1), wanted(None, event.fd())];
    assert_eq!(poll::poll(&mut items, 0), Ok(0));
    send(b, b"x", false);
    assert_eq!(poll::poll(&mut items, 20_000), Ok(1));
    assert_eq!((items[0].revents, items[1].revents), (1, 0));
    event.signal();
    assert_eq!(poll::poll(&mut items, 20_000), Ok(2));
    assert_eq!(recv(a).0, b"x");
    assert_eq!(poll::poll(&mut items, -1), Ok(1));
    assert_eq!((items[0].revents, items[1].revents), (0, 1));
    a.close();
    b.close();
    context.terminate().unwrap();
}

#[test]
fn a_sockets_descriptor_is_readable_after_bind_and_connect_until_it_is_used() {
    let context = Context::create().unwrap();
    let int = |socket: &Socket, option| {
        let mut buffer = [0; 4];
        socket.get_option(option, &mut buffer).unwrap();
        i32::from_ne_bytes(buffer)
    };
    let wanted = |socket: Option<&'static Socket>, fd| poll::Item {
        socket,
        fd,
        events: 1,
        revents: 0,
    };
    let readable =
        |socket, wait| poll::poll(&mut [wanted(None, int(socket, number::FD))], wait) == Ok(1);
    let pull = context.socket(kind::PULL).unwrap();
    let push = context.socket(kind::PUSH).unwrap();
    assert!(!readable(pull, 0) && !readable(push, 0));
    pull.bind(b"tcp://127.0.0.1:*").unwrap();
    assert!(readable(pull, 0));
    assert_eq!(int(pull, number::EVENTS), 0);
    assert!(!readable(pull, 0));
    push.connect(text(pull, number::LAST_ENDPOINT).as_bytes())
        .unwrap();
    assert!(readable(push, 0));
    // Beside its socket it is seen all the same, though looking at the socket clears it.
    let mut items = [wanted(Some(push), -1), wanted(None, int(push, number::FD))];
    assert_eq!(poll::poll(&mut items, 0), Ok(1));
    assert_eq!((items[0].revents, items[1].revents), (0, 1));
    assert!(!readable(push, 0));
    send(push, b"x", false);
    // First the new peer is news, then what it sent.
    while int(pull, number::EVENTS) & 1 == 0 {
        assert!(readable(pull, 20_000));
    }
    assert_eq!(recv(pull).0, b"x");
    push.close();
    pull.close();
    context.terminate().unwrap();
}

#[test]
fn flags_of_a_sent_message_are_the_calls_own() {
    let context = Context::create().unwrap();
    let (a, b) = pairs(context, "inproc://flags");
    let mut msg = Msg::from_slice(&[1; 100]).unwrap();
    msg.set(flag::MORE | flag::SUBSCRIBE);
    a.send(&mut msg, 0).unwrap();
    assert!(msg.is_empty());
    assert_eq!(recv(b), (vec![1; 100], false));
    a.close();
    b.close();
    context.terminate().unwrap();
}

#[test]
fn conflation_spares_subscriptions() {
    for endpoint in endpoints() {
        let context = Context::create().unwrap();
        let (publisher, subscriber) = (
            context.socket(kind::XPUB).unwrap(),
            context.socket(kind::SUB).unwrap(),
        );
        set(publisher, number::RCVTIMEO, 20_000);
        set(subscriber, number::CONFLATE, 1);
        publisher.bind(endpoint.as_bytes()).unwrap();
        for topic in [b"a", b"b", b"c"] {
            subscriber
                .set_option(number::SUBSCRIBE, Some(topic), 1)
                .unwrap();
        }
        subscriber
            .connect(text(publisher, number::LAST_ENDPOINT).as_bytes())
            .unwrap();
        let mut topics: Vec<Vec<u8>> = (0..3).map(|_| recv(publisher).0).collect();
        topics.sort();
        assert_eq!(topics, [b"\x01a", b"\x01b", b"\x01c"], "{endpoint}");
        publisher.close();
        subscriber.close();
        context.terminate().unwrap();
    }
}

#[test]
fn peers_that_send_each_other_large_bodies_do_not_wait_for_each_other() {
    let context = Context::create().unwrap();
    let (a, b) = (
        context.socket(kind::PAIR).unwrap(),
        context.socket(kind::PAIR).unwrap(),
    );
    for socket in [a, b] {
        set(socket, number::RCVTIMEO, 10_000);
        // What the kernel holds for one of them is far less than a body.
        set(socket, number::SNDBUF, 16 * 1024);
        set(socket, number::RCVBUF, 16 * 1024);
    }
    a.bind(b"tcp://127.0.0.1:*").unwrap();
    b.connect(text(a, number::LAST_ENDPOINT).as_bytes())
        .unwrap();
    let body = vec![7; 2 << 20];
    for _ in 0..4 {
        send(a, &body, false);
        send(b, &body, false);
    }
    for _ in 0..4 {
        assert_eq!(recv(a).0.len(), body.len());
        assert_eq!(recv(b).0.len(), body.len());
    }
    a.close();
    b.close();
    context.terminate().unwrap();
}
