//! Who is let in: NULL with a handler, PLAIN, and what is refused.

use std::time::Duration;

use super::pair::*;
use crate::proto::zap::{Credentials, Status};
use crate::proto::{Config, Failure, Login, Mechanism, ProtocolError, Timeout};

fn plain_server(kind: &str) -> Config {
    Config {
        mechanism: Mechanism::PlainServer,
        asks: true,
        legacy_allowed: false,
        ..config(kind)
    }
}

fn plain_client(kind: &str) -> Config {
    Config {
        mechanism: Mechanism::PlainClient(Login {
            username: b"admin".to_vec(),
            password: b"secret".to_vec(),
        }),
        legacy_allowed: false,
        ..config(kind)
    }
}

fn asking(kind: &str) -> Config {
    Config {
        asks: true,
        legacy_allowed: false,
        ..config(kind)
    }
}

fn protocol(error: ProtocolError) -> Result<(), Failure> {
    Err(Failure::Protocol(error))
}

/// A command as a frame.
fn command(name: &str, load: &[u8]) -> Vec<u8> {
    let body = [&[name.len() as u8], name.as_bytes(), load].concat();
    match u8::try_from(body.len()) {
        Ok(len) => [&[4, len], body.as_slice()].concat(),
        Err(_) => [&[6], &(body.len() as u64).to_be_bytes()[..], &body].concat(),
    }
}

fn name_and_password(credentials: &Credentials) -> (&[u8], &[u8]) {
    assert_eq!(credentials.mechanism, "PLAIN");
    match credentials.values.as_slice() {
        [name, password] => (name, password),
        other => panic!("{other:?}"),
    }
}

/// What an end asks its handler, of all that it has seen.
fn asked(end: &End) -> &Credentials {
    (end.seen.iter())
        .find_map(|seen| match seen {
            Seen::Asks(credentials) => Some(credentials),
            _ => None,
        })
        .expect("a question")
}

/// Has an end hear its handler, and go on.
fn answer(end: &mut End, status: Status) -> Result<(), Failure> {
    if let Some(event) = end.zmtp.answered(status, &mut end.out, end.now)? {
        end.see(event)?;
    }
    end.decode()
}

#[test]
fn plain_goes_as_rfc_24_has_it() {
    let mut client = End::new(plain_client("DEALER"));
    client.out.drain();
    client.feed(&greeting(3, 1, b"PLAIN")).unwrap();
    let said = client.out.drain();
    assert!(said.ends_with(b"\x04\x13\x05HELLO\x05admin\x06secret"));
    client.feed(&command("WELCOME", b"")).unwrap();
    let properties = [
        property("Socket-Type", b"DEALER"),
        property("Identity", b""),
    ];
    assert_eq!(
        client.out.drain(),
        command("INITIATE", &properties.concat())
    );
    assert!(!client.zmtp.is_ready());
    let properties = property("Socket-Type", b"ROUTER");
    client.feed(&command("READY", &properties)).unwrap();
    assert_eq!(client.peer().socket_type, "ROUTER");
    assert_eq!(client.peer().version, (3, 1));
}

#[test]
fn plain_in_all_pieces_lets_in_whom_the_handler_lets_in() {
    for sizes in [(1, 1), (1, 7), (13, 2), (1000, 1000)] {
        let mut client = End::new(plain_client("DEALER"));
        let mut server = End::new(plain_server("ROUTER"));
        talk(&mut client, &mut server, sizes).unwrap();
        assert_eq!(
            name_and_password(asked(&server)),
            (&b"admin"[..], &b"secret"[..])
        );
        assert!(server.zmtp.is_asking() && !server.zmtp.is_ready());
        server.seen.clear();
        answer(&mut server, Status::Success).unwrap();
        talk(&mut client, &mut server, sizes).unwrap();
        assert!(client.zmtp.is_ready() && server.zmtp.is_ready());
        client.zmtp.encode(part(b"hello", 0), &mut client.out);
        talk(&mut client, &mut server, sizes).unwrap();
        assert_eq!(server.parts(), [(b"hello".to_vec(), 0)]);
    }
}

