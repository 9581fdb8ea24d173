//! GSSAPI in memory. What needs tickets is left out but where there is a key server:
//! `cargo xtask test gssapi` starts one.

use super::{ClientSide, NameType, Principal, ServerSide, counted, token};
use crate::msg::flag;
use crate::proto::tests::pair::*;
use crate::proto::zap::Status;
use crate::proto::{Config, Failure, Mechanism, ProtocolError};

const SERVICE: &[u8] = b"zmqtest2";

fn principal(name: &[u8]) -> Principal {
    Principal {
        name: name.to_vec(),
        name_type: NameType::HostBased,
    }
}

fn client_of(kind: &str, plaintext: bool, service: &[u8]) -> End {
    End::new(Config {
        mechanism: Mechanism::GssapiClient(ClientSide {
            principal: principal(service),
            service: principal(service),
            plaintext,
        }),
        legacy_allowed: false,
        ..config(kind)
    })
}

fn client(kind: &str, plaintext: bool) -> End {
    client_of(kind, plaintext, SERVICE)
}

fn server_of(kind: &str, plaintext: bool, asks: bool, name: &[u8]) -> End {
    End::new(Config {
        mechanism: Mechanism::GssapiServer(ServerSide {
            principal: principal(name),
            plaintext,
        }),
        asks,
        legacy_allowed: false,
        ..config(kind)
    })
}

fn server(kind: &str, plaintext: bool, asks: bool) -> End {
    server_of(kind, plaintext, asks, SERVICE)
}

/// A pair that has finished its handshake.
fn open(kinds: (&str, &str), plaintext: bool) -> (End, End) {
    let mut client = client(kinds.0, plaintext);
    let mut server = server(kinds.1, plaintext, false);
    talk(&mut client, &mut server, (usize::MAX, usize::MAX)).unwrap();
    assert!(client.zmtp.is_ready() && server.zmtp.is_ready());
    client.seen.clear();
    server.seen.clear();
    (client, server)
}

/// A command as a frame.
fn command(name: &str, load: &[u8]) -> Vec<u8> {
    short(4, &[&[name.len() as u8], name.as_bytes(), load].concat())
}

fn protocol(error: ProtocolError) -> Result<(), Failure> {
    Err(Failure::Protocol(error))
}

/// The frames in what was said, all of them short.
fn frames(mut said: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    while let [_, len, ..] = said {
        let (frame, rest) = said.split_at(2 + usize::from(*len));
        all.push(frame.to_vec());
        said = rest;
    }
    all
}

#[test]
fn a_token_is_as_long_as_it_says() {
    assert_eq!(counted(b"\0\0\0\x02ab"), Some(&b"ab"[..]));
    assert_eq!(counted(b"\0\0\0\0"), Some(&b""[..]));
    for wrong in [
        &b""[..],
        b"\0\0\0",
        b"\0\0\0\x01",
        b"\0\0\0\x01ab",
        b"\xFF\xFF\xFF\xFFab",
    ] {
        assert_eq!(counted(wrong), None, "{wrong:?}");
        let body = [b"\x08INITIATE", wrong].concat();
        assert_eq!(
            token(&body),
            Err(ProtocolError::MalformedCommandInitiate.into())
        );
    }
}

#[test]
fn names_end_at_a_nul_and_may_be_nobodys() {
    assert!(principal(b"").import().unwrap().is_none());
    assert!(principal(b"\0mouse").import().unwrap().is_none());
    let name = principal(b"mouse\0trap").import().unwrap().unwrap();
    assert_eq!(&*name.display_name().unwrap(), b"mouse");
    assert_eq!(NameType::of_number(1), NameType::User);
    assert_eq!(NameType::of_number(2), NameType::Krb5Principal);
}

#[test]
fn a_client_that_wants_nobody_gets_nowhere() {
    let mut end = client_of("DEALER", false, b"");
    assert_eq!(
        end.feed(&greeting(3, 1, b"GSSAPI")),
        Err(Failure::NoCredentials)
    );
}

#[test]
fn rubbish_is_no_token() {
    for (rubbish, error) in [
        (&b""[..], ProtocolError::MalformedCommandInitiate),
        (b"x", ProtocolError::Cryptographic),
        (&[0x60; 200], ProtocolError::Cryptographic),
    ] {
        let mut end = server_of("DEALER", false, false, b"");
        end.feed(&greeting(3, 1, b"GSSAPI")).unwrap();
        let length = (rubbish.len() as u32).to_be_bytes();
        let said = command("INITIATE", &[&length, rubbish].concat());
        assert_eq!(end.feed(&said), protocol(error));
        assert_eq!(end.seen, []);
    }
}

