//! Streams of messages, in which the application's threads do what is the I/O threads' otherwise.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;

use socket2::{Domain, Type};

use super::*;

fn body(number: u32) -> Vec<u8> {
    let mut body = number.to_ne_bytes().to_vec();
    // Short ones for the most part, now and then a larger one.
    let size = match number % 1000 {
        999 => 20_000,
        998 => 5_000,
        rest if rest % 10 == 0 => 300,
        rest => (rest % 50) as usize,
    };
    body.resize(body.len() + size, number as u8);
    body
}

fn pipeline(
    context: &'static Context,
    endpoint: &str,
    marks: (i32, i32),
) -> (&'static Socket, &'static Socket) {
    let (pull, push) = (
        context.socket(kind::PULL).unwrap(),
        context.socket(kind::PUSH).unwrap(),
    );
    set(pull, number::RCVTIMEO, 20_000);
    set(push, number::SNDTIMEO, 20_000);
    set(push, number::SNDHWM, marks.0);
    set(pull, number::RCVHWM, marks.1);
    pull.bind(endpoint.as_bytes()).unwrap();
    push.connect(text(pull, number::LAST_ENDPOINT).as_bytes())
        .unwrap();
    (pull, push)
}

fn over(context: &'static Context, sockets: [&'static Socket; 2]) {
    for socket in sockets {
        set(socket, number::LINGER, 0);
        socket.close();
    }
    context.terminate().unwrap();
}

#[test]
fn every_message_comes_once_and_in_order_whatever_the_marks() {
    for endpoint in ["tcp://127.0.0.1:*", "ipc://*"] {
        for marks in [(1000, 1000), (0, 0), (1, 1), (10_000, 10), (10, 10_000)] {
            let context = Context::create().unwrap();
            let (pull, push) = pipeline(context, endpoint, marks);
            let count = if marks == (1, 1) { 5_000 } else { 60_000 };
            let sender = std::thread::spawn(move || {
                for number in 0..count {
                    let parts = if number % 100 == 7 { 3 } else { 1 };
                    for part in 1..=parts {
                        send(push, &body(number), part < parts);
                    }
                }
            });
            for number in 0..count {
                let parts = if number % 100 == 7 { 3 } else { 1 };
                for part in 1..=parts {
                    let (found, more) = recv(pull);
                    assert!(
                        found == body(number) && more == (part < parts),
                        "{endpoint}, {marks:?}: part {part} of message {number}"
                    );
                }
            }
            sender.join().unwrap();
            over(context, [pull, push]);
        }
    }
}

#[test]
fn the_last_message_of_a_stream_arrives_without_another_call() {
    for endpoint in ["tcp://127.0.0.1:*", "ipc://*"] {
        let context = Context::create().unwrap();
        let (pull, push) = pipeline(context, endpoint, (0, 0));
        let (done, finish) = mpsc::channel::<()>();
        let sender = std::thread::spawn(move || {
            for burst in 1..=20_u32 {
                for number in 0..burst * 1000 + burst {
                    send(push, &number.to_ne_bytes(), false);
                }
                // It calls nothing until everything has arrived.
                finish.recv().unwrap();
            }
        });
        for burst in 1..=20_u32 {
            for number in 0..burst * 1000 + burst {
                assert_eq!(recv(pull).0, number.to_ne_bytes(), "{endpoint}");
            }
            done.send(()).unwrap();
        }
        sender.join().unwrap();
        over(context, [pull, push]);
    }
}

#[test]
fn a_stream_to_one_peer_goes_on_to_two() {
    let context = Context::create().unwrap();
    let (first, push) = pipeline(context, "tcp://127.0.0.1:*", (1000, 1000));
    let second = context.socket(kind::PULL).unwrap();
    second.bind(b"tcp://127.0.0.1:*").unwrap();
    let address = text(second, number::LAST_ENDPOINT);
    let (received, counting) = mpsc::channel();
    let receivers = [first, second].map(|socket| {
        let received = received.clone();
        std::thread::spawn(move || {
            let (mut msg, mut next) = (Msg::empty(), 0);
            while socket.recv(&mut msg, 0).is_ok() {
                let number = u32::from_ne_bytes(msg.data().try_into().unwrap());
                assert!(number >= next, "{number} after {next}");
                next = number + 1;
                received.send(()).unwrap();
            }
        })
    });
    let count = 100_000_u32;
    for number in 0..count {
        if number == count / 2 {
            push.connect(address.as_bytes()).unwrap();
        }
        send(push, &number.to_ne_bytes(), false);
    }
    for number in 0..count {
        let waited = counting.recv_timeout(Duration::from_secs(20));
        assert!(waited.is_ok(), "{number} of {count} have come");
    }
    context.shutdown().unwrap();
    for receiver in receivers {
        receiver.join().unwrap();
    }
    for socket in [first, second, push] {
        socket.close();
    }
    context.terminate().unwrap();
}

/// A PULL that reads as much of its stream as it is told to.
fn reader(endpoint: &str) -> TcpStream {
    let peer = socket2::Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    // Little is on its way to who does not read.
    peer.set_recv_buffer_size(16 * 1024).unwrap();
    let address: SocketAddr = endpoint["tcp://".len()..].parse().unwrap();
    peer.connect(&address.into()).unwrap();
    let mut stream = TcpStream::from(peer);
    let limit = Some(Duration::from_secs(20));
    stream.set_read_timeout(limit).unwrap();
    let mut greeting = [0; 64];
    (greeting[0], greeting[9], greeting[10]) = (0xFF, 0x7F, 3);
    greeting[12..16].copy_from_slice(b"NULL");
    stream.write_all(&greeting).unwrap();
    stream.read_exact(&mut [0; 64]).unwrap();
    let ready = b"\x04\x1a\x05READY\x0bSocket-Type\x00\x00\x00\x04PULL";
    stream.write_all(ready).unwrap();
    let mut head = [0; 2];
    stream.read_exact(&mut head).unwrap();
    let mut command = vec![0; usize::from(head[1])];
    stream.read_exact(&mut command).unwrap();
    stream
}

/// Who may send 200 messages and waits hears of room before half of them is gone, if they are large.
#[test]
fn who_sends_large_bodies_hears_of_room_soon() {
    const BODY: usize = 128 * 1024;
    let context = Context::create().unwrap();
    let push = context.socket(kind::PUSH).unwrap();
    for (option, value) in [
        (number::SNDHWM, 200),
        (number::SNDBUF, 16 * 1024),
        (number::LINGER, 0),
    ] {
        set(push, option, value);
    }
    push.bind(b"tcp://127.0.0.1:*").unwrap();
    let mut reader = reader(&text(push, number::LAST_ENDPOINT));
    // Until nothing goes for so long that the I/O thread has done what it could.
    set(push, number::SNDTIMEO, 300);
    let body = [b'x'; BODY];
    while push.send(&mut Msg::from_slice(&body).unwrap(), 0).is_ok() {}
    set(push, number::SNDTIMEO, 20_000);
    let mut read = vec![0; 50 * BODY];
    reader.read_exact(&mut read).unwrap();
    send(push, &body, false);
    push.close();
    context.terminate().unwrap();
}
