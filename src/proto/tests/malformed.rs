//! Whatever a peer sends ends its connection at most.

use super::pair::*;
use crate::msg::{RecvBuffer, SendBuffer};
use crate::proto::frame::{DIRECT_FROM, FIRST_ALLOCATION};
use crate::proto::opening::MAX_COMMAND;
use crate::proto::{Failure, ProtocolError};

fn protocol(error: ProtocolError) -> Result<(), Failure> {
    Err(Failure::Protocol(error))
}

/// What becomes of a PULL socket whose peer says this after a fitting greeting.
fn after_greeting(octets: &[u8]) -> Result<(), Failure> {
    let all = [greeting(3, 1, b"NULL"), octets.to_vec()].concat();
    let mut results: Vec<_> = [1, 7, all.len()]
        .map(|size| {
            let mut end = End::new(config("PULL"));
            let result = end.feed_in(&all, size);
            assert_eq!(end.zmtp.is_ready(), !end.zmtp.during_handshake());
            result
        })
        .into();
    results.dedup();
    assert_eq!(results.len(), 1, "it depends on the pieces");
    results.remove(0)
}

/// What becomes of a PULL socket whose peer says this after a fitting handshake.
fn after_handshake(octets: &[u8]) -> Result<(), Failure> {
    let mut results: Vec<_> = [1, 2, 5, 100_000]
        .map(|size| End::open(config("PULL"), "PUSH").feed_in(octets, size))
        .into();
    results.dedup();
    assert_eq!(results.len(), 1, "it depends on the pieces");
    results.remove(0)
}

#[test]
fn a_mechanism_has_to_fit_in_all_its_octets() {
    for mechanism in [
        b"PLAIN" as &[u8],
        b"CURVE",
        b"",
        b"null",
        b"NULLL",
        b"NULL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0x",
    ] {
        let mut end = End::new(config("PULL"));
        assert_eq!(
            end.feed(&greeting(3, 1, mechanism)),
            protocol(ProtocolError::MechanismMismatch)
        );
        assert!(end.zmtp.during_handshake());
    }
    // What follows it is not looked at.
    let mut all = opening(1, "PUSH");
    all[32..64].fill(0xEE);
    End::new(config("PULL")).feed(&all).unwrap();
}

#[test]
fn the_handshake_knows_two_commands() {
    let unexpected = protocol(ProtocolError::UnexpectedCommand);
    assert_eq!(after_greeting(&short(4, b"\x05HELLO")), unexpected);
    assert_eq!(after_greeting(&short(4, b"\x05ready")), unexpected);
    assert_eq!(after_greeting(&short(4, b"\x04PING\0\0")), unexpected);
    assert_eq!(after_greeting(&short(4, b"\x09SUBSCRIBEx")), unexpected);
    let malformed = protocol(ProtocolError::MalformedCommandUnspecified);
    assert_eq!(after_greeting(&short(4, b"")), malformed);
    assert_eq!(after_greeting(&short(4, b"\0")), malformed);
    assert_eq!(after_greeting(&short(4, b"\x06READY")), malformed);
    assert_eq!(after_greeting(&short(4, b"\xFFREADY")), malformed);
    assert_eq!(
        after_greeting(&short(5, b"\x05READY")),
        protocol(ProtocolError::Unspecified)
    );
    assert_eq!(
        after_greeting(&short(1, b"\x05READY")),
        protocol(ProtocolError::Unspecified)
    );
}

#[test]
fn what_libzmq_lets_pass_is_let_pass() {
    // READY without Socket-Type, and READY without the flag of commands.
    assert_eq!(after_greeting(&short(4, b"\x05READY")), Ok(()));
    assert_eq!(after_greeting(&short(0, b"\x05READY")), Ok(()));
    // The long form for a short body.
    let mut end = End::open(config("PULL"), "PUSH");
    end.feed_in(b"\x02\0\0\0\0\0\0\0\x01z\x06\0\0\0\0\0\0\0\x04\x03FOO", 4)
        .unwrap();
    assert_eq!(end.parts(), [(b"z".to_vec(), 0)]);
}

