//! DGRAM, RADIO and DISH over udp, against each other and against plain datagrams of anybody's.

use std::net::UdpSocket;
use std::sync::Arc;

use super::*;
use crate::errno::Errno;
use crate::msg::Metadata;

/// What a socket that reached the end of its patience would answer; nothing here takes that long.
const PATIENCE: i32 = 20_000;
const NOW: i32 = 1;

fn socket(context: &'static Context, kind: i32) -> &'static Socket {
    let socket = context.socket(kind).unwrap();
    set(socket, number::RCVTIMEO, PATIENCE);
    set(socket, number::LINGER, 0);
    socket
}

fn bound(context: &'static Context, kind: i32) -> (&'static Socket, String) {
    let socket = socket(context, kind);
    socket.bind(b"udp://127.0.0.1:*").unwrap();
    let address = text(socket, number::LAST_ENDPOINT);
    assert!(address.starts_with("127.0.0.1:") && !address.ends_with(":0"));
    (socket, address)
}

/// A peer's address as it is received: a string of C.
fn named(address: &str) -> Vec<u8> {
    format!("{address}\0").into_bytes()
}

fn radiate(radio: &Socket, group: &[u8], body: &[u8]) {
    let mut msg = Msg::from_slice(body).unwrap();
    msg.set_metadata(Some(Arc::new(Metadata::with_group(group, None))));
    radio.send(&mut msg, 0).unwrap();
}

fn hear(dish: &Socket) -> (Vec<u8>, Vec<u8>) {
    let mut msg = Msg::empty();
    dish.recv(&mut msg, 0).unwrap();
    let group = msg.metadata().unwrap().group().to_bytes().to_vec();
    (group, msg.data().to_vec())
}

fn end(context: &'static Context, sockets: &[&'static Socket]) {
    for socket in sockets {
        socket.close();
    }
    context.terminate().unwrap();
}

#[test]
fn dgram_sockets_answer_each_other() {
    let context = Context::create().unwrap();
    let (a, at_a) = bound(context, kind::DGRAM);
    let (b, at_b) = bound(context, kind::DGRAM);
    send(a, at_b.as_bytes(), true);
    send(a, b"question", false);
    assert_eq!(recv(b), (named(&at_a), true));
    assert_eq!(recv(b), (b"question".to_vec(), false));
    // Names that mean nobody, bodies that are too long, and peers that are gone cost themselves.
    let deaf = UdpSocket::bind("127.0.0.1:0").unwrap();
    let gone = deaf.local_addr().unwrap().to_string();
    drop(deaf);
    for (name, body) in [
        (&b"nobody"[..], &b"lost"[..]),
        (b"", b"lost"),
        (b"\xff\xff:1", b"lost"),
        (b"[::1]:9", b"lost"),
        (at_a.as_bytes(), &[0; 65_508]),
        (gone.as_bytes(), b"lost"),
        (gone.as_bytes(), b"lost"),
        (at_a.as_bytes(), b"answer"),
    ] {
        send(b, name, true);
        send(b, body, false);
    }
    assert_eq!(recv(a), (named(&at_b), true));
    assert_eq!(recv(a), (b"answer".to_vec(), false));
    end(context, &[a, b]);
}

#[test]
fn dgram_bodies_of_every_size_come_back() {
    let context = Context::create().unwrap();
    let (socket, at) = bound(context, kind::DGRAM);
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let name = peer.local_addr().unwrap().to_string();
    let body: Vec<u8> = (0..65_507_u32).map(|n| (n % 251) as u8).collect();
    let mut buffer = vec![0; 65_536];
    for size in (0..300).chain((300..65_507).step_by(997)).chain([65_507]) {
        peer.send_to(&body[..size], &at).unwrap();
        assert_eq!(recv(socket), (named(&name), true));
        assert_eq!(recv(socket), (body[..size].to_vec(), false), "{size}");
        send(socket, name.as_bytes(), true);
        send(socket, &body[..size], false);
        let count = peer.recv(&mut buffer).unwrap();
        assert_eq!(buffer[..count], body[..size]);
    }
    end(context, &[socket]);
}

