//! Peers of all versions, in all pieces; transcripts of the genuine library.

use super::pair::*;
use crate::msg::{RecvBuffer, SendBuffer, flag};
use crate::proto::{Event, Failure, Peer, ProtocolError, Raw};

fn me(socket_type: &str) -> crate::proto::Config {
    let mut config = config(socket_type);
    config.routing_id = b"me".to_vec();
    config
}

/// 32 octets after the mechanism, and what fills up its name.
fn null_greeting() -> Vec<u8> {
    let mut rest = b"\x03\x01NULL".to_vec();
    rest.resize(54, 0);
    rest
}

#[test]
fn the_greeting_comes_out_step_by_step_as_from_libzmq() {
    let mut end = End::new(me("DEALER"));
    assert_eq!(end.out.drain(), b"\xFF\0\0\0\0\0\0\0\x03\x7F");
    end.feed(&SIGNATURE[..9]).unwrap();
    assert_eq!(end.out.drain(), b"");
    end.feed(&SIGNATURE[9..]).unwrap();
    assert_eq!(end.out.drain(), b"\x03");
    end.feed(b"\x03").unwrap();
    assert_eq!(end.out.drain(), null_greeting()[1..]);
    end.feed(&greeting(3, 1, b"NULL")[11..63]).unwrap();
    assert_eq!(end.out.drain(), b"");
    end.feed(b"\0").unwrap();
    assert_eq!(
        end.out.drain(),
        b"\x04\x2B\x05READY\x0BSocket-Type\0\0\0\x06DEALER\x08Identity\0\0\0\x02me"
    );
    assert!(!end.zmtp.is_ready());
    assert!(end.zmtp.during_handshake());
    end.feed(&ready(&[
        property("Socket-Type", b"ROUTER"),
        property("Identity", b"you"),
        property("X-Colour", b"red"),
    ]))
    .unwrap();
    assert!(end.zmtp.is_ready());
    assert!(!end.zmtp.during_handshake());
    assert_eq!(
        *end.peer(),
        Peer {
            version: (3, 1),
            socket_type: "ROUTER".into(),
            routing_id: b"you".to_vec(),
            properties: vec![
                ("Socket-Type".into(), b"ROUTER".to_vec()),
                ("Identity".into(), b"you".to_vec()),
                ("X-Colour".into(), b"red".to_vec()),
            ],
        }
    );
    assert_eq!(end.out.drain(), b"");
    end.zmtp.encode(part(b"hi", 0), &mut end.out);
    assert_eq!(end.out.drain(), b"\x00\x02hi");
}

#[test]
fn identity_is_announced_by_those_who_have_one_only() {
    for (socket_type, peer, identity) in [
        ("REQ", "REP", true),
        ("ROUTER", "REQ", true),
        ("REP", "REQ", false),
        ("PAIR", "PAIR", false),
        ("PUSH", "PULL", false),
    ] {
        let mut end = End::new(config(socket_type));
        end.feed(&opening(1, peer)).unwrap();
        let mut properties = vec![property("Socket-Type", socket_type.as_bytes())];
        if identity {
            properties.push(property("Identity", b""));
        }
        let expected = [SIGNATURE.to_vec(), null_greeting(), ready(&properties)].concat();
        assert_eq!(end.out.drain(), expected, "{socket_type}");
    }
}

#[test]
fn properties_of_the_application_are_announced() {
    let mut config = config("PUSH");
    config.metadata = vec![("X-hello".into(), b"world".to_vec())];
    let (mut a, mut b) = (End::new(config), End::new(super::pair::config("PULL")));
    talk(&mut a, &mut b, (7, 5)).unwrap();
    let hello = ("X-hello".to_owned(), b"world".to_vec());
    assert!(b.peer().properties.contains(&hello));
    assert!(!a.peer().properties.contains(&hello));
}

/// Whatever the pieces, the same comes out.
#[test]
fn a_conversation_does_not_depend_on_how_octets_are_cut() {
    let large: Vec<u8> = (0..70_000_u32).map(|i| i as u8).collect();
    let bodies: [(&[u8], u8); 7] = [
        (b"", flag::MORE),
        (b"x", flag::MORE),
        (&large[..255], 0),
        (&large[..256], flag::MORE),
        (&large[..8193], flag::MORE),
        (&large, 0),
        (b"last", 0),
    ];
    for size in [1, 2, 3, 5, 9, 10, 11, 12, 63, 64, 65, 1000, 4096, 1 << 20] {
        for other in [1, 64, 1 << 20] {
            for direct in [true, false] {
                let (mut a, mut b) = (End::new(me("DEALER")), End::new(config("ROUTER")));
                (a.direct, b.direct) = (direct, direct);
                talk(&mut a, &mut b, (size, other)).unwrap();
                assert_eq!(b.peer().routing_id, b"me");
                assert_eq!(a.peer().socket_type, "ROUTER");
                b.parts();
                for (body, flags) in bodies {
                    a.zmtp.encode(part(body, flags), &mut a.out);
                }
                talk(&mut a, &mut b, (size, other)).unwrap();
                let parts = b.parts();
                assert_eq!(parts.len(), bodies.len());
                for ((body, flags), seen) in bodies.iter().zip(parts) {
                    assert!(seen == (body.to_vec(), *flags), "{size} {other} {direct}");
                }
            }
        }
    }
}