#[test]
fn properties_have_to_add_up() {
    let invalid = protocol(ProtocolError::InvalidMetadata);
    let long = 0x8000_0000_u32.to_be_bytes();
    for metadata in [
        b"\x0B" as &[u8],
        b"\x0BSocket-Typ",
        b"\x0BSocket-Type",
        b"\x0BSocket-Type\0\0\0",
        b"\x0BSocket-Type\0\0\0\x04PUS",
        b"\x0BSocket-Type\xFF\xFF\xFF\xFFPUSH",
        &[b"\x0BSocket-Type", &long as &[u8], b"PUSH"].concat(),
        b"\0\0\0\0\0",
        &[property("Socket-Type", b"PUSH"), vec![0]].concat(),
        // Fine as such, but not for us.
        &property("Socket-Type", b"PULL"),
        &property("Socket-Type", b"push"),
        &property("socket-TYPE", b"PULL"),
        &property("Socket-Type", b""),
        &property("Socket-Type", b"PUSH\0"),
        &property("Identity", &[7; 256]),
    ] {
        let ready = [b"\x05READY", metadata].concat();
        let mut frame = vec![6];
        frame.extend((ready.len() as u64).to_be_bytes());
        frame.extend(ready);
        assert_eq!(
            after_greeting(&frame),
            invalid,
            "{}",
            metadata.escape_ascii()
        );
    }
    let odd = [
        property("SOCKET-type", b"PUSH"),
        property("X-\u{1F980} \0", b"\xFF\0"),
        property("identity", &[7; 255]),
        property("Identity", b"second"),
    ];
    let ready = [b"\x05READY".to_vec(), odd.concat()].concat();
    let mut frame = vec![6];
    frame.extend((ready.len() as u64).to_be_bytes());
    frame.extend(ready);
    let mut end = End::new(config("PULL"));
    end.feed(&[greeting(3, 0, b"NULL"), frame].concat())
        .unwrap();
    assert_eq!(end.peer().socket_type, "PUSH");
    assert_eq!(end.peer().routing_id, [7; 255]);
    assert_eq!(end.peer().properties.len(), 4);
}

#[test]
fn errors_of_a_peer_say_why() {
    for (body, failure) in [
        (b"\x05ERROR\x03300" as &[u8], Failure::Auth(300)),
        (b"\x05ERROR\x03400", Failure::Auth(400)),
        (b"\x05ERROR\x03500!", Failure::Auth(500)),
        (b"\x05ERROR\x03200", Failure::Refused(b"200".to_vec())),
        (b"\x05ERROR\x03404", Failure::Refused(b"404".to_vec())),
        (b"\x05ERROR\0", Failure::Refused(vec![])),
        (b"\x05ERROR\x04no %s", Failure::Refused(b"no %".to_vec())),
        (
            b"\x05ERROR",
            Failure::Protocol(ProtocolError::MalformedCommandError),
        ),
        (
            b"\x05ERROR\x03no",
            Failure::Protocol(ProtocolError::MalformedCommandError),
        ),
    ] {
        assert_eq!(after_greeting(&short(4, body)), Err(failure));
    }
}

#[test]
fn commands_that_mean_nothing_are_ignored_later_on() {
    let all = [
        short(4, b"\x05READY"),
        short(4, b"\x05ERROR\x03400"),
        short(4, b"\x04PONG"),
        short(4, b"\x04PONG0123456789abcdefXYZ"),
        short(4, b"\x07MESSAGE\0"),
        short(4, b"\x04ping"),
        short(0, b"x"),
    ]
    .concat();
    for size in 1..=all.len() {
        let mut end = End::open(config("PULL"), "PUSH");
        end.feed_in(&all, size).unwrap();
        assert_eq!(end.parts(), [(b"x".to_vec(), 0)]);
        assert_eq!(end.out.drain(), b"");
    }
}

#[test]
fn frames_have_to_be_frames() {
    for flags in 0..=255_u8 {
        let good = flags & 0xF8 == 0 && flags & 5 != 5;
        let len: &[u8] = if flags & 2 == 0 {
            b"\x05"
        } else {
            b"\0\0\0\0\0\0\0\x05"
        };
        let all = [&[flags], len, b"\x03FOOx"].concat();
        let expected = if good {
            Ok(())
        } else {
            protocol(ProtocolError::Unspecified)
        };
        assert_eq!(after_handshake(&all), expected, "{flags:#04x}");
    }
    let malformed = protocol(ProtocolError::MalformedCommandUnspecified);
    assert_eq!(after_handshake(b"\x04\x00"), malformed);
    assert_eq!(after_handshake(b"\x04\x01\x00"), malformed);
    assert_eq!(after_handshake(b"\x04\x04\x04FOO"), malformed);
    assert_eq!(
        after_handshake(b"\x04\x06\x05ERROR"),
        protocol(ProtocolError::MalformedCommandError)
    );
}

