//! Each rule of RFC 6455, 5 at all of its values: first octets, masks, lengths, the order of pieces,
//! close codes. What is wrong is answered with the code for it, once, and ends the conversation.

use super::*;
use crate::proto::ProtocolError;
use crate::proto::tests::pair::config;

const MASK: Option<[u8; 4]> = Some([0x37, 0xFA, 0x21, 0x3D]);

/// A server, or a client, in the middle of a conversation.
fn open(is_server: bool) -> End {
    if is_server {
        return End::open(config("ROUTER"), "DEALER");
    }
    let mut client = End::client(config("DEALER"));
    let mut server = End::new(config("ROUTER"), &Side::Server);
    server.feed(&client.out.drain()).unwrap();
    client.feed(&server.out.drain()).unwrap();
    assert!(client.ws.is_ready());
    client.out.drain();
    client.seen.clear();
    client
}

/// What comes of a peer's octets.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// It is told this code, and left.
    Told(u16),
    /// It said goodbye, and is answered with the same.
    Closed,
    /// It is sent this frame: first octet and payload.
    Answered(u8, Vec<u8>),
    /// These messages came, and nothing is said.
    Heard(usize),
}
use Outcome::{Answered, Closed, Heard, Told};

/// Octets are handed in whole and one by one.
fn outcome(is_server: bool, wire: &[u8]) -> Outcome {
    let mut outcomes = [1, 100_000].map(|size| {
        let mut end = open(is_server);
        let result = wire.chunks(size).try_for_each(|piece| end.feed(piece));
        let mut said = frames(&end.out.drain());
        assert!(said.len() <= 1, "{said:?}");
        let said = said.pop();
        if let Some((_, _, masked)) = &said {
            assert_eq!(*masked, !is_server);
        }
        match (result, said) {
            (Err(Failure::Closed), Some((0x88, code, _))) => {
                assert!(wire.windows(2).any(|two| two[0] == 0x88) && code.len() != 1);
                Closed
            }
            (Err(failure), Some((0x88, code, _))) => {
                let violation = Failure::Protocol(ProtocolError::WsUnspecified);
                assert!([violation, Failure::TooLarge].contains(&failure));
                // It is final.
                assert_eq!(end.decode(), Err(failure));
                Told(u16::from_be_bytes(code.try_into().unwrap()))
            }
            (Ok(()), Some((first, payload, _))) => Answered(first, payload),
            (Ok(()), None) => Heard(end.parts().len()),
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(outcomes[0], outcomes[1], "it depends on the pieces");
    std::mem::replace(&mut outcomes[0], Heard(0))
}

#[test]
fn every_first_octet_is_judged() {
    for is_server in [true, false] {
        for masks in [true, false] {
            for first in 0..=255_u8 {
                let payload: &[u8] = if first == 0x88 { b"\x03\xe8" } else { b"\x00x" };
                let wire = frame_with(first, payload, MASK.filter(|_| masks));
                let (fin, reserved, opcode) = (first & 0x80 != 0, first & 0x70, first & 0x0F);
                let expected = match (opcode, fin) {
                    _ if reserved != 0 || masks != is_server => Told(1002),
                    (1, _) => Told(1003),
                    (2, _) => Heard(usize::from(fin)),
                    (8, true) => Closed,
                    (9, true) => Answered(0x8A, payload.to_vec()),
                    (10, true) => Heard(0),
                    // A rest of nothing, pieces of what has none, and what nobody defined.
                    _ => Told(1002),
                };
                let what = format!("{first:#04x}, server: {is_server}, masks: {masks}");
                assert_eq!(outcome(is_server, &wire), expected, "{what}");
            }
        }
    }
}

/// A head with a length in one of the long forms, then a mask or none, then some octets.
fn long(first: u8, form: u8, len: u64, masks: bool) -> Vec<u8> {
    let len = len.to_be_bytes();
    let len = if form == 126 { &len[6..] } else { &len[..] };
    let mask: &[u8] = if masks { &[0; 4] } else { &[] };
    let form = form | if masks { 0x80 } else { 0 };
    [&[first, form], len, mask, b"\x00xyz"].concat()
}

#[test]
fn lengths_are_positive_and_those_of_control_frames_short() {
    for is_server in [true, false] {
        for len in [1 << 63, (1 << 63) | 1, u64::MAX, u64::MAX - 13] {
            for first in [0x82, 0x02, 0x81, 0x80, 0x89] {
                let wire = long(first, 127, len, is_server);
                assert_eq!(
                    outcome(is_server, &wire),
                    Told(1002),
                    "{first:#04x} {len:#x}"
                );
            }
        }
        for first in [0x88, 0x89, 0x8A] {
            for (form, len) in [(126, 0), (126, 4), (126, 126), (126, 65_535), (127, 4)] {
                let wire = long(first, form, len, is_server);
                assert_eq!(outcome(is_server, &wire), Told(1002), "{first:#04x} {len}");
            }
        }
        // As long as a control frame may be.
        let mask = MASK.filter(|_| is_server);
        let ping = frame_with(0x89, &[7; 125], mask);
        assert_eq!(outcome(is_server, &ping), Answered(0x8A, vec![7; 125]));
        let pong = frame_with(0x8A, &[7; 125], mask);
        assert_eq!(outcome(is_server, &pong), Heard(0));
        let goodbye = frame_with(0x88, &[&b"\x03\xe8"[..], &[b'x'; 123]].concat(), mask);
        assert_eq!(outcome(is_server, &goodbye), Closed);
        // More octets than the length needs.
        for form in [126, 127] {
            let wire = long(0x82, form, 4, is_server);
            assert_eq!(outcome(is_server, &wire), Heard(1));
        }
    }
}

#[test]
fn pieces_come_in_order() {
    for is_server in [true, false] {
        let mask = MASK.filter(|_| is_server);
        let first = frame_with(0x02, b"\x00a", mask);
        let middle = frame_with(0x00, b"b", mask);
        let last = frame_with(0x80, b"c", mask);
        let whole = frame_with(0x82, b"\x00d", mask);
        let text = frame_with(0x01, b"\x00e", mask);
        let ping = frame_with(0x89, b"?", mask);
        let close = frame_with(0x88, b"\x03\xe8", mask);
        for (wire, expected) in [
            (vec![&first, &last], Heard(1)),
            (vec![&first, &middle, &middle, &last, &whole], Heard(2)),
            (
                vec![&first, &ping, &middle, &last],
                Answered(0x8A, b"?".to_vec()),
            ),
            (vec![&first, &middle], Heard(0)),
            (vec![&middle], Told(1002)),
            (vec![&last], Told(1002)),
            (vec![&whole, &last], Told(1002)),
            (vec![&first, &last, &last], Told(1002)),
            (vec![&first, &first], Told(1002)),
            (vec![&first, &whole], Told(1002)),
            (vec![&first, &middle, &first], Told(1002)),
            (vec![&first, &text], Told(1003)),
            (vec![&first, &close], Closed),
            (vec![&first, &middle, &close, &last], Closed),
        ] {
            let wire: Vec<u8> = wire.into_iter().flatten().copied().collect();
            assert_eq!(outcome(is_server, &wire), expected, "{wire:?}");
        }
        // What was begun when the peer left is no message.
        let mut end = open(is_server);
        let wire = [&whole[..], &first, &middle, &close].concat();
        assert_eq!(end.feed(&wire), Err(Failure::Closed));
        assert_eq!(end.parts(), [(b"d".as_slice(), 0)]);
    }
}

#[test]
fn close_codes_are_those_that_may_be_sent() {
    // RFC 6455, 7.4; 1012 to 1014 were registered later.
    let may_be = |code| matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
    for code in (0..1100_u16).chain([1999, 2000, 2999, 3000, 3999, 4000, 4999, 5000, 65_535]) {
        for reason in [&b""[..], b"because"] {
            let wire = masked(0x88, &[&code.to_be_bytes(), reason].concat());
            let mut end = open(true);
            let result = end.feed(&wire);
            let answer = frames(&end.out.drain());
            let expected = if may_be(code) { code } else { 1002 };
            assert_eq!(answer, [(0x88, expected.to_be_bytes().to_vec(), false)]);
            assert_eq!(result == Err(Failure::Closed), may_be(code), "{code}");
        }
    }
    assert_eq!(outcome(true, &masked(0x88, b"")), Closed);
    assert_eq!(outcome(true, &masked(0x88, b"\x03")), Told(1002));
}