#[test]
fn nothing_else_begins_a_conversation() {
    for said in [
        command("READY", &property("Socket-Type", b"DEALER")),
        command("HELLO", b""),
        command("MESSAGE", b"\0\0\0\0"),
    ] {
        let mut end = server_of("DEALER", false, false, b"");
        end.feed(&greeting(3, 1, b"GSSAPI")).unwrap();
        assert_eq!(end.feed(&said), protocol(ProtocolError::UnexpectedCommand));
    }
    for (mechanism, minor) in [(&b"NULL"[..], 1), (b"PLAIN", 0), (b"gssapi", 1)] {
        let mut end = server_of("DEALER", false, false, b"");
        assert_eq!(
            end.feed(&greeting(3, minor, mechanism)),
            protocol(ProtocolError::MechanismMismatch)
        );
    }
}

mod with_a_key_server {
    use super::*;

    #[test]
    #[ignore = "wants a key server: cargo xtask test gssapi"]
    fn peers_meet_however_octets_are_cut() {
        for plaintext in [false, true] {
            for sizes in [(1, 1), (7, 300), (usize::MAX, usize::MAX)] {
                let mut client = client("DEALER", plaintext);
                let mut server = server("ROUTER", plaintext, false);
                talk(&mut client, &mut server, sizes).unwrap();
                assert_eq!(client.peer().socket_type, "ROUTER");
                assert_eq!(server.peer().socket_type, "DEALER");
                client.seen.clear();
                server.seen.clear();
                let large = vec![b'y'; 300_000];
                client.zmtp.encode(part(b"", flag::MORE), &mut client.out);
                client.zmtp.encode(part(&large, 0), &mut client.out);
                server.zmtp.encode(part(b"back", 0), &mut server.out);
                talk(&mut client, &mut server, (4096, 4096)).unwrap();
                assert_eq!(server.parts(), [(vec![], flag::MORE), (large, 0)]);
                assert_eq!(client.parts(), [(b"back".to_vec(), 0)]);
            }
        }
    }

    #[test]
    #[ignore = "wants a key server: cargo xtask test gssapi"]
    fn what_is_said_is_sealed_unless_both_want_it_in_clear() {
        for plaintext in [false, true] {
            let (mut client, _) = open(("DEALER", "ROUTER"), plaintext);
            client.zmtp.encode(part(b"legible", 0), &mut client.out);
            let said = client.out.drain();
            let legible = said.windows(7).any(|window| window == b"legible");
            assert_eq!(legible, plaintext);
            assert!(said.starts_with(b"\0"), "a data frame");
        }
        for plaintext in [false, true] {
            let mut client = client("DEALER", plaintext);
            let mut server = server("ROUTER", !plaintext, false);
            assert_eq!(
                talk(&mut client, &mut server, (usize::MAX, usize::MAX)),
                protocol(ProtocolError::UnexpectedCommand)
            );
            assert!(!client.zmtp.is_ready() && !server.zmtp.is_ready());
        }
    }

    #[test]
    #[ignore = "wants a key server: cargo xtask test gssapi"]
    fn what_comes_twice_late_or_changed_ends_the_conversation() {
        let said = || {
            let (mut client, server) = open(("DEALER", "ROUTER"), false);
            for body in [&b"one"[..], b"two"] {
                client.zmtp.encode(part(body, 0), &mut client.out);
            }
            let said = frames(&client.out.drain());
            assert_eq!(said.len(), 2);
            (said, server)
        };
        let sealed = |error: ProtocolError| Err(Failure::Sealed(error));

        let (frames, mut server) = said();
        server.feed(&frames[0]).unwrap();
        assert_eq!(
            server.feed(&frames[0]),
            sealed(ProtocolError::Cryptographic)
        );

        let (frames, mut server) = said();
        assert_eq!(
            server.feed(&frames[1]),
            sealed(ProtocolError::Cryptographic)
        );
        assert_eq!(server.parts(), []);

        for at in [14, 20, 40, usize::MAX] {
            let (mut frames, mut server) = said();
            let frame = &mut frames[0];
            let at = at.min(frame.len() - 1);
            frame[at] ^= 1;
            assert_eq!(server.feed(frame), sealed(ProtocolError::Cryptographic));
            assert_eq!(server.parts(), []);
        }
        for (said, error) in [
            (short(0, b"in clear"), ProtocolError::UnexpectedCommand),
            (command("PING", b"\0\0"), ProtocolError::UnexpectedCommand),
            (
                short(0, b"\x07MESSAGE\0\0"),
                ProtocolError::MalformedCommandMessage,
            ),
            (
                short(0, b"\x07MESSAGE\0\0\0\x05abcd"),
                ProtocolError::MalformedCommandMessage,
            ),
            (
                short(0, b"\x07MESSAGE\0\0\0\x04abcd"),
                ProtocolError::Cryptographic,
            ),
        ] {
            let (_, mut server) = open(("DEALER", "ROUTER"), false);
            assert_eq!(server.feed(&said), sealed(error), "{said:?}");
            assert_eq!(server.parts(), []);
        }
    }