/// CVE-2019-6250 and its kin: a length is only a promise.
#[test]
fn impossible_lengths_cost_nothing() {
    let unspecified = protocol(ProtocolError::Unspecified);
    for (len, expected) in [
        (u64::MAX, unspecified.clone()),
        (u64::MAX - 8, unspecified.clone()),
        (1 << 63, unspecified.clone()),
        ((1 << 63) - 1, Ok(())),
        (1 << 62, Ok(())),
        (1 << 32, Ok(())),
        (FIRST_ALLOCATION as u64 + 1, Ok(())),
    ] {
        for flags in [2_u8, 3, 6] {
            let all = [&[flags] as &[u8], &len.to_be_bytes(), &[0; 50]].concat();
            for split in 0..=all.len() {
                let mut end = End::open(config("PULL"), "PUSH");
                let result = end
                    .feed(&all[..split])
                    .and_then(|()| end.feed(&all[split..]));
                assert_eq!(result, expected, "{len} {flags} {split}");
                assert!(
                    end.zmtp
                        .body_room()
                        .is_none_or(|room| room.len() <= FIRST_ALLOCATION)
                );
            }
        }
        // The same for a peer of ZMTP 1.0, where the flags count.
        let mut end = End::new(config("PULL"));
        end.feed(b"\x01\x00").unwrap();
        let all = [
            b"\xFF" as &[u8],
            &len.saturating_add(1).to_be_bytes(),
            &[0; 50],
        ]
        .concat();
        assert_eq!(end.feed_in(&all, 3), expected);
    }
    let mut end = End::new(config("PULL"));
    end.feed(b"\x01\x00").unwrap();
    assert_eq!(end.feed(b"\x00\x00"), unspecified);
    let mut end = End::new(config("PULL"));
    assert_eq!(end.feed(b"\x00\x00"), unspecified);
}

#[test]
fn the_room_of_a_body_grows_with_what_arrives() {
    let len = 3 * FIRST_ALLOCATION + 17;
    let body: Vec<u8> = (0..len).map(|i| ((i * 7) >> 3) as u8).collect();
    let head = [b"\x03" as &[u8], &(len as u64).to_be_bytes()].concat();
    let mut end = End::open(config("PULL"), "PUSH");
    end.feed(&head).unwrap();
    let mut sent = 0;
    let mut largest = 0;
    while sent < len {
        let room = end.zmtp.body_room().unwrap().len();
        assert!(room <= FIRST_ALLOCATION.max(sent), "{room} after {sent}");
        largest = largest.max(room);
        let count = (len - sent).min(1 << 20);
        end.feed(&body[sent..sent + count]).unwrap();
        sent += count;
    }
    assert!(largest >= FIRST_ALLOCATION);
    assert!(end.parts() == [(body, 1)]);
    assert!(end.zmtp.body_room().is_none());
}

#[test]
fn a_room_takes_no_octet_beyond_its_body() {
    let len = DIRECT_FROM + 1;
    let mut end = End::open(config("PULL"), "PUSH");
    end.feed(&[b"\x02" as &[u8], &(len as u64).to_be_bytes()].concat())
        .unwrap();
    let mut room = end.zmtp.body_room().unwrap();
    assert_eq!(room.len(), len);
    assert_eq!(room.put(&vec![0; len + 1]), len);
    assert_eq!(end.zmtp.body_filled(usize::MAX).len(), len);
    assert!(end.zmtp.body_room().is_none());
    end.feed(b"\x00\x01x").unwrap();
    assert_eq!(end.parts(), [(vec![0; len], 0), (b"x".to_vec(), 0)]);
}

