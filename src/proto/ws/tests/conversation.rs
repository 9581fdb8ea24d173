//! Two ends that talk, and an end against a script.

use std::time::Duration;

use super::*;
use crate::msg::flag;
use crate::proto::mechanism::curve::{ClientKeys, SecretKey};
use crate::proto::tests::pair::config;
use crate::proto::{Heartbeat, Login, Mechanism, Peer, Timeout};

/// Passes octets between two ends, in pieces of this size, until both are silent.
fn converse(a: &mut End, b: &mut End, size: usize) -> Result<(), Failure> {
    loop {
        let (there, back) = (a.out.drain(), b.out.drain());
        if there.is_empty() && back.is_empty() {
            return Ok(());
        }
        for piece in there.chunks(size) {
            b.feed(piece)?;
        }
        for piece in back.chunks(size) {
            a.feed(piece)?;
        }
    }
}

/// A client's and a server's configuration for each mechanism.
fn mechanisms() -> Vec<(Config, Config)> {
    let (client_key, server_key) = (SecretKey::random().unwrap(), SecretKey::random().unwrap());
    let mut secured = vec![(Mechanism::Null, Mechanism::Null)];
    secured.push((
        Mechanism::PlainClient(Login {
            username: b"me".to_vec(),
            password: b"secret".to_vec(),
        }),
        Mechanism::PlainServer,
    ));
    secured.push((
        Mechanism::CurveClient(ClientKeys {
            public: client_key.public(),
            secret: client_key,
            server: server_key.public(),
        }),
        Mechanism::CurveServer(server_key),
    ));
    secured
        .into_iter()
        .map(|(client, server)| {
            let asks = !matches!(server, Mechanism::Null);
            let with = |mechanism, kind| Config {
                mechanism,
                legacy_allowed: false,
                routing_id: b"id".to_vec(),
                ..config(kind)
            };
            (
                with(client, "DEALER"),
                Config {
                    asks,
                    ..with(server, "ROUTER")
                },
            )
        })
        .collect()
}

