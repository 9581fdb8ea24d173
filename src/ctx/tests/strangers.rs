//! Strangers that break the rules of WebSocket at a port where others are served.
//!
//! Invariant: each is told what was wrong and left; who was served before is served after.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use super::*;
use crate::msg::SendBuffer;
use crate::proto::ws::frame::{self, Mask, Opcode};

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Protocol: ZWS2.0\r\n\r\n";

struct Scene {
    context: &'static Context,
    pull: &'static Socket,
    host: String,
    /// One of ours, who is served.
    served: &'static Socket,
}

impl Scene {
    fn open() -> Scene {
        let context = Context::create().unwrap();
        let (pull, served) = (
            context.socket(kind::PULL).unwrap(),
            context.socket(kind::PUSH).unwrap(),
        );
        set(pull, number::RCVTIMEO, 20_000);
        pull.bind(b"ws://127.0.0.1:*/").unwrap();
        let endpoint = text(pull, number::LAST_ENDPOINT);
        served.connect(endpoint.as_bytes()).unwrap();
        let host = endpoint["ws://".len()..].split('/').next().unwrap();
        Scene {
            context,
            pull,
            host: host.to_owned(),
            served,
        }
    }

    fn stranger(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.host).unwrap();
        let limit = Some(Duration::from_secs(20));
        stream.set_read_timeout(limit).unwrap();
        stream
    }

    /// A stranger that is through with the upgrade, and with the frame of our routing id.
    fn upgraded(&self) -> TcpStream {
        let mut stream = self.stranger();
        stream.write_all(REQUEST.as_bytes()).unwrap();
        let (mut answer, mut octet) = (Vec::new(), [0]);
        while !answer.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut octet).unwrap();
            answer.push(octet[0]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 101 "));
        let mut id = [0; 3];
        stream.read_exact(&mut id).unwrap();
        assert_eq!(id, [0x82, 1, 0]);
        stream.write_all(&masked(0x82, b"\x00")).unwrap();
        stream
    }

    /// What was said by those who broke no rule, and nothing else.
    fn hears(&self, bodies: &[&[u8]]) {
        for body in bodies {
            assert_eq!(recv(self.pull), (body.to_vec(), false));
        }
        send(self.served, b"on", false);
        assert_eq!(recv(self.pull), (b"on".to_vec(), false));
    }

    fn close(self) {
        self.pull.close();
        self.served.close();
        self.context.terminate().unwrap();
    }
}

/// A client's frame, with these first eight bits.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = SendBuffer::new();
    let mut mask = Mask::new([1, 2, 3, 4]);
    frame::put_header(Opcode::Binary, payload.len(), Some(mask), &mut out);
    let mut wire = out.drain();
    wire[0] = first;
    let start = wire.len();
    wire.extend_from_slice(payload);
    mask.apply(&mut wire[start..]);
    wire
}

/// All that is said until the other hangs up.
fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    match stream.read_to_end(&mut all) {
        Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => panic!("{error}"),
        _ => all,
    }
}

#[test]
fn who_breaks_the_rules_is_told_so_and_left() {
    let scene = Scene::open();
    scene.hears(&[]);
    for (what, wrong, code) in [
        ("an opcode of nobody's", masked(0x83, b"\x00x"), 1002),
        ("a control opcode of nobody's", masked(0x8B, b""), 1002),
        ("a reserved bit", masked(0xC2, b"\x00x"), 1002),
        ("no mask", b"\x82\x02\x00x".to_vec(), 1002),
        ("a ping without a mask", b"\x89\x00".to_vec(), 1002),
        ("a ping in pieces", masked(0x09, b""), 1002),
        ("a ping of 126 octets", masked(0x89, &[0; 126]), 1002),
        (
            "a length with its top bit set",
            b"\x82\xFF\x80\0\0\0\0\0\0\0\0\0\0\0".to_vec(),
            1002,
        ),
        ("a rest of nothing", masked(0x80, b"\x00x"), 1002),
        (
            "one message within another",
            [masked(0x02, b"\x00x"), masked(0x82, b"\x00x")].concat(),
            1002,
        ),
        ("text", masked(0x81, b"\x00x"), 1003),
        (
            "a code that nobody may say",
            masked(0x88, b"\x03\xed"),
            1002,
        ),
        (
            "a goodbye between pieces",
            {
                let goodbye = masked(0x88, &1001_u16.to_be_bytes());
                [masked(0x02, b"\x00half"), goodbye].concat()
            },
            1001,
        ),
    ] {
        let mut stranger = scene.upgraded();
        stranger.write_all(&masked(0x82, b"\x00before")).unwrap();
        stranger.write_all(&wrong).unwrap();
        let [high, low] = u16::to_be_bytes(code);
        assert_eq!(rest(&mut stranger), [0x88, 2, high, low], "{what}");
        scene.hears(&[b"before"]);
    }
    scene.close();
}

#[test]
fn who_leaves_in_the_middle_leaves_nothing() {
    let scene = Scene::open();
    let whole = [
        masked(0x02, b"\x00first"),
        masked(0x89, b"ping"),
        masked(0x00, b"middle"),
        masked(0x80, &[7; 300]),
    ]
    .concat();
    for end in 0..whole.len() {
        let mut stranger = scene.upgraded();
        stranger.write_all(&whole[..end]).unwrap();
        stranger.shutdown(Shutdown::Write).unwrap();
        rest(&mut stranger);
        if end % 20 == 0 {
            scene.hears(&[]);
        }
    }
    for end in (0..REQUEST.len()).step_by(7) {
        let mut stranger = scene.stranger();
        stranger.write_all(&REQUEST.as_bytes()[..end]).unwrap();
        stranger.shutdown(Shutdown::Write).unwrap();
        assert_eq!(rest(&mut stranger), b"", "{end}");
    }
    scene.hears(&[]);
    scene.close();
}

#[test]
fn who_asks_wrongly_is_told_so_and_left() {
    let scene = Scene::open();
    let endless = format!("{}X: {}", REQUEST.trim_end(), "y".repeat(8192));
    for (what, request, status) in [
        ("no key", REQUEST.replace("Sec-WebSocket-Key", "X"), "400"),
        (
            "no version",
            REQUEST.replace("Sec-WebSocket-Version", "X"),
            "426",
        ),
        (
            "no protocol",
            REQUEST.replace("Sec-WebSocket-Protocol", "X"),
            "400",
        ),
        ("no upgrade", REQUEST.replace("\r\nUpgrade", "\r\nX"), "426"),
        (
            "two hosts",
            REQUEST.replace("Host: x", "Host: x\r\nHost: y"),
            "400",
        ),
        ("no end", endless, "400"),
    ] {
        let mut stranger = scene.stranger();
        // It may hang up before it has heard all.
        let _ = stranger.write_all(request.as_bytes());
        let answer = String::from_utf8(rest(&mut stranger)).unwrap();
        // A hang-up with octets unread may take the answer with it.
        let answered = answer.starts_with(&format!("HTTP/1.1 {status} "));
        assert!(
            answered || (answer.is_empty() && what == "no end"),
            "{what}: {answer}"
        );
        scene.hears(&[]);
    }
    scene.close();
}