#[test]
fn a_plain_server_takes_hellos_to_the_letter() {
    use ProtocolError::{MalformedCommandHello, UnexpectedCommand};
    let longest = [&[255][..], &[b'u'; 255], &[255], &[b'p'; 255]].concat();
    let good: [(&[u8], &[u8], &[u8]); 3] = [
        (b"\0\0", b"", b""),
        (b"\x01a\x02bc", b"a", b"bc"),
        (&longest, &[b'u'; 255], &[b'p'; 255]),
    ];
    for (load, name, password) in good {
        let mut server = End::new(plain_server("ROUTER"));
        server.feed(&greeting(3, 1, b"PLAIN")).unwrap();
        server.feed(&command("HELLO", load)).unwrap();
        assert_eq!(name_and_password(asked(&server)), (name, password));
        // One octet less or more is malformed; so is much more.
        let more = [load, &[0]].concat();
        let much = [load, &vec![0; 65_000]].concat();
        for wrong in [&load[..load.len() - 1], &more, &much, b""] {
            let mut server = End::new(plain_server("ROUTER"));
            server.feed(&greeting(3, 1, b"PLAIN")).unwrap();
            assert_eq!(
                server.feed(&command("HELLO", wrong)),
                protocol(MalformedCommandHello)
            );
        }
    }
    for name in ["HELL", "HELLOX", "hello", "INITIATE", "READY", "WELCOME"] {
        let mut server = End::new(plain_server("ROUTER"));
        server.feed(&greeting(3, 1, b"PLAIN")).unwrap();
        assert_eq!(
            server.feed(&command(name, b"\0\0")),
            protocol(UnexpectedCommand),
            "{name}"
        );
    }
}