#[test]
fn every_mechanism_carries_every_size_however_it_is_cut() {
    let sizes = [
        0, 1, 48, 125, 126, 255, 256, 4095, 4096, 8192, 8193, 65535, 200_000,
    ];
    for (client, server) in mechanisms() {
        for size in [1, 7, 1000, 9000, usize::MAX] {
            for direct in [true, false] {
                let mut client = End::client(client.clone());
                let mut server = End::new(server.clone(), &Side::Server);
                (client.direct, server.direct) = (direct, direct);
                assert!(client.ws.during_handshake() && !client.ws.is_ready());
                converse(&mut client, &mut server, size).unwrap();
                for (end, kind) in [(&client, "ROUTER"), (&server, "DEALER")] {
                    match end.seen.last() {
                        Some(Seen::Ready(peer)) => {
                            assert_eq!((peer.version, &*peer.socket_type), ((3, 0), kind));
                            assert_eq!(peer.routing_id, b"id");
                        }
                        other => panic!("{other:?}"),
                    }
                }
                let most = if size < 100 { 9000 } else { usize::MAX };
                for body in sizes.iter().filter(|len| **len < most) {
                    let body: Vec<u8> = (0..*body).map(|i| (i * 7 + i / 256) as u8).collect();
                    for end in [&mut client, &mut server] {
                        end.seen.clear();
                        end.send(&body, flag::MORE);
                        end.send(b"end", 0);
                    }
                    converse(&mut client, &mut server, size).unwrap();
                    for end in [&client, &server] {
                        assert!(
                            end.parts() == [(body.as_slice(), flag::MORE), (b"end", 0)],
                            "{} octets in pieces of {size}",
                            body.len()
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn only_clients_mask_and_never_twice_the_same() {
    let mut client = End::client(config("DEALER"));
    let mut server = End::new(config("ROUTER"), &Side::Server);
    converse(&mut client, &mut server, 100).unwrap();
    let mut masks = Vec::new();
    for len in [5, 5, 5000, 5000] {
        client.send(&vec![0; len], 0);
        let wire = client.out.drain();
        masks.push(frame::header(&wire).unwrap().unwrap().mask.unwrap());
        assert_eq!(frames(&wire), [(0x82, vec![0; len + 1], true)]);
        server.send(&vec![0; len], 0);
        assert_eq!(
            frames(&server.out.drain()),
            [(0x82, vec![0; len + 1], false)]
        );
    }
    assert!((1..4).all(|i| masks[i] != masks[i - 1]), "{masks:?}");
}

#[test]
fn a_body_that_others_see_is_not_masked_in_place() {
    let mut client = End::client(config("DEALER"));
    let mut server = End::new(config("ROUTER"), &Side::Server);
    converse(&mut client, &mut server, 100).unwrap();
    let mut msg = part(&[9; 5000], 0);
    let other = msg.share();
    client.ws.encode(msg, &mut client.out);
    assert_eq!(other.data(), [9; 5000]);
    converse(&mut client, &mut server, usize::MAX).unwrap();
    assert_eq!(server.parts(), [([9; 5000].as_slice(), 0)]);
}

#[test]
fn without_a_mechanism_routing_ids_come_first() {
    let with_id = Config {
        routing_id: b"me".to_vec(),
        ..config("XPUB")
    };
    let mut end = End::new(with_id, &Side::Server);
    end.feed(request("ZWS2.0").as_bytes()).unwrap();
    let wire = end.out.drain();
    let start = wire
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap()
        + 4;
    assert_eq!(frames(&wire[start..]), [(0x82, b"\x00me".to_vec(), false)]);
    end.feed(&masked(0x82, b"\x00you")).unwrap();
    let peer = Peer {
        version: (2, 0),
        routing_id: b"you".to_vec(),
        ..Peer::default()
    };
    assert_eq!(end.seen, [Seen::Ready(peer)]);
    // A subscription is data; commands are not known.
    end.feed(&masked(0x82, b"\x00\x01topic")).unwrap();
    assert_eq!(end.parts(), [(b"\x01topic".as_slice(), 0)]);
    end.send(b"\x05whole", flag::COMMAND);
    assert!(end.out.is_empty());
    let failure = end.feed(&masked(0x82, b"\x02\x03FOO")).unwrap_err();
    assert!(matches!(failure, Failure::Protocol(_)), "{failure:?}");
}

#[test]
fn subscriptions_and_commands_take_their_form() {
    let mut client = End::client(config("SUB"));
    let mut server = End::new(config("XPUB"), &Side::Server);
    converse(&mut client, &mut server, 100).unwrap();
    client.send(b"\x01abc", flag::SUBSCRIBE);
    client.send(b"\x00abc", flag::CANCEL);
    let wire = client.out.drain();
    assert_eq!(
        frames(&wire),
        [
            (0x82, b"\x00\x01abc".to_vec(), true),
            (0x82, b"\x00\x00abc".to_vec(), true)
        ]
    );
    let mut dish = End::client(config("DISH"));
    let mut radio = End::new(config("RADIO"), &Side::Server);
    converse(&mut dish, &mut radio, 100).unwrap();
    dish.send(b"\x04JOINgroup", flag::COMMAND);
    converse(&mut dish, &mut radio, 3).unwrap();
    assert_eq!(
        radio.parts(),
        [(b"\x04JOINgroup".as_slice(), flag::COMMAND)]
    );
}

#[test]
fn pieces_of_a_message_are_put_together_around_control_frames() {
    let mut end = End::open(config("ROUTER"), "DEALER");
    let wire = [
        masked(0x02, b""),
        masked(0x89, b"in between"),
        masked(0x00, b"\x01he"),
        masked(0x8A, b"unasked for"),
        masked(0x00, b"ll"),
        masked(0x80, b"o"),
        masked(0x02, b"\x00wor"),
        masked(0x80, b"ld"),
        masked(0x82, b"\x00after"),
    ]
    .concat();
    for size in [1, 2, 5, 1000] {
        end.seen.clear();
        for piece in wire.chunks(size) {
            end.feed(piece).unwrap();
        }
        let expected: [(&[u8], u8); 3] = [(b"hello", flag::MORE), (b"world", 0), (b"after", 0)];
        assert_eq!(end.parts(), expected, "in pieces of {size}");
        let pong = (0x8A, b"in between".to_vec(), false);
        assert_eq!(frames(&end.out.drain()), [pong]);
    }
}

#[test]
fn a_peer_that_says_goodbye_gets_its_code_back() {
    let cases: [(&[u8], &[u8]); 3] = [
        (b"", b""),
        (b"\x03\xe8", b"\x03\xe8"),
        (b"\x03\xe9going away", b"\x03\xe9"),
    ];
    for (said, answered) in cases {
        let mut end = End::open(config("ROUTER"), "DEALER");
        let wire = [masked(0x82, b"\x00last"), masked(0x88, said)].concat();
        assert_eq!(end.feed(&wire), Err(Failure::Closed));
        assert_eq!(end.parts(), [(b"last".as_slice(), 0)]);
        let goodbye = [(0x88, answered.to_vec(), false)];
        assert_eq!(frames(&end.out.drain()), goodbye);
        // And that was it.
        end.send(b"too late", 0);
        assert_eq!(end.decode(), Err(Failure::Closed));
        assert!(end.out.is_empty() && !end.ws.is_ready());
        assert_eq!(end.ws.deadline(), None);
    }
    let mut end = End::open(config("ROUTER"), "DEALER");
    end.ws.goodbye(&mut end.out);
    end.ws.goodbye(&mut end.out);
    let goodbye = [(0x88, b"\x03\xe8".to_vec(), false)];
    assert_eq!(frames(&end.out.drain()), goodbye);
}

#[test]
fn heartbeats_are_pings() {
    let beating = Config {
        heartbeat: Heartbeat {
            interval: Some(Duration::from_secs(1)),
            ttl_deciseconds: 50,
            timeout: Duration::from_secs(3),
        },
        ..config("ROUTER")
    };
    let mut end = End::open(beating, "DEALER");
    let tick = |end: &mut End, milliseconds| {
        end.now = *START + Duration::from_millis(milliseconds);
        end.ws.handle_timeout(end.now, &mut end.out)
    };
    assert_eq!(end.ws.deadline(), Some(*START + Duration::from_secs(1)));
    assert_eq!(tick(&mut end, 999), Ok(()));
    assert!(end.out.is_empty());
    assert_eq!(tick(&mut end, 1000), Ok(()));
    assert_eq!(frames(&end.out.drain()), [(0x89, Vec::new(), false)]);
    // Anything is a sign of life, half a frame too.
    end.now = *START + Duration::from_millis(3900);
    end.feed(&masked(0x8A, b"")[..3]).unwrap();
    for at in [4000, 5000, 6000, 6900] {
        assert_eq!(tick(&mut end, at), Ok(()), "after {at} ms");
    }
    let silence = Err(Failure::Timeout(Timeout::Heartbeat));
    assert_eq!(tick(&mut end, 7001), silence);
    assert_eq!(tick(&mut end, 7001), silence);
}

#[test]
fn patience_covers_upgrade_and_handshake_together() {
    let impatient = Config {
        handshake_timeout: Some(Duration::from_secs(30)),
        ..config("ROUTER")
    };
    let end = *START + Duration::from_secs(30);
    let late = Err(Failure::Timeout(Timeout::Handshake));
    let mut fresh = End::new(impatient.clone(), &Side::Server);
    let mut upgraded = End::upgraded(impatient, "ZWS2.0/NULL");
    for one in [&mut fresh, &mut upgraded] {
        assert_eq!(one.ws.deadline(), Some(end));
        let early = end - Duration::from_millis(1);
        assert_eq!(one.ws.handle_timeout(early, &mut one.out), Ok(()));
        assert_eq!(one.ws.handle_timeout(end, &mut one.out), late);
        assert_eq!(one.ws.deadline(), None);
    }
}

#[test]
fn a_handler_may_refuse() {
    for (client, server) in mechanisms().into_iter().skip(1) {
        let mut client = End::client(client);
        let mut server = End::new(server, &Side::Server);
        server.verdict = Status::Authentication;
        let failure = converse(&mut client, &mut server, 50).unwrap_err();
        assert_eq!(failure, Failure::Auth(400));
        assert!(server.ws.is_denied() && !server.ws.is_ready());
    }
}
