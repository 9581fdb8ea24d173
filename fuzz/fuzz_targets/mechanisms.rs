//! A peer that says anything where a mechanism is agreed on, and anything in boxes that open.

#![no_main]

use ferrozmq_fuzz::{End, Input, config, converse, greeting};
use libfuzzer_sys::fuzz_target;
use std::time::Instant;
use zmq::proto::curve::{ClientKeys, SecretKey};
use zmq::proto::{Config, Login, Mechanism};

fn with(kind: u8, mechanism: Mechanism) -> Config {
    Config {
        mechanism,
        asks: kind & 8 != 0,
        legacy_allowed: false,
        ..config(kind)
    }
}

fn client() -> Mechanism {
    let secret = SecretKey::new([1; 32]);
    Mechanism::CurveClient(ClientKeys {
        public: secret.public(),
        secret,
        server: SecretKey::new([2; 32]).public(),
    })
}

fn server() -> Mechanism {
    Mechanism::CurveServer(SecretKey::new([2; 32]))
}

/// Two ends that have agreed on boxes; then the octets go through one of them, cut into parts.
fn in_boxes(input: &Input<'_>) {
    let mut one = End::new(with(0, server()), Instant::now());
    let mut other = with(0, client());
    (other.socket_type, other.peers, other.publishes) = ("SUB", &["XPUB"], false);
    let mut other = End::new(other, Instant::now());
    for _ in 0..8 {
        one.feed(&other.take_answers());
        other.feed(&one.take_answers());
    }
    assert!(one.outcome().peer.is_some() && other.outcome().peer.is_some());
    for piece in input.pieces() {
        let Some((&flags, body)) = piece.split_first() else {
            continue;
        };
        other.send(body, flags & 0x1B);
        let said = other.take_answers();
        let (early, late) = said.split_at(said.len().min(usize::from(flags)));
        one.feed(early);
        one.feed(late);
    }
    one.tick(4);
}

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::new(data) else {
        return;
    };
    let login = Login {
        username: b"admin".to_vec(),
        password: b"secret".to_vec(),
    };
    let (mechanism, name) = match input.kind >> 6 {
        0 => (Mechanism::PlainClient(login), "PLAIN"),
        1 => (Mechanism::PlainServer, "PLAIN"),
        2 => (client(), "CURVE"),
        _ if input.kind & 8 == 0 => return in_boxes(&input),
        _ => (server(), "CURVE"),
    };
    let config = with(input.kind, mechanism);
    if name == "PLAIN" {
        converse(&config, &greeting(name), &input).tick(8);
        return;
    }
    // Answers differ from run to run: keys are made for each.
    let mut end = End::new(config, Instant::now());
    end.feed(&greeting(name));
    for piece in input.pieces() {
        end.feed(piece);
    }
    end.tick(8);
});