#[test]
fn commands_of_plain_have_their_place_and_their_form() {
    use ProtocolError::{
        InvalidMetadata, MalformedCommandError, MalformedCommandWelcome, UnexpectedCommand,
    };
    let ready = property("Socket-Type", b"ROUTER");
    let wrong_type = property("Socket-Type", b"PULL");
    type Commands<'a> = &'a [(&'a str, &'a [u8])];
    let cases: [(Commands<'_>, Result<(), Failure>); 9] = [
        (&[("WELCOME", b"x")], protocol(MalformedCommandWelcome)),
        (&[("READY", &ready)], protocol(UnexpectedCommand)),
        (
            &[("WELCOME", b""), ("WELCOME", b"")],
            protocol(UnexpectedCommand),
        ),
        (
            &[("WELCOME", b""), ("READY", b"\x01")],
            protocol(InvalidMetadata),
        ),
        (
            &[("WELCOME", b""), ("READY", &wrong_type)],
            protocol(InvalidMetadata),
        ),
        (&[("ERROR", b"")], protocol(MalformedCommandError)),
        (&[("ERROR", b"\x04400")], protocol(MalformedCommandError)),
        (&[("ERROR", b"\x03400")], Err(Failure::Auth(400))),
        (
            &[("WELCOME", b""), ("ERROR", b"\x03no.")],
            Err(Failure::Refused(b"no.".to_vec())),
        ),
    ];
    for (commands, expected) in cases {
        let mut client = End::new(plain_client("DEALER"));
        client.feed(&greeting(3, 1, b"PLAIN")).unwrap();
        let all: Vec<u8> = (commands.iter())
            .flat_map(|(name, load)| command(name, load))
            .collect();
        assert_eq!(client.feed(&all), expected, "{commands:?}");
    }
}

#[test]
fn a_refused_peer_is_told_and_heard_no_more() {
    for (status, reason) in [
        (Status::Authentication, b"\x03400"),
        (Status::Internal, b"\x03500"),
    ] {
        let mut client = End::new(plain_client("DEALER"));
        let mut server = End::new(plain_server("ROUTER"));
        talk(&mut client, &mut server, (64, 64)).unwrap();
        answer(&mut server, status).unwrap();
        let said = server.out.drain();
        assert_eq!(said, command("ERROR", reason));
        assert!(server.zmtp.is_denied() && !server.zmtp.is_ready());
        assert_eq!(client.feed(&said), Err(Failure::Auth(status as u32)));
        server.feed(&command("INITIATE", b"")).unwrap();
        server.feed(&short(0, b"sneaky")).unwrap();
        assert_eq!(server.parts(), []);
        assert!(server.input.is_empty() && server.out.is_empty());
    }
}

#[test]
fn a_peer_that_may_try_again_is_not_told() {
    let mut client = End::new(plain_client("DEALER"));
    let mut server = End::new(plain_server("ROUTER"));
    talk(&mut client, &mut server, (64, 64)).unwrap();
    assert_eq!(answer(&mut server, Status::Temporary), Err(Failure::Denied));
    assert!(server.out.is_empty() && server.zmtp.is_denied());
}

#[test]
fn nothing_passes_before_the_handler_has_judged() {
    let mut server = End::new(asking("DEALER"));
    server.feed(&opening(1, "DEALER")).unwrap();
    let early = [command("HELLO", b""), short(0, b"early")].concat();
    server.feed(&early).unwrap();
    assert_eq!(
        *asked(&server),
        Credentials {
            mechanism: "NULL",
            values: vec![]
        }
    );
    assert_eq!(server.seen.len(), 1);
    assert!(server.zmtp.is_asking());
    let said = server.out.drain();
    assert_eq!(said.len(), 64, "a greeting, and no READY");
    server.seen.clear();
    assert_eq!(answer(&mut server, Status::Success), Ok(()));
    assert!(server.out.drain().starts_with(b"\x04\x29\x05READY"));
    assert_eq!(server.peer().socket_type, "DEALER");
    assert_eq!(server.parts(), [(b"early".to_vec(), 0)]);
    // An answer that nobody waits for changes nothing for the better.
    assert!(answer(&mut server, Status::Success).is_err());
}

#[test]
fn both_sides_of_null_may_ask() {
    let mut one = End::new(asking("DEALER"));
    let mut other = End::new(asking("DEALER"));
    talk(&mut one, &mut other, (3, 5)).unwrap();
    answer(&mut one, Status::Success).unwrap();
    talk(&mut one, &mut other, (3, 5)).unwrap();
    assert!(!one.zmtp.is_ready() && !other.zmtp.is_ready());
    answer(&mut other, Status::Success).unwrap();
    talk(&mut one, &mut other, (3, 5)).unwrap();
    assert!(one.zmtp.is_ready() && other.zmtp.is_ready());
}

#[test]
fn patience_ends_while_a_handler_thinks() {
    for refuse in [false, true] {
        let mut config = asking("DEALER");
        config.handshake_timeout = Some(Duration::from_secs(3));
        let mut end = End::new(config);
        end.feed(&opening(1, "DEALER")).unwrap();
        let mut expected = Failure::Timeout(Timeout::Handshake);
        if refuse {
            answer(&mut end, Status::Authentication).unwrap();
            expected = Failure::Denied;
        }
        let deadline = end.zmtp.deadline().unwrap();
        assert_eq!(deadline, *START + Duration::from_secs(3));
        assert_eq!(
            end.zmtp.handle_timeout(deadline, &mut end.out),
            Err(expected)
        );
    }
}

/// CVE-2014-7202, CVE-2014-9721: no way around the mechanism.
#[test]
fn nobody_talks_his_way_past_a_mechanism() {
    let mismatch = protocol(ProtocolError::MechanismMismatch);
    let old: [&[u8]; 4] = [
        b"\x01\x00\x08\x00sneaky\0",
        b"\xFF\0\0\0\0\0\0\0\x01\x00",
        b"\xFF\0\0\0\0\0\0\0\x01\x7F\x00\x05\x01\x00",
        b"\xFF\0\0\0\0\0\0\0\x01\x7F\x01\x05\0\0\0\x06sneaky",
    ];
    for make in [plain_server, plain_client, asking] {
        for octets in old {
            let mut end = End::new(make("DEALER"));
            assert_eq!(end.feed(octets), mismatch, "{octets:?}");
            assert_eq!(end.seen, []);
        }
    }
    for (make, mechanism) in [
        (plain_server as fn(&str) -> Config, &b"NULL"[..]),
        (plain_server, b"CURVE"),
        (plain_server, b"plain"),
        (plain_server, b"PLAIN\x01"),
        (plain_server, b"PLAIN\0\0\0\0\0\0\0\0\0\0\0\0\0\0x"),
        (plain_server, b""),
        (plain_client, b"NULL"),
        (asking, b"PLAIN"),
    ] {
        let mut end = End::new(make("DEALER"));
        let mut said = greeting(3, 1, mechanism);
        said.extend(ready(&[property("Socket-Type", b"DEALER")]));
        said.extend(short(0, b"sneaky"));
        assert_eq!(end.feed(&said), mismatch, "{mechanism:?}");
        assert_eq!(end.seen, []);
    }
    // A higher version is spoken as ours, and the mechanism has to be the same all the same.
    let mut end = End::new(plain_server("DEALER"));
    assert_eq!(end.feed(&greeting(9, 7, b"NULL")), mismatch);
}

#[test]
fn a_debug_text_gives_no_password_away() {
    let text = format!("{:?}", plain_client("DEALER"));
    assert!(!text.contains("secret") && !text.contains("115"), "{text}");
}