#[test]
fn messages_right_behind_the_handshake_are_not_lost() {
    let mut all = opening(1, "PUSH");
    all.extend(b"\x01\x01a\x00\x01b");
    for size in 1..=all.len() {
        let mut end = End::new(config("PULL"));
        end.feed_in(&all, size).unwrap();
        assert_eq!(end.seen.len(), 3);
        assert_eq!(end.peer().version, (3, 1));
        assert_eq!(end.parts(), [(b"a".to_vec(), 1), (b"b".to_vec(), 0)]);
    }
}

#[test]
fn minor_version_0_and_versions_to_come_are_understood() {
    for (major, minor, version) in [
        (3, 0, (3, 0)),
        (3, 1, (3, 1)),
        (3, 2, (3, 1)),
        (2, 0, (3, 1)),
        (9, 0, (3, 1)),
        (255, 255, (3, 1)),
    ] {
        let mut end = End::new(config("PULL"));
        let mut all = greeting(major, minor, b"NULL");
        all.extend(ready(&[property("Socket-Type", b"PUSH")]));
        end.feed_in(&all, 7).unwrap();
        assert_eq!(end.peer().version, version);
        let expected = ready(&[property("Socket-Type", b"PULL")]);
        let sent = end.out.drain();
        assert_eq!(sent[..64], [SIGNATURE.to_vec(), null_greeting()].concat());
        assert_eq!(sent[64..], expected);
    }
}

#[test]
fn zmtp_2_0() {
    for size in 1..=30 {
        let mut end = End::new(me("ROUTER"));
        assert_eq!(end.out.drain(), b"\xFF\0\0\0\0\0\0\0\x03\x7F");
        end.feed_in(&[SIGNATURE, b"\x01\x05"].concat(), size)
            .unwrap();
        assert_eq!(end.out.drain(), b"\x03\x06\x00\x02me");
        assert!(!end.zmtp.is_ready());
        end.feed_in(b"\x00\x02ab\x01\x00\x00\x01x", size).unwrap();
        assert_eq!(
            *end.peer(),
            Peer {
                version: (2, 0),
                socket_type: "DEALER".into(),
                routing_id: b"ab".to_vec(),
                properties: vec![],
            }
        );
        assert_eq!(end.parts(), [(b"".to_vec(), 1), (b"x".to_vec(), 0)]);
        end.zmtp.encode(part(&[b'r'; 300], 0), &mut end.out);
        let sent = end.out.drain();
        assert_eq!(sent[..9], *b"\x02\0\0\0\0\0\0\x01\x2C");
        assert_eq!(sent[9..], [b'r'; 300]);
        // No commands in ZMTP 2.0, in neither direction.
        end.zmtp
            .encode(part(b"\x04PING\0\0", flag::COMMAND), &mut end.out);
        assert_eq!(end.out.drain(), b"");
        assert_eq!(
            end.feed_in(b"\x04\x05\x04PONG", size),
            Err(Failure::Protocol(ProtocolError::Unspecified))
        );
    }
}

#[test]
fn zmtp_2_0_of_a_type_that_does_not_fit() {
    for code in [0_u8, 1, 8, 10, 11, 255] {
        let mut end = End::new(config("ROUTER"));
        assert_eq!(
            end.feed(&[SIGNATURE, &[1, code]].concat()),
            Err(Failure::Protocol(ProtocolError::InvalidMetadata)),
            "{code}"
        );
        assert!(end.zmtp.during_handshake());
    }
}

