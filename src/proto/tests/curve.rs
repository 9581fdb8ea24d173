//! CURVE between two ends in memory: what passes, and all that must not.

use std::time::Duration;

use super::pair::*;
use crate::msg::{Msg, flag};
use crate::proto::curve::{ClientKeys, SecretKey};
use crate::proto::zap::{Credentials, Status};
use crate::proto::{Config, Failure, Heartbeat, Mechanism, ProtocolError};

fn client_secret() -> SecretKey {
    SecretKey::new([7; 32])
}

fn server_secret() -> SecretKey {
    SecretKey::new([8; 32])
}

fn keys() -> ClientKeys {
    ClientKeys {
        secret: client_secret(),
        public: client_secret().public(),
        server: server_secret().public(),
    }
}

fn with(kind: &str, mechanism: Mechanism) -> Config {
    Config {
        mechanism,
        legacy_allowed: false,
        ..config(kind)
    }
}

fn client(kind: &str) -> Config {
    with(kind, Mechanism::CurveClient(keys()))
}

fn server(kind: &str) -> Config {
    with(kind, Mechanism::CurveServer(server_secret()))
}

fn protocol(error: ProtocolError) -> Result<(), Failure> {
    Err(Failure::Protocol(error))
}

/// Both ends after their handshake.
fn open(client: Config, server: Config) -> (End, End) {
    let (mut client, mut server) = (End::new(client), End::new(server));
    talk(&mut client, &mut server, (1000, 1000)).unwrap();
    assert!(client.zmtp.is_ready() && server.zmtp.is_ready());
    client.seen.clear();
    server.seen.clear();
    (client, server)
}

