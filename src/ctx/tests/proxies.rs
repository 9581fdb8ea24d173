//! `zmq_proxy`: whatever the marks of the sockets around it, messages arrive whole, in order, once.

use super::*;
use crate::ctx::proxy;

/// A socket with these marks (`ZMQ_SNDHWM`, `ZMQ_RCVHWM`) at an address of its own.
fn bound(context: &'static Context, kind: i32, hwm: i32) -> (&'static Socket, String) {
    let socket = context.socket(kind).unwrap();
    set(socket, number::SNDHWM, hwm);
    set(socket, number::RCVHWM, hwm);
    socket.bind(b"tcp://127.0.0.1:*").unwrap();
    let address = text(socket, number::LAST_ENDPOINT);
    (socket, address)
}

fn connected(context: &'static Context, kind: i32, hwm: i32, to: &str) -> &'static Socket {
    let socket = context.socket(kind).unwrap();
    for option in [number::SNDHWM, number::RCVHWM] {
        set(socket, option, hwm);
    }
    for option in [number::SNDTIMEO, number::RCVTIMEO] {
        set(socket, option, 20_000);
    }
    socket.connect(to.as_bytes()).unwrap();
    socket
}

/// The parts of message `i`: one to four, of very different lengths.
fn parts(i: u32) -> Vec<Vec<u8>> {
    (0..=i % 4)
        .map(|part| vec![(i + part) as u8; [0, 5, 60, 3000][((i + part) % 4) as usize] + 4])
        .map(|mut body| {
            body[..4].copy_from_slice(&i.to_ne_bytes());
            body
        })
        .collect()
}

fn send_parts(socket: &Socket, i: u32) {
    let parts = parts(i);
    for (index, part) in parts.iter().enumerate() {
        send(socket, part, index + 1 < parts.len());
    }
}

fn expect_parts(socket: &Socket, i: u32, who: &str) {
    let parts = parts(i);
    for (index, part) in parts.iter().enumerate() {
        let more = index + 1 < parts.len();
        assert!(
            recv(socket) == (part.clone(), more),
            "{who}, message {i}, part {index}"
        );
    }
}

/// Messages both ways at once through a proxy, all of them captured.
fn both_ways(hwm: i32, count: u32) {
    let context = Context::create().unwrap();
    let (front, to_front) = bound(context, kind::DEALER, hwm);
    let (back, to_back) = bound(context, kind::DEALER, hwm);
    let (capture, to_capture) = bound(context, kind::PUSH, hwm);
    let ends = [
        connected(context, kind::DEALER, hwm, &to_front),
        connected(context, kind::DEALER, hwm, &to_back),
    ];
    let spy = connected(context, kind::PULL, hwm, &to_capture);
    let proxy = std::thread::spawn(move || proxy::run(front, back, Some(capture), None));
    let senders = ends.map(|end| {
        std::thread::spawn(move || {
            // One thread sends and receives, so it waits for room only once it has received all.
            let (mut sent, mut received) = (0, 0);
            while sent < count || received < count {
                if sent < count && (received == count || end.is_writable().unwrap()) {
                    send_parts(end, sent);
                    sent += 1;
                } else {
                    expect_parts(end, received, "end");
                    received += 1;
                }
            }
        })
    });
    // Each direction in order; which comes when is open.
    let mut counts = std::collections::HashMap::<u32, u32>::new();
    let mut next = [0; 2];
    for _ in 0..2 * count {
        let (first, mut more) = recv(spy);
        let i = u32::from_ne_bytes(first[..4].try_into().unwrap());
        let side = usize::from(next[0] != i);
        assert_eq!(next[side], i);
        next[side] += 1;
        let mut seen = 1;
        while more {
            more = recv(spy).1;
            seen += 1;
        }
        assert_eq!(seen, parts(i).len());
        *counts.entry(i).or_default() += 1;
    }
    assert!(counts.values().all(|&times| times == 2));
    for sender in senders {
        sender.join().unwrap();
    }
    context.shutdown().unwrap();
    assert_eq!(proxy.join().unwrap(), Err(Errno::ETERM));
    for socket in [front, back, capture, ends[0], ends[1], spy] {
        socket.close();
    }
    context.terminate().unwrap();
}

#[test]
fn messages_go_both_ways_and_are_captured() {
    both_ways(1000, 5000);
}

#[test]
fn messages_go_both_ways_and_are_captured_at_the_mark() {
    both_ways(1, 500);
}

/// An XPUB that drops nothing takes a message only when every subscriber has room, and says so
/// only when it is asked to.
#[test]
fn what_was_received_waits_for_room() {
    const COUNT: u32 = 3000;
    let context = Context::create().unwrap();
    let (front, to_front) = bound(context, kind::XSUB, 2);
    let (back, to_back) = bound(context, kind::XPUB, 1);
    let (publisher, subscriber) = (
        context.socket(kind::XPUB).unwrap(),
        context.socket(kind::SUB).unwrap(),
    );
    for socket in [back, publisher] {
        set(socket, number::XPUB_NODROP, 1);
    }
    set(publisher, number::SNDHWM, 2);
    set(subscriber, number::RCVHWM, 1);
    set(subscriber, number::RCVTIMEO, 20_000);
    set(publisher, number::SNDTIMEO, 20_000);
    subscriber
        .set_option(number::SUBSCRIBE, Some(b""), 0)
        .unwrap();
    let proxy = std::thread::spawn(move || proxy::run(front, back, None, None));
    subscriber.connect(to_back.as_bytes()).unwrap();
    publisher.connect(to_front.as_bytes()).unwrap();
    assert_eq!(recv(publisher), (vec![1], false));
    let sender = std::thread::spawn(move || (0..COUNT).for_each(|i| send_parts(publisher, i)));
    for i in 0..COUNT {
        expect_parts(subscriber, i, "subscriber");
    }
    sender.join().unwrap();
    context.shutdown().unwrap();
    assert_eq!(proxy.join().unwrap(), Err(Errno::ETERM));
    for socket in [front, back, publisher, subscriber] {
        socket.close();
    }
    context.terminate().unwrap();
}

#[test]
fn a_single_socket_gets_back_what_it_says() {
    let context = Context::create().unwrap();
    let (mirror, address) = bound(context, kind::DEALER, 10);
    let face = connected(context, kind::DEALER, 10, &address);
    let proxy = std::thread::spawn(move || proxy::run(mirror, mirror, None, None));
    for i in 0..1000 {
        send_parts(face, i);
        expect_parts(face, i, "face");
    }
    context.shutdown().unwrap();
    assert_eq!(proxy.join().unwrap(), Err(Errno::ETERM));
    for socket in [mirror, face] {
        socket.close();
    }
    context.terminate().unwrap();
}

#[test]
fn two_who_pass_in_opposite_directions_do_not_wait_for_each_other() {
    let context = Context::create().unwrap();
    let (one, to_one) = bound(context, kind::DEALER, 0);
    let (two, to_two) = bound(context, kind::DEALER, 0);
    let peers = [&to_one, &to_two].map(|to| connected(context, kind::DEALER, 0, to));
    let threads = [(one, two), (two, one)].map(|(from, to)| {
        std::thread::spawn(move || {
            let mut passed = 0;
            while passed < 20_000 {
                let batch = from.pass_to(to, None, 3).unwrap();
                assert!(batch.stuck.is_none());
                passed += batch.messages;
            }
        })
    });
    for i in 0..20_000_u32 {
        for peer in peers {
            send(peer, &i.to_ne_bytes(), false);
        }
    }
    for i in 0..20_000_u32 {
        assert_eq!(peers.map(|peer| recv(peer).0), [i.to_ne_bytes(); 2]);
    }
    for thread in threads {
        thread.join().unwrap();
    }
    for socket in [one, two, peers[0], peers[1]] {
        socket.close();
    }
    context.terminate().unwrap();
}
