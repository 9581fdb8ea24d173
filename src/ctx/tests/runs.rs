//! Short messages to many subscribers, which are encoded once for all of them.
//!
//! Invariant: whoever subscribes gets each message that it asked for, in order and whole, whatever
//! it speaks and whoever else is there.

use std::thread::JoinHandle;

use super::*;
use crate::proto::curve::SecretKey;

const MESSAGES: u32 = 6_000;
/// Messages in succession on one topic.
const STRETCH: u32 = 41;
const TOPICS: [u8; 4] = *b"abcd";

/// Message `number`: its topic, the number, and as many octets more as it says.
fn message(number: u32) -> Vec<u8> {
    let topic = TOPICS[(number / STRETCH) as usize % TOPICS.len()];
    let filler = vec![number as u8; number as usize * 7 % 290];
    [&[topic], number.to_be_bytes().as_slice(), &filler].concat()
}

/// A subscriber that reads all that it asked for, in a thread of its own.
fn subscriber(
    context: &'static Context,
    endpoint: &str,
    topics: &'static [u8],
    prepare: impl FnOnce(&Socket),
) -> JoinHandle<()> {
    let socket = context.socket(kind::SUB).unwrap();
    set(socket, number::RCVTIMEO, 30_000);
    set(socket, number::RCVHWM, 50);
    prepare(socket);
    for topic in topics {
        set_bytes(socket, number::SUBSCRIBE, &[*topic]);
    }
    socket.connect(endpoint.as_bytes()).unwrap();
    std::thread::spawn(move || {
        for number in 0..MESSAGES {
            let expected = message(number);
            if topics.contains(&expected[0]) {
                assert_eq!(recv(socket), (expected, false), "message {number}");
            }
        }
        socket.close();
    })
}

fn publisher(context: &'static Context) -> &'static Socket {
    let socket = context.socket(kind::XPUB).unwrap();
    set(socket, number::RCVTIMEO, 30_000);
    set(socket, number::SNDTIMEO, 30_000);
    set(socket, number::SNDHWM, 50);
    set(socket, number::XPUB_NODROP, 1);
    set(socket, number::XPUB_VERBOSE, 1);
    socket
}

fn bind(socket: &Socket, endpoint: &str) -> String {
    socket.bind(endpoint.as_bytes()).unwrap();
    text(socket, number::LAST_ENDPOINT)
}

fn publish(socket: &Socket, subscriptions: usize) {
    for _ in 0..subscriptions {
        assert_eq!(recv(socket).0[0], 1);
    }
    for number in 0..MESSAGES {
        send(socket, &message(number), false);
    }
}

/// "a" goes to those whose messages come in runs, the others to some more besides.
#[test]
fn subscribers_of_all_kinds_get_what_they_asked_for() {
    let context = Context::create().unwrap();
    let socket = publisher(context);
    let [tcp, ipc, ws, inproc] = [
        "tcp://127.0.0.1:*",
        "ipc://*",
        "ws://127.0.0.1:*",
        "inproc://news",
    ]
    .map(|endpoint| bind(socket, endpoint));
    let all: [(&str, &'static [u8]); 8] = [
        (&tcp, b"a"),
        (&tcp, b"ab"),
        (&tcp, b"abcd"),
        (&ipc, b"ab"),
        (&ipc, b"abc"),
        (&ws, b"bc"),
        (&ws, b"bd"),
        (&inproc, b"cd"),
    ];
    let plain = |_: &Socket| ();
    let threads = all.map(|(endpoint, topics)| subscriber(context, endpoint, topics, plain));
    publish(socket, all.iter().map(|(_, topics)| topics.len()).sum());
    for thread in threads {
        thread.join().unwrap();
    }
    socket.close();
    context.terminate().unwrap();
}

#[test]
fn what_is_sealed_is_sealed_for_each() {
    let context = Context::create().unwrap();
    let socket = publisher(context);
    let [secret, own] = [[7; 32], [9; 32]].map(SecretKey::new);
    set(socket, number::CURVE_SERVER, 1);
    set_bytes(socket, number::CURVE_SECRETKEY, &[7; 32]);
    let endpoint = bind(socket, "tcp://127.0.0.1:*");
    let threads = [b"ab".as_slice(), b"abc", b"ad"].map(|topics| {
        subscriber(context, &endpoint, topics, |client| {
            set_bytes(client, number::CURVE_SERVERKEY, &secret.public());
            set_bytes(client, number::CURVE_PUBLICKEY, &own.public());
            set_bytes(client, number::CURVE_SECRETKEY, &[9; 32]);
        })
    });
    publish(socket, 7);
    for thread in threads {
        thread.join().unwrap();
    }
    socket.close();
    context.terminate().unwrap();
}

/// Subscribers come and go while others read on.
#[test]
fn who_comes_and_goes_disturbs_nobody() {
    let context = Context::create().unwrap();
    let socket = publisher(context);
    let endpoint = bind(socket, "tcp://127.0.0.1:*");
    let readers = [(); 3].map(|()| subscriber(context, &endpoint, b"abcd", |_| ()));
    for _ in 0..12 {
        assert_eq!(recv(socket).0[0], 1);
    }
    let theirs = endpoint.clone();
    let guests = std::thread::spawn(move || {
        for round in 0..60 {
            let guest = context.socket(kind::SUB).unwrap();
            set(guest, number::LINGER, 0);
            set_bytes(guest, number::SUBSCRIBE, &TOPICS[..round % 3]);
            set_bytes(guest, number::SUBSCRIBE, b"");
            set(guest, number::RCVTIMEO, 1);
            guest.connect(theirs.as_bytes()).unwrap();
            let (mut msg, mut last) = (Msg::empty(), 0);
            for _ in 0..round {
                if guest.recv(&mut msg, 0).is_ok() {
                    let number = u32::from_be_bytes(msg.data()[1..5].try_into().unwrap());
                    assert!(number >= last, "in order");
                    assert_eq!(msg.data(), message(number), "and whole");
                    last = number;
                }
            }
            guest.close();
        }
    });
    for number in 0..MESSAGES {
        send(socket, &message(number), false);
    }
    for thread in readers.into_iter().chain([guests]) {
        thread.join().unwrap();
    }
    socket.close();
    context.terminate().unwrap();
}