/// Whether `needle` is somewhere in there.
fn shows(octets: &[u8], needle: &[u8]) -> bool {
    octets.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn the_handshake_has_the_sizes_of_the_rfc_and_passes_in_all_pieces() {
    for sizes in [(1, 1), (3, 64), (65, 7), (1000, 1000)] {
        let mut config = client("DEALER");
        config.routing_id = b"me".to_vec();
        let (mut client, mut server) = (End::new(config), End::new(server("ROUTER")));
        talk(&mut client, &mut server, sizes).unwrap();
        assert_eq!(server.peer().routing_id, b"me");
        assert_eq!(server.peer().version, (3, 1));
        assert_eq!(client.peer().socket_type, "ROUTER");
    }
    let (mut client, mut server) = (End::new(client("DEALER")), End::new(server("ROUTER")));
    let mut sizes = Vec::new();
    for _ in 0..7 {
        let (to_server, to_client) = (client.out.drain(), server.out.drain());
        sizes.push((to_server.len(), to_client.len()));
        server.feed(&to_server).unwrap();
        client.feed(&to_client).unwrap();
    }
    // The greeting in three pieces, a HELLO of 200, a WELCOME of 168, an INITIATE
    // of 257 + 35, and a READY of 30 + 35 octets.
    assert_eq!(
        sizes,
        [
            (10, 10),
            (1, 1),
            (53, 53),
            (202, 0),
            (0, 170),
            (9 + 292, 0),
            (0, 2 + 65)
        ]
    );
}

#[test]
fn messages_of_all_sizes_pass_both_ways_and_none_can_be_read() {
    let mut sizes: Vec<usize> = (0..70).collect();
    for edge in [222, 255, 256, 4063, 4096, 8192, 65_536, 131_072, 1 << 20] {
        sizes.extend([edge - 1, edge, edge + 1]);
    }
    for direct in [true, false] {
        let (mut client, mut server) = open(client("DEALER"), server("DEALER"));
        server.direct = direct;
        client.direct = direct;
        for (number, &size) in sizes.iter().enumerate() {
            let body: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            let more = if number % 3 == 2 { 0 } else { flag::MORE };
            for (from, to) in [(0, 1), (1, 0)] {
                let ends = [&mut client, &mut server];
                let [a, b] = ends;
                let (from, to) = if from < to { (a, b) } else { (b, a) };
                from.zmtp.encode(part(&body, more), &mut from.out);
                let said = from.out.drain();
                assert_eq!(said.len(), size + 33 + if size + 33 < 256 { 2 } else { 9 });
                if size > 8 {
                    assert!(
                        !shows(&said, &body[..8.min(size)]),
                        "{size} octets in clear"
                    );
                }
                to.feed_in(&said, if size < 300 { 7 } else { 50_000 })
                    .unwrap();
                assert_eq!(to.parts(), [(body.clone(), more)]);
            }
        }
    }
}

#[test]
fn what_others_see_too_is_not_changed() {
    let (mut client, mut server) = open(client("DEALER"), server("DEALER"));
    for size in [10, 100, 5000] {
        let mut own = Msg::from_slice(&vec![b'x'; size]).unwrap();
        let copies: Vec<Msg> = own.share_many(2).collect();
        for copy in copies {
            client.zmtp.encode(copy, &mut client.out);
        }
        server.feed(&client.out.drain()).unwrap();
        assert_eq!(
            server.parts(),
            [(vec![b'x'; size], 0), (vec![b'x'; size], 0)]
        );
        assert_eq!(own.data(), vec![b'x'; size]);
    }
}

#[test]
fn subscriptions_are_commands_for_new_peers_and_data_for_old_ones() {
    for minor in [0, 1] {
        let (mut sub, mut publisher) = (End::new(client("SUB")), End::new(server("XPUB")));
        // Both say 3.1: their 12th octet is changed on the way.
        let mut passed = [0; 2];
        loop {
            let said = [sub.out.drain(), publisher.out.drain()];
            if said.iter().all(Vec::is_empty) {
                break;
            }
            for (way, mut octets) in said.into_iter().enumerate() {
                if let Some(octet) = 11_usize
                    .checked_sub(passed[way])
                    .and_then(|at| octets.get_mut(at))
                {
                    *octet = minor;
                }
                passed[way] += octets.len();
                let to = if way == 0 { &mut publisher } else { &mut sub };
                to.feed(&octets).unwrap();
            }
        }
        assert_eq!(sub.peer().version, (3, minor));
        publisher.seen.clear();
        for (octets, mark) in [
            (&b"\x01topic"[..], flag::SUBSCRIBE),
            (b"\x00topic", flag::CANCEL),
        ] {
            sub.zmtp.encode(part(octets, mark), &mut sub.out);
            let said = sub.out.drain();
            let name = if mark == flag::SUBSCRIBE { 9 } else { 6 };
            let inside = if minor == 1 { 1 + name + 5 } else { 6 };
            assert_eq!(said.len(), 2 + 33 + inside);
            publisher.feed(&said).unwrap();
            let mark = if minor == 1 { mark } else { 0 };
            assert_eq!(publisher.parts(), [(octets.to_vec(), mark)]);
        }
    }
}

#[test]
fn heartbeats_are_in_boxes() {
    let mut config = client("DEALER");
    config.heartbeat = Heartbeat {
        interval: Some(Duration::from_secs(1)),
        ttl_deciseconds: 7,
        timeout: Duration::from_secs(5),
    };
    let (mut client, mut server) = open(config, server("DEALER"));
    client.now = client.zmtp.deadline().unwrap();
    let now = client.now;
    client.zmtp.handle_timeout(now, &mut client.out).unwrap();
    let ping = client.out.drain();
    assert_eq!(ping.len(), 2 + 33 + 7);
    assert!(!shows(&ping, b"PING"));
    server.feed(&ping).unwrap();
    assert!(server.zmtp.deadline().is_some(), "the TTL was heard");
    let pong = server.out.drain();
    assert_eq!(pong.len(), 2 + 33 + 5);
    client.feed(&pong).unwrap();
    assert_eq!(client.parts(), []);
    // In clear they are a breach.
    assert_eq!(
        client.feed(b"\x04\x05\x04PONG"),
        Err(Failure::Sealed(ProtocolError::UnexpectedCommand))
    );
}

#[test]
fn the_handler_is_shown_the_key_and_its_word_counts() {
    for (status, expected) in [
        (Status::Success, Ok(())),
        (Status::Authentication, Err(Failure::Auth(400))),
        (Status::Internal, Err(Failure::Auth(500))),
    ] {
        let mut config = server("ROUTER");
        config.asks = true;
        let (mut client, mut server) = (End::new(client("DEALER")), End::new(config));
        talk(&mut client, &mut server, (64, 64)).unwrap();
        assert_eq!(
            server.seen,
            [Seen::Asks(Credentials {
                mechanism: "CURVE",
                values: vec![client_secret().public().to_vec()],
            })]
        );
        let now = server.now;
        let event = server.zmtp.answered(status, &mut server.out, now).unwrap();
        assert_eq!(event.is_some(), status == Status::Success);
        assert_eq!(talk(&mut client, &mut server, (64, 64)), expected);
        assert_eq!(server.zmtp.is_ready(), status == Status::Success);
        assert_eq!(server.zmtp.is_denied(), status != Status::Success);
    }
}

#[test]
fn wrong_keys_do_not_pass() {
    let cryptographic = protocol(ProtocolError::Cryptographic);
    let other = SecretKey::new([9; 32]);
    let wrong_server = ClientKeys {
        server: other.public(),
        ..keys()
    };
    let wrong_public = ClientKeys {
        public: other.public(),
        ..keys()
    };
    let wrong_secret = ClientKeys {
        secret: other,
        ..keys()
    };
    let null_public = ClientKeys {
        public: [0; 32],
        ..keys()
    };
    for keys in [wrong_server, wrong_public, wrong_secret, null_public] {
        let (mut client, mut server) = (
            End::new(with("DEALER", Mechanism::CurveClient(keys))),
            End::new(server("DEALER")),
        );
        assert_eq!(talk(&mut client, &mut server, (9, 9)), cryptographic);
        assert!(!client.zmtp.is_ready() && !server.zmtp.is_ready());
    }
    let null_server = ClientKeys {
        server: [0; 32],
        ..keys()
    };
    let mut end = End::new(with("DEALER", Mechanism::CurveClient(null_server)));
    assert_eq!(end.feed(&greeting(3, 1, b"CURVE")), cryptographic);
}

/// The first three commands of a handshake as frames: HELLO, WELCOME, INITIATE; or the last, READY.
fn up_to(command: usize) -> (End, End, Vec<u8>) {
    let (mut client, mut server) = (End::new(client("DEALER")), End::new(server("DEALER")));
    for _ in 0..3 {
        let (to_server, to_client) = (client.out.drain(), server.out.drain());
        server.feed(&to_server).unwrap();
        client.feed(&to_client).unwrap();
    }
    for number in 0.. {
        let (from, to) = if number % 2 == 0 {
            (&mut client, &mut server)
        } else {
            (&mut server, &mut client)
        };
        let said = from.out.drain();
        if number == command {
            return (client, server, said);
        }
        to.feed(&said).unwrap();
    }
    unreachable!()
}

/// A frame with this body.
fn framed(body: &[u8]) -> Vec<u8> {
    match u8::try_from(body.len()) {
        Ok(len) => [&[4, len], body].concat(),
        Err(_) => [&[6], &(body.len() as u64).to_be_bytes()[..], body].concat(),
    }
}

fn body(frame: &[u8]) -> &[u8] {
    &frame[if frame[0] & 2 == 0 { 2 } else { 9 }..]
}

/// CVE-2019-13132, #2681.
#[test]
fn handshake_commands_have_their_size_or_none() {
    use ProtocolError::{
        Cryptographic, MalformedCommandHello, MalformedCommandInitiate, MalformedCommandReady,
        MalformedCommandUnspecified, MalformedCommandWelcome,
    };
    let cases = [
        (0, MalformedCommandHello, MalformedCommandHello, 200),
        (1, MalformedCommandWelcome, MalformedCommandWelcome, 168),
        (2, Cryptographic, MalformedCommandInitiate, 257),
        (3, Cryptographic, MalformedCommandReady, 30),
    ];
    for (command, longer, shorter, least) in cases {
        let (_, _, said) = up_to(command);
        let good = body(&said).to_vec();
        let mut lengths = vec![
            (
                good.len() - 1,
                if good.len() > least {
                    Cryptographic
                } else {
                    shorter
                },
            ),
            (good.len() + 1, longer),
            (least - 1, shorter),
            (10, shorter),
            (65_536, longer),
            (65_537, MalformedCommandUnspecified),
        ];
        lengths.push((good[0] as usize, MalformedCommandUnspecified));
        for (len, error) in lengths {
            let (mut client, mut server, _) = up_to(command);
            let end = if command % 2 == 0 {
                &mut server
            } else {
                &mut client
            };
            let mut octets = good.clone();
            octets.resize(len, 0);
            assert_eq!(
                end.feed(&framed(&octets)),
                protocol(error),
                "{command}: {len}"
            );
            assert!(!end.zmtp.is_ready() && end.seen.is_empty());
        }
        // What announces 4 GiB is refused before any of it is believed.
        let (mut client, mut server, _) = up_to(command);
        let end = if command % 2 == 0 {
            &mut server
        } else {
            &mut client
        };
        let announced = [&[6][..], &(1_u64 << 32).to_be_bytes()].concat();
        assert_eq!(end.feed(&announced), protocol(MalformedCommandUnspecified));
        // The right one passes.
        let (mut client, mut server, said) = up_to(command);
        let end = if command % 2 == 0 {
            &mut server
        } else {
            &mut client
        };
        end.feed(&said).unwrap();
    }
}

#[test]
fn a_single_bit_ends_the_handshake() {
    for command in 0..4 {
        let (_, _, said) = up_to(command);
        let (head, size) = (said.len() - body(&said).len(), body(&said).len());
        for at in 0..size {
            // The padding of HELLO says nothing, and what says nothing may change.
            if command == 0 && (8..80).contains(&at) {
                continue;
            }
            let (mut client, mut server, mut said) = up_to(command);
            let end = if command % 2 == 0 {
                &mut server
            } else {
                &mut client
            };
            // (The highest bit of a public key says nothing either.)
            said[head + at] ^= 1 << (at % 7);
            assert!(end.feed(&said).is_err(), "{command}: octet {at}");
            assert!(!end.zmtp.is_ready() && end.seen.is_empty());
        }
    }
}

#[test]
fn commands_have_their_place() {
    let unexpected = protocol(ProtocolError::UnexpectedCommand);
    let parts: Vec<Vec<u8>> = (0..4).map(|command| up_to(command).2).collect();
    for stage in 0..4 {
        for (number, command) in parts.iter().enumerate().filter(|(at, _)| *at != stage) {
            let (mut client, mut server, _) = up_to(stage);
            let end = if stage % 2 == 0 {
                &mut server
            } else {
                &mut client
            };
            assert_eq!(end.feed(command), unexpected, "{number} at {stage}");
        }
        for name in [&b"\x05hello"[..], b"\x04READ", b"\x07MESSAGE"] {
            let (mut client, mut server, _) = up_to(stage);
            let end = if stage % 2 == 0 {
                &mut server
            } else {
                &mut client
            };
            assert_eq!(end.feed(&framed(name)), unexpected, "{name:?} at {stage}");
        }
        // Only clients are refused.
        let (mut client, mut server, _) = up_to(stage);
        let refused = server.feed(&framed(b"\x05ERROR\x03400"));
        let sealed = Failure::Sealed(ProtocolError::UnexpectedCommand);
        assert_eq!(
            refused,
            if stage < 3 {
                unexpected.clone()
            } else {
                Err(sealed)
            }
        );
        assert_eq!(
            client.feed(&framed(b"\x05ERROR\x03400")),
            Err(Failure::Auth(400))
        );
    }
}

#[test]
fn a_cookie_is_good_for_its_connection_only() {
    let (_, _, initiate) = up_to(2);
    let (_, mut server, _) = up_to(2);
    assert_eq!(
        server.feed(&initiate),
        protocol(ProtocolError::Cryptographic)
    );
}

/// CVE-2014-7203, over the wire and both ways.
#[test]
fn replayed_and_reordered_messages_end_the_conversation() {
    let orders: [(&[usize], usize); 4] = [
        (&[0, 0], 1),
        (&[1, 0], 1),
        (&[0, 2, 1], 2),
        (&[0, 1, 2, 0], 3),
    ];
    for from_client in [true, false] {
        for (order, passed) in orders {
            let (mut client, mut server) = open(client("DEALER"), server("DEALER"));
            let (from, to) = if from_client {
                (&mut client, &mut server)
            } else {
                (&mut server, &mut client)
            };
            let boxes: Vec<Vec<u8>> = (0..3_u8)
                .map(|number| {
                    from.zmtp.encode(part(&[number], 0), &mut from.out);
                    from.out.drain()
                })
                .collect();
            let mut all: Vec<u8> = Vec::new();
            order.iter().for_each(|&number| all.extend(&boxes[number]));
            let replay = Err(Failure::Sealed(ProtocolError::InvalidSequence));
            assert_eq!(to.feed(&all), replay, "{order:?}");
            assert_eq!(to.parts().len(), passed);
            assert!(!to.zmtp.is_ready() && !to.zmtp.during_handshake());
        }
    }
    // What one side sealed is not taken back by it.
    let (mut client, _server) = open(client("DEALER"), server("DEALER"));
    client.zmtp.encode(part(b"echo", 0), &mut client.out);
    let said = client.out.drain();
    assert_eq!(
        client.feed(&said),
        Err(Failure::Sealed(ProtocolError::Cryptographic))
    );
}

#[test]
fn nothing_in_clear_passes_once_boxes_are_agreed_on() {
    let sneaky = short(0, b"sneaky");
    let subscribe = short(4, b"\x09SUBSCRIBE");
    let cut = short(0, b"\x07MESSAGE\0\0\0\0\0\0\0\x09");
    for (octets, error) in [
        (sneaky, ProtocolError::UnexpectedCommand),
        (subscribe, ProtocolError::UnexpectedCommand),
        (short(0, b""), ProtocolError::UnexpectedCommand),
        (cut, ProtocolError::MalformedCommandMessage),
    ] {
        let (_client, mut server) = open(client("SUB"), server("XPUB"));
        assert_eq!(server.feed(&octets), Err(Failure::Sealed(error)));
        assert_eq!(server.parts(), []);
    }
    // With the flag of commands it is what RFC 26 says it is; libzmq sends it without.
    let (mut client, mut server) = open(client("DEALER"), server("DEALER"));
    client.zmtp.encode(part(b"flagged", 0), &mut client.out);
    let mut said = client.out.drain();
    said[0] |= 4;
    server.feed(&said).unwrap();
    assert_eq!(server.parts(), [(b"flagged".to_vec(), 0)]);
}

/// CVE-2014-7202, CVE-2014-9721.
#[test]
fn nobody_talks_his_way_around_it() {
    let mismatch = protocol(ProtocolError::MechanismMismatch);
    for make in [client as fn(&str) -> Config, server] {
        let mut said: Vec<Vec<u8>> = [&b"NULL"[..], b"PLAIN", b"CURVE\x01", b"curve", b""]
            .iter()
            .map(|name| greeting(3, 1, name))
            .collect();
        said.push(b"\x01\x00\x08\x00sneaky\0".to_vec());
        said.push([SIGNATURE, b"\x01\x05\0\0\0\x06sneaky"].concat());
        said.push([SIGNATURE, b"\x00\x05\x01\x00\x08\x00sneaky\0"].concat());
        for octets in said {
            let mut end = End::new(make("DEALER"));
            let octets = [octets, short(0, b"sneaky")].concat();
            assert_eq!(end.feed(&octets), mismatch, "{octets:?}");
            assert_eq!(end.seen, []);
        }
    }
}

#[test]
fn a_limit_is_for_the_message_and_not_for_its_box() {
    for (size, passes) in [
        (0, true),
        (300, true),
        (301, false),
        (9_000, false),
        (1 << 20, false),
    ] {
        let mut config = server("DEALER");
        config.max_msg_size = Some(300);
        let (mut client, mut server) = open(client("DEALER"), config);
        client.zmtp.encode(part(&vec![1; size], 0), &mut client.out);
        let result = server.feed(&client.out.drain());
        let expected = if passes {
            Ok(())
        } else {
            Err(Failure::TooLarge)
        };
        assert_eq!(result, expected, "{size}");
        assert_eq!(server.parts().len(), usize::from(passes));
    }
}