#[test]
fn the_largest_size_is_a_limit_for_messages() {
    for max in [0_u64, 1, 10, 255, 256, 9000] {
        let mut limited = config("XPUB");
        limited.max_msg_size = Some(max);
        let frame = |flags: u8, len: u64| {
            let body = vec![0xAA; usize::try_from(len).unwrap()];
            [&[flags | 2] as &[u8], &len.to_be_bytes(), &body].concat()
        };
        let mut end = End::open(limited.clone(), "XSUB");
        end.feed_in(&frame(0, max), 100).unwrap();
        // Neither heartbeats nor topics suffer from it.
        end.feed(b"\x04\x17\x04PING\0\x000123456789abcdef").unwrap();
        let topic = vec![b't'; usize::try_from(max).unwrap()];
        let subscribe = [b"\x09SUBSCRIBE", topic.as_slice()].concat();
        let head = [b"\x06" as &[u8], &(subscribe.len() as u64).to_be_bytes()].concat();
        end.feed(&[head, subscribe].concat()).unwrap();
        assert_eq!(end.parts().len(), 2);
        for flags in [0, 1] {
            let mut end = End::open(limited.clone(), "XSUB");
            assert_eq!(
                end.feed(&frame(flags, max + 1)[..9]),
                Err(Failure::TooLarge)
            );
            assert_eq!(end.feed(b"\0\0"), Err(Failure::TooLarge));
        }
        if max < 255 {
            let mut end = End::open(limited.clone(), "XSUB");
            let len = u8::try_from(max).unwrap() + 1;
            assert_eq!(end.feed(&[0, len]), Err(Failure::TooLarge));
        }
        let mut end = End::open(limited, "XSUB");
        assert_eq!(
            end.feed(&frame(4, max.max(245) + 11)[..9]),
            Err(Failure::TooLarge)
        );
    }
}

#[test]
fn handshake_commands_are_limited() {
    for len in [MAX_COMMAND as u64 + 1, 1 << 32, (1 << 63) - 1] {
        let head = [b"\x06" as &[u8], &len.to_be_bytes()].concat();
        assert_eq!(
            after_greeting(&head),
            protocol(ProtocolError::MalformedCommandUnspecified)
        );
    }
    let mut config = config("PULL");
    // A limit for messages is none for the handshake.
    config.max_msg_size = Some(0);
    let mut end = End::new(config);
    let value = vec![b'x'; MAX_COMMAND - 6 - 8];
    let ready = [b"\x05READY".to_vec(), property("X-a", &value)].concat();
    assert_eq!(ready.len(), MAX_COMMAND);
    let head = [b"\x06" as &[u8], &(ready.len() as u64).to_be_bytes()].concat();
    end.feed_in(&[greeting(3, 1, b"NULL"), head, ready].concat(), 1000)
        .unwrap();
    assert_eq!(end.peer().properties[0].1, value);
    // Nor may a routing id be longer than one.
    for opening in [
        [SIGNATURE, b"\x01\x08\x02\0\0\0\0\0\0\x01\0"].concat(),
        b"\xFF\0\0\0\0\0\0\x01\x01\x00".to_vec(),
    ] {
        let mut end = End::new(super::pair::config("PULL"));
        assert_eq!(end.feed(&opening), protocol(ProtocolError::InvalidMetadata));
    }
}

#[test]
fn a_failure_is_final() {
    let mut end = End::open(config("PULL"), "PUSH");
    let failure = end.feed(b"\x80\0").unwrap_err();
    assert!(!end.zmtp.is_ready() && !end.zmtp.during_handshake());
    let (mut input, mut out) = (RecvBuffer::new(4096), SendBuffer::new());
    assert_eq!(
        end.zmtp.decode(&mut input, &mut out, *START).err(),
        Some(failure.clone())
    );
    assert_eq!(
        end.zmtp.handle_timeout(*START, &mut out).err(),
        Some(failure)
    );
    assert_eq!(end.zmtp.deadline(), None);
    assert!(end.zmtp.body_room().is_none());
}

#[test]
fn numbers_are_those_of_the_header() {
    assert_eq!(ProtocolError::Unspecified.number(), 268_435_456);
    assert_eq!(
        ProtocolError::MalformedCommandUnspecified.number(),
        268_435_473
    );
    assert_eq!(ProtocolError::MalformedCommandReady.number(), 268_435_478);
    assert_eq!(ProtocolError::InvalidMetadata.number(), 268_435_480);
    assert_eq!(ProtocolError::Cryptographic.number(), 285_212_673);
    assert_eq!(ProtocolError::MechanismMismatch.number(), 285_212_674);
    assert_eq!(ProtocolError::ZapInvalidMetadata.number(), 536_870_917);
    assert_eq!(ProtocolError::WsUnspecified.number(), 805_306_368);
}
