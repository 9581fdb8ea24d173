//! What peers do wrong, and what they are told.

use super::*;
use crate::msg::flag;
use crate::proto::tests::pair::config;
use crate::proto::{Config, ProtocolError};

const VIOLATION: Failure = Failure::Protocol(ProtocolError::WsUnspecified);

/// The close code that an end said last.
fn complaint(end: &mut End) -> u16 {
    match frames(&end.out.drain()).last() {
        Some((0x88, code, false)) => u16::from_be_bytes(*code.first_chunk().unwrap()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_violation_ends_it_with_its_code() {
    let cases: [(&str, Vec<u8>, u16); 14] = [
        ("not masked", frame_with(0x82, b"\x00x", None), 1002),
        ("text", masked(0x81, b"\x00x"), 1003),
        ("text in pieces", masked(0x01, b"\x00x"), 1003),
        ("nothing", masked(0x82, b""), 1002),
        (
            "nothing in pieces",
            [masked(0x02, b""), masked(0x80, b"")].concat(),
            1002,
        ),
        ("flags 3", masked(0x82, b"\x03x"), 1002),
        ("flags 4", masked(0x82, b"\x04x"), 1002),
        (
            "flags in pieces",
            [masked(0x02, b"\xff"), masked(0x80, b"")].concat(),
            1002,
        ),
        ("a rest of nothing", masked(0x80, b"\x00x"), 1002),
        (
            "two at once",
            [masked(0x02, b"\x00x"), masked(0x82, b"\x00x")].concat(),
            1002,
        ),
        ("reserved bits", masked(0xC2, b"\x00x"), 1002),
        ("opcode 3", masked(0x83, b"\x00x"), 1002),
        ("half a code", masked(0x88, b"\x03"), 1002),
        ("a ping in pieces", masked(0x09, b""), 1002),
    ];
    for (what, wire, code) in cases {
        for size in [1, 1000] {
            let mut end = End::open(config("ROUTER"), "DEALER");
            end.feed(&masked(0x82, b"\x00before")).unwrap();
            let result = wire.chunks(size).try_for_each(|piece| end.feed(piece));
            assert_eq!(result, Err(VIOLATION), "{what}");
            assert_eq!(complaint(&mut end), code, "{what}");
            assert_eq!(end.parts(), [(b"before".as_slice(), 0)], "{what}");
            // It is final, and said once.
            assert_eq!(end.decode(), Err(VIOLATION), "{what}");
            assert!(end.out.is_empty(), "{what}");
        }
    }
}

#[test]
fn a_server_does_not_mask() {
    let mut client = End::client(config("DEALER"));
    let request = client.out.drain();
    let mut server = End::new(config("ROUTER"), &Side::Server);
    server.feed(&request).unwrap();
    client.feed(&server.out.drain()).unwrap();
    assert!(client.ws.is_ready());
    client.out.drain();
    assert_eq!(client.feed(&masked(0x82, b"\x00x")), Err(VIOLATION));
    assert_eq!(
        frames(&client.out.drain()),
        [(0x88, b"\x03\xea".to_vec(), true)]
    );
}

#[test]
fn what_is_too_large_is_not_waited_for() {
    let limited = Config {
        max_msg_size: Some(1000),
        ..config("ROUTER")
    };
    // Exactly at the limit, in one frame and in two.
    let mut end = End::open(limited.clone(), "DEALER");
    let body = [7; 1000];
    let whole = [b"\x00", body.as_slice()].concat();
    end.feed(&masked(0x82, &whole)).unwrap();
    end.feed(&masked(0x02, &whole[..500])).unwrap();
    end.feed(&masked(0x80, &whole[500..])).unwrap();
    assert_eq!(end.parts(), [(body.as_slice(), 0); 2]);

    let one_more = [whole.as_slice(), b"x"].concat();
    for wire in [
        masked(0x82, &one_more),
        [masked(0x02, &one_more[..1]), masked(0x80, &one_more[1..])].concat(),
        // Announced, and never sent.
        b"\x82\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\0\0\0\0".to_vec(),
        b"\x02\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\0\0\0".to_vec(),
    ] {
        let mut end = End::open(limited.clone(), "DEALER");
        assert_eq!(end.feed(&wire), Err(Failure::TooLarge));
        assert_eq!(complaint(&mut end), 1009);
    }
    // Without a limit the announcement costs nothing.
    for wire in [
        b"\x82\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\0\0\0\0xyz",
        b"\x02\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\0\0\0\0xyz",
    ] {
        let mut end = End::open(config("ROUTER"), "DEALER");
        end.feed(wire).unwrap();
        assert!(end.seen.is_empty());
    }
}

#[test]
fn nobody_gathers_much_before_the_handshake_is_over() {
    let piece = vec![2; 40_000];
    let mut end = End::upgraded(config("ROUTER"), "ZWS2.0/NULL");
    end.feed(&masked(0x02, &piece)).unwrap();
    assert_eq!(end.feed(&masked(0x00, &piece)), Err(Failure::TooLarge));

    let mut end = End::upgraded(config("ROUTER"), "ZWS2.0/NULL");
    let result = end.feed(&masked(0x82, &[2; 70_000]));
    assert!(matches!(result, Err(Failure::Protocol(_))), "{result:?}");
}

#[test]
fn a_command_that_means_nothing_is_ignored_and_a_bad_handshake_is_not() {
    let mut end = End::open(config("ROUTER"), "DEALER");
    end.feed(&masked(0x82, b"\x02\x03FOObar")).unwrap();
    end.feed(&masked(0x82, b"\x00after")).unwrap();
    assert_eq!(end.parts(), [(b"after".as_slice(), 0)]);

    let mut end = End::upgraded(config("ROUTER"), "ZWS2.0/NULL");
    let result = end.feed(&masked(0x82, b"\x02\x05READX"));
    let unexpected = Failure::Protocol(ProtocolError::UnexpectedCommand);
    assert_eq!(result, Err(unexpected));
    assert!(end.ws.during_handshake());
    assert_eq!(complaint(&mut end), 1002);
}

#[test]
fn a_peer_that_only_pings_is_not_answered_for_ever() {
    let mut end = End::open(config("ROUTER"), "DEALER");
    let pings = masked(0x89, &[0; 125]).repeat(1000);
    end.feed(&pings).unwrap();
    assert!(end.out.len() < 70_000, "{} octets wait", end.out.len());
}

#[test]
fn nonsense_instead_of_a_request_is_told_apart_at_once() {
    for (wire, expected) in [
        (b"\x16\x03\x01\x02\x00\x01\n".as_slice(), "HTTP/1.1 400 "),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 426 "),
        (b"\xff\0\0\0\0\0\0\0\x01\x7f\n", "HTTP/1.1 400 "),
        (&[b'x'; 9000], "HTTP/1.1 400 "),
    ] {
        for size in [1, 10_000] {
            let mut end = End::new(config("ROUTER"), &Side::Server);
            let result = wire.chunks(size).try_for_each(|piece| end.feed(piece));
            assert_eq!(result, Err(VIOLATION));
            assert!(end.ws.during_handshake());
            let answer = String::from_utf8(end.out.drain()).unwrap();
            assert!(answer.starts_with(expected), "{answer}");
        }
    }
    let mut end = End::client(config("DEALER"));
    assert_eq!(
        end.feed(b"HTTP/1.1 503 Not Now\r\n\r\n"),
        Err(Failure::NotUpgraded)
    );
}

#[test]
fn what_is_behind_the_request_is_not_lost() {
    let wire = [
        request("ZWS2.0/NULL").as_bytes(),
        &ready("DEALER"),
        &masked(0x82, b"\x01first"),
        &masked(0x82, b"\x00last"),
    ]
    .concat();
    let mut end = End::new(config("ROUTER"), &Side::Server);
    end.feed(&wire).unwrap();
    assert_eq!(
        end.parts(),
        [(b"first".as_slice(), flag::MORE), (b"last", 0)]
    );
}
