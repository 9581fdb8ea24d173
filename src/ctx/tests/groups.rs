//! RADIO and DISH over every transport.

use std::sync::Arc;

use super::*;
use crate::msg::Metadata;

/// Sends a message to a group.
fn radiate(radio: &Socket, group: &str, body: &[u8]) {
    let mut msg = Msg::from_slice(body).unwrap();
    msg.set_metadata(Some(Arc::new(Metadata::with_group(group.as_bytes(), None))));
    radio.send(&mut msg, 0).unwrap();
}

/// A message that was received: its group and its body.
fn hear(dish: &Socket) -> (String, Vec<u8>) {
    let mut msg = Msg::empty();
    dish.recv(&mut msg, 0).unwrap();
    let known = msg.metadata().unwrap();
    let group = known.group().to_str().unwrap().to_owned();
    (group, msg.data().to_vec())
}

/// Sends to a group until the dish has heard it: it takes a while until the radio knows.
fn until_heard(radio: &Socket, dish: &'static Socket, group: &str) {
    let item = poll::Item {
        socket: Some(dish),
        fd: -1,
        events: 1,
        revents: 0,
    };
    for _ in 0..1000 {
        radiate(radio, group, b"knock");
        while poll::poll(&mut [item], 20) == Ok(1) {
            if hear(dish).0 == group {
                return;
            }
        }
    }
    panic!("never heard");
}

/// Drops everything up to a message with this body.
fn skip_to(dish: &Socket, body: &[u8]) -> String {
    loop {
        let (group, heard) = hear(dish);
        if heard == body {
            return group;
        }
    }
}

#[test]
fn groups_work_over_every_transport() {
    for endpoint in endpoints() {
        let context = Context::create().unwrap();
        let (radio, dish) = (
            context.socket(kind::RADIO).unwrap(),
            context.socket(kind::DISH).unwrap(),
        );
        set(dish, number::RCVTIMEO, 20_000);
        dish.join(b"early").unwrap();
        assert_eq!(dish.join(b"early"), Err(Errno::EINVAL));
        radio.bind(endpoint.as_bytes()).unwrap();
        dish.connect(text(radio, number::LAST_ENDPOINT).as_bytes())
            .unwrap();
        until_heard(radio, dish, "early");
        radiate(radio, "other", b"not for you");
        // Longer than fits beside a message, and a body longer than a message holds.
        let (long, body) = ("g".repeat(255), vec![7; 100_000]);
        dish.join(long.as_bytes()).unwrap();
        until_heard(radio, dish, &long);
        radiate(radio, &long, &body);
        assert_eq!(skip_to(dish, &body), long, "{endpoint}");
        dish.leave(long.as_bytes()).unwrap();
        assert_eq!(dish.leave(long.as_bytes()), Err(Errno::EINVAL));
        radiate(radio, &long, b"left behind");
        radiate(radio, "early", b"last");
        assert_eq!(skip_to(dish, b"last"), "early");
        assert_eq!(radio.join(b"x"), Err(Errno::ENOTSUP));
        assert_eq!(radio.recv(&mut Msg::empty(), 0), Err(Errno::ENOTSUP));
        assert_eq!(dish.send(&mut Msg::empty(), 0), Err(Errno::ENOTSUP));
        radio.close();
        dish.close();
        context.terminate().unwrap();
    }
}

#[test]
fn a_radio_that_comes_back_is_told_the_groups_again() {
    let context = Context::create().unwrap();
    let first = context.socket(kind::RADIO).unwrap();
    let dish = context.socket(kind::DISH).unwrap();
    set(dish, number::RCVTIMEO, 20_000);
    set(dish, number::RECONNECT_IVL, 10);
    first.bind(b"tcp://127.0.0.1:*").unwrap();
    let endpoint = text(first, number::LAST_ENDPOINT);
    dish.connect(endpoint.as_bytes()).unwrap();
    dish.join(b"g").unwrap();
    until_heard(first, dish, "g");
    first.unbind(endpoint.as_bytes()).unwrap();
    first.close();
    let second = context.socket(kind::RADIO).unwrap();
    second.bind(endpoint.as_bytes()).unwrap();
    // What the first one sent is not to be taken for the second one's.
    dish.join(b"h").unwrap();
    until_heard(second, dish, "h");
    dish.leave(b"h").unwrap();
    until_heard(second, dish, "g");
    second.close();
    dish.close();
    context.terminate().unwrap();
}

#[test]
fn datagrams_have_their_own_sockets_and_directions() {
    let context = Context::create().unwrap();
    let fails = |kind, endpoint: &[u8], binds| {
        let socket = context.socket(kind).unwrap();
        let result = if binds {
            socket.bind(endpoint)
        } else {
            socket.connect(endpoint)
        };
        socket.close();
        result == Err(Errno::ENOCOMPATPROTO)
    };
    let udp = b"udp://127.0.0.1:5556";
    assert!(fails(kind::DISH, udp, false));
    assert!(fails(kind::RADIO, udp, true));
    assert!(fails(kind::DGRAM, udp, false));
    for kind in [kind::PAIR, kind::CLIENT, kind::PEER] {
        assert!(fails(kind, udp, true) && fails(kind, udp, false));
    }
    for endpoint in ["tcp://127.0.0.1:5556", "inproc://x"] {
        assert!(fails(kind::DGRAM, endpoint.as_bytes(), true));
        assert!(fails(kind::DGRAM, endpoint.as_bytes(), false));
    }
    context.terminate().unwrap();
}