#[test]
fn a_dish_hears_its_groups_and_nothing_malformed() {
    let context = Context::create().unwrap();
    let (dish, at) = bound(context, kind::DISH);
    let radio = socket(context, kind::RADIO);
    radio.connect(format!("udp://{at}").as_bytes()).unwrap();
    assert_eq!(text(radio, number::LAST_ENDPOINT), at);
    let long = [b'g'; 255];
    for group in [&b""[..], b"a", b"TV", &long] {
        dish.join(group).unwrap();
    }
    assert_eq!(dish.join(&[b'g'; 256]), Err(Errno::EINVAL));
    let anybody = UdpSocket::bind("127.0.0.1:0").unwrap();
    let whole = |group: &[u8], body: &[u8]| [&[group.len() as u8], group, body].concat();
    for (group, body) in [
        (&b""[..], &b"0"[..]),
        (b"a", b"1"),
        (b"TV", b""),
        (&long, b"255"),
    ] {
        for bad in [
            &b""[..],
            b"\x01",
            b"\xff",
            b"\x05abcd",
            &[255; 255],
            b"\x05Other",
        ] {
            anybody.send_to(bad, &at).unwrap();
        }
        anybody
            .send_to(&whole(b"Other", b"not joined"), &at)
            .unwrap();
        anybody.send_to(&whole(group, body), &at).unwrap();
        assert_eq!(hear(dish), (group.to_vec(), body.to_vec()));
        radiate(radio, b"Other", b"not joined");
        radiate(radio, group, body);
        assert_eq!(hear(dish), (group.to_vec(), body.to_vec()));
    }
    // The longest that fits, and longer.
    let body = vec![1; 65_507 - 3];
    radiate(radio, b"TV", &[body.as_slice(), b"!"].concat());
    radiate(radio, b"TV", &body);
    assert_eq!(hear(dish), (b"TV".to_vec(), body));
    dish.leave(b"TV").unwrap();
    radiate(radio, b"TV", b"left");
    radiate(radio, b"a", b"last");
    assert_eq!(hear(dish), (b"a".to_vec(), b"last".to_vec()));
    end(context, &[dish, radio]);
}

#[test]
fn datagrams_of_every_length_are_heard_or_ignored() {
    let context = Context::create().unwrap();
    let (dish, at) = bound(context, kind::DISH);
    dish.join(b"g").unwrap();
    let anybody = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut datagram = vec![7; 65_507];
    datagram[..2].copy_from_slice(b"\x01g");
    let mut msg = Msg::empty();
    for length in 0..=datagram.len() {
        anybody.send_to(&datagram[..length], &at).unwrap();
        if length >= 2 {
            dish.recv(&mut msg, 0).unwrap();
            assert!(msg.data() == &datagram[2..length], "{length}");
        }
    }
    assert_eq!(dish.recv(&mut msg, NOW), Err(Errno::EAGAIN));
    end(context, &[dish]);
}

#[test]
fn a_radio_is_not_ended_by_peers_that_are_gone() {
    let context = Context::create().unwrap();
    let (dish, at) = bound(context, kind::DISH);
    let radio = socket(context, kind::RADIO);
    let endpoint = format!("udp://{at}");
    radio.connect(endpoint.as_bytes()).unwrap();
    dish.unbind(endpoint.as_bytes()).unwrap();
    // The address is free.
    let other = UdpSocket::bind(&at).unwrap();
    drop(other);
    for _ in 0..100 {
        radiate(radio, b"g", b"lost");
    }
    dish.join(b"g").unwrap();
    dish.bind(endpoint.as_bytes()).unwrap();
    radiate(radio, b"g", b"heard");
    while hear(dish).1 != b"heard" {}
    end(context, &[dish, radio]);
}

#[test]
fn what_was_sent_before_closing_arrives() {
    let context = Context::create().unwrap();
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let radio = context.socket(kind::RADIO).unwrap();
    let endpoint = format!("udp://{}", peer.local_addr().unwrap());
    radio.connect(endpoint.as_bytes()).unwrap();
    for n in 0..50_u8 {
        radiate(radio, b"g", &[n]);
    }
    end(context, &[radio]);
    let mut buffer = [0; 8];
    for n in 0..50_u8 {
        assert_eq!(peer.recv(&mut buffer).unwrap(), 3);
        assert_eq!(&buffer[..3], &[1, b'g', n]);
    }
}

#[test]
fn only_these_types_use_udp_and_each_in_its_direction() {
    let context = Context::create().unwrap();
    let endpoint = b"udp://127.0.0.1:1";
    for kinds in [
        kind::RADIO,
        kind::DISH,
        kind::DGRAM,
        kind::PUB,
        kind::PAIR,
        kind::ROUTER,
        kind::STREAM,
    ] {
        let one = socket(context, kinds);
        if kinds != kind::RADIO {
            assert_eq!(one.connect(endpoint), Err(Errno::ENOCOMPATPROTO));
        }
        if kinds != kind::DISH && kinds != kind::DGRAM {
            assert_eq!(one.bind(endpoint), Err(Errno::ENOCOMPATPROTO));
        }
        one.close();
    }
    // An address of nobody here: a bind that cannot work says so.
    let dish = socket(context, kind::DISH);
    assert_eq!(dish.bind(b"udp://203.0.113.9:*"), Err(Errno::EADDRNOTAVAIL));
    let mut msg = Msg::empty();
    assert_eq!(dish.recv(&mut msg, NOW), Err(Errno::EAGAIN));
    end(context, &[dish]);
}