    #[test]
    #[ignore = "wants a key server: cargo xtask test gssapi"]
    fn a_token_opens_one_conversation_only() {
        let mut client = client("DEALER", false);
        let mut first = server("ROUTER", false, false);
        client.feed(&greeting(3, 1, b"GSSAPI")).unwrap();
        let said = client.out.drain();
        first.feed(&said).unwrap();
        assert!(!first.out.is_empty());
        let mut second = server("ROUTER", false, false);
        assert_eq!(
            second.feed(&said),
            protocol(ProtocolError::Cryptographic),
            "the same token again"
        );
    }

    #[test]
    #[ignore = "wants a key server: cargo xtask test gssapi"]
    fn nobody_is_let_in_whom_the_handler_refuses() {
        for status in [Status::Temporary, Status::Authentication, Status::Internal] {
            for plaintext in [false, true] {
                let mut client = client("DEALER", plaintext);
                let mut server = server("ROUTER", plaintext, true);
                talk(&mut client, &mut server, (usize::MAX, usize::MAX)).unwrap();
                let [Seen::Asks(credentials)] = server.seen.as_slice() else {
                    panic!("{:?}", server.seen);
                };
                assert_eq!(credentials.mechanism, "GSSAPI");
                let [name] = credentials.values.as_slice() else {
                    panic!("{credentials:?}");
                };
                assert!(name.starts_with(b"zmqtest2/"), "{name:?}");
                server.seen.clear();
                let answered = server.zmtp.answered(status, &mut server.out, server.now);
                let said = server.out.drain();
                if status == Status::Temporary {
                    assert!(matches!(answered, Err(Failure::Denied)), "{answered:?}");
                    assert_eq!(said, b"");
                } else {
                    assert!(matches!(answered, Ok(None)), "{answered:?}");
                    assert_eq!(client.feed(&said), Err(Failure::Auth(status as u32)));
                    // Whatever else it says is not heard.
                    let ready = command("READY", &property("Socket-Type", b"DEALER"));
                    server.feed(&ready).unwrap();
                    server.feed(&short(0, b"sneaky")).unwrap();
                }
                assert!(server.zmtp.is_denied() && !server.zmtp.is_ready());
                assert_eq!(server.parts(), []);
            }
        }
    }

    #[test]
    #[ignore = "wants a key server: cargo xtask test gssapi"]
    fn a_welcome_peer_is_let_in() {
        for plaintext in [false, true] {
            let mut client = client("DEALER", plaintext);
            let mut server = server("ROUTER", plaintext, true);
            talk(&mut client, &mut server, (64, 64)).unwrap();
            server.seen.clear();
            let answered = server
                .zmtp
                .answered(Status::Success, &mut server.out, server.now);
            assert!(
                matches!(answered, Ok(None)),
                "READY of the client is awaited"
            );
            server.decode().unwrap();
            talk(&mut client, &mut server, (64, 64)).unwrap();
            assert_eq!(client.peer().socket_type, "ROUTER");
            assert_eq!(server.peer().socket_type, "DEALER");
        }
    }

    #[test]
    #[ignore = "wants a key server: cargo xtask test gssapi"]
    fn a_client_is_told_nothing_before_ready() {
        let mut client = client("DEALER", false);
        let mut server = server("ROUTER", false, true);
        talk(&mut client, &mut server, (usize::MAX, usize::MAX)).unwrap();
        // Not sealed, though it should be.
        let ready = command("READY", &property("Socket-Type", b"ROUTER"));
        assert_eq!(
            client.feed(&ready),
            protocol(ProtocolError::UnexpectedCommand)
        );
    }

    #[test]
    #[ignore = "wants a key server: cargo xtask test gssapi"]
    fn subscriptions_are_sealed_like_all_else() {
        let (mut client, mut server) = open(("SUB", "XPUB"), false);
        client
            .zmtp
            .encode(part(b"\x01topic", flag::SUBSCRIBE), &mut client.out);
        client
            .zmtp
            .encode(part(b"\x00topic", flag::CANCEL), &mut client.out);
        talk(&mut client, &mut server, (usize::MAX, usize::MAX)).unwrap();
        assert_eq!(
            server.parts(),
            [
                (b"\x01topic".to_vec(), flag::SUBSCRIBE),
                (b"\x00topic".to_vec(), flag::CANCEL)
            ]
        );
    }
}