#[test]
fn zmtp_1_0() {
    for size in 1..=20 {
        let mut end = End::new(me("DEALER"));
        assert_eq!(end.out.drain(), b"\xFF\0\0\0\0\0\0\0\x03\x7F");
        end.feed_in(b"\x03\x00ab", size).unwrap();
        assert_eq!(end.out.drain(), b"me");
        assert_eq!(end.peer().version, (1, 0));
        assert_eq!(end.peer().socket_type, "");
        assert_eq!(end.peer().routing_id, b"ab");
        end.feed_in(b"\x03\x01hi\x02\x00x\x01\x7E", size).unwrap();
        assert_eq!(
            end.parts(),
            [(b"hi".to_vec(), 1), (b"x".to_vec(), 0), (b"".to_vec(), 0)]
        );
        end.zmtp.encode(part(b"hi", flag::MORE), &mut end.out);
        end.zmtp.encode(part(&[b'y'; 253], 0), &mut end.out);
        end.zmtp.encode(part(&[b'z'; 254], 0), &mut end.out);
        let sent = end.out.drain();
        assert_eq!(sent[..6], *b"\x03\x01hi\xFE\x00");
        assert_eq!(sent[259..269], *b"\xFF\0\0\0\0\0\0\0\xFF\x00");
        assert_eq!(sent.len(), 269 + 254);
    }
}

#[test]
fn zmtp_1_0_with_a_long_head_in_front_of_its_routing_id() {
    let mut end = End::new(config("DEALER"));
    end.feed_in(b"\xFF\0\0\0\0\0\0\0\x03\x00ab\x02\x00x", 4)
        .unwrap();
    assert_eq!(end.peer().routing_id, b"ab");
    assert_eq!(end.parts(), [(b"x".to_vec(), 0)]);
}

#[test]
fn zmtp_1_0_with_a_signature() {
    let mut end = End::new(me("DEALER"));
    end.out.drain();
    end.feed_in(&[SIGNATURE, b"\x00\x06"].concat(), 3).unwrap();
    assert_eq!(end.out.drain(), b"\x03\x05\x03\x00me");
    end.feed_in(b"\x03\x00ab\x02\x00x", 3).unwrap();
    assert_eq!(end.peer().version, (1, 0));
    assert_eq!(end.peer().routing_id, b"ab");
    end.zmtp.encode(part(b"hi", 0), &mut end.out);
    assert_eq!(end.out.drain(), b"\x03\x00hi");
}

#[test]
fn large_bodies_of_zmtp_1_0() {
    let body: Vec<u8> = (0..100_000_u32).map(|i| (i / 7) as u8).collect();
    for size in [1, 10, 4096, 1 << 20] {
        let mut end = End::new(config("PULL"));
        let head = 100_001_u64.to_be_bytes();
        let all = [
            b"\x01\x00",
            b"\xFF" as &[u8],
            &head,
            b"\x01",
            &body,
            b"\x01\x00",
        ]
        .concat();
        end.feed_in(&all, size).unwrap();
        assert!(end.parts() == [(body.clone(), 1), (vec![], 0)]);
    }
}

#[test]
fn old_versions_are_refused_where_security_is_in_force() {
    for greeting in [
        b"\x01\x00" as &[u8],
        b"\x03\x00ab\x08\x00sneaky\0",
        b"\xFF\0\0\0\0\0\0\0\x01\x00",
        &[SIGNATURE, b"\x01\x08\0\0\0\x06sneaky"].concat(),
        &[SIGNATURE, b"\x00\x08\x01\0\x07\0sneaky"].concat(),
    ] {
        for size in [1, 100] {
            let mut config = config("PULL");
            config.legacy_allowed = false;
            let mut end = End::new(config);
            assert_eq!(
                end.feed_in(greeting, size),
                Err(Failure::Protocol(ProtocolError::MechanismMismatch))
            );
            assert!(end.seen.is_empty());
        }
    }
}

#[test]
fn raw_delivers_everything() {
    let mut raw = Raw::new();
    let (mut input, mut out) = (RecvBuffer::new(4096), SendBuffer::new());
    assert!(!raw.is_ready());
    let ready = raw.decode(&mut input, &mut out, *START).unwrap();
    assert!(matches!(ready, Some(Event::Ready(peer)) if peer == Peer::default()));
    assert!(raw.is_ready());
    assert!(raw.decode(&mut input, &mut out, *START).unwrap().is_none());
    for body in [b"GET / HTTP/1.0\r\n\r\n" as &[u8], &[7; 5000]] {
        input.append(body).unwrap();
        match raw.decode(&mut input, &mut out, *START).unwrap() {
            Some(Event::Message(msg)) => assert!(msg.data() == body && msg.flags() == 0),
            other => panic!("{other:?}"),
        }
        assert!(raw.decode(&mut input, &mut out, *START).unwrap().is_none());
    }
    raw.encode(part(b"HTTP/1.0 200 OK", flag::MORE), &mut out);
    assert_eq!(out.drain(), b"HTTP/1.0 200 OK");
    assert_eq!(raw.deadline(), None);
}
