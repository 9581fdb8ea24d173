//! TLS in memory: two ends of our own, with every way to cut octets, and with octets changed.

use std::sync::OnceLock;

use super::super::tests::pair::{START, config};
use super::*;

/// Of a server, and of a client that trusts just that one.
fn credentials() -> &'static [Credentials; 2] {
    static BOTH: OnceLock<[Credentials; 2]> = OnceLock::new();
    BOTH.get_or_init(|| {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["right.test".to_owned()]).unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        let server = Credentials::server(pem.as_bytes(), key.serialize_pem().as_bytes());
        let client = Credentials::client(pem.as_bytes(), None, b"right.test", "right.test");
        [server, client].map(Result::unwrap)
    })
}

struct End {
    tls: Tls,
    input: RecvBuffer,
    out: SendBuffer,
    bodies: Vec<Vec<u8>>,
}

impl End {
    fn new(socket_type: &str, side: &Side) -> End {
        let [server, client] = credentials();
        let shown = match side {
            Side::Server => server,
            Side::Client { .. } => client,
        };
        let mut out = SendBuffer::new();
        End {
            tls: Tls::new(shown, config(socket_type), side, *START, &mut out),
            input: RecvBuffer::new(64 * 1024),
            out,
            bodies: Vec::new(),
        }
    }

    fn feed(&mut self, octets: &[u8]) -> Result<(), Failure> {
        self.input.append(octets).unwrap();
        while let Some(event) = self.tls.decode(&mut self.input, &mut self.out, *START)? {
            if let Event::Message(msg) = event {
                self.bodies.push(msg.data().to_vec());
            }
        }
        Ok(())
    }

    /// Has a message leave, as far as it does in one go.
    fn say(&mut self, body: &[u8]) {
        let msg = Msg::from_slice(body).unwrap();
        self.tls.encode(msg, &mut self.out);
        self.tls.settle(&mut self.out);
    }
}

/// A server that receives and a client that sends.
fn ends() -> [End; 2] {
    let client = Side::Client {
        host: "right.test:5555".to_owned(),
        path: "/zeromq".to_owned(),
    };
    [End::new("PULL", &Side::Server), End::new("PUSH", &client)]
}

/// Carries what one end says to the other, in pieces of this size; `false` if it says nothing.
fn carry(from: &mut End, to: &mut End, size: usize) -> Result<bool, Failure> {
    from.tls.settle(&mut from.out);
    let said = from.out.drain();
    for piece in said.chunks(size) {
        to.feed(piece)?;
    }
    Ok(!said.is_empty())
}

/// Carries everything both say until neither has any more to say.
fn converse([one, other]: &mut [End; 2], size: usize) -> Result<(), Failure> {
    while carry(one, other, size)? | carry(other, one, size)? {}
    Ok(())
}

fn met(size: usize) -> [End; 2] {
    let mut both = ends();
    converse(&mut both, size).unwrap();
    assert!(both.iter().all(|end| end.tls.is_ready()));
    both
}

#[test]
fn ends_meet_and_talk_however_octets_are_cut() {
    let bodies = [0, 1, 125, 126, 8_000, 70_000, 300_000].map(|size| vec![size as u8; size]);
    for size in [1, 7, 1000, usize::MAX] {
        let mut both = met(size);
        for body in &bodies {
            both[1].say(body);
        }
        // Much is not sealed before what was sealed is gone.
        converse(&mut both, size).unwrap();
        assert_eq!(both[1].tls.unsealed(), 0);
        assert!(both[0].bodies == bodies, "in pieces of {size}");
    }
}

#[test]
fn what_was_changed_on_the_way_ends_it_and_is_no_message() {
    // The first sealed octet, one in the middle, and the last one of the seal.
    for part in 0..3 {
        let mut both = met(usize::MAX);
        both[1].say(b"genuine");
        let mut said = both[1].out.drain();
        let place = [5, said.len() / 2, said.len() - 1][part];
        said[place] ^= 1;
        let failure = both[0].feed(&said);
        assert_eq!(failure, Err(Failure::Tls), "octet {place}");
        assert!(both[0].bodies.is_empty() && !both[0].tls.is_ready());
        // It is final, and the peer hears why.
        assert_eq!(both[0].feed(b""), Err(Failure::Tls));
        let told = both[0].out.drain();
        assert!(!told.is_empty());
        assert!(both[1].feed(&told).is_err());
    }
}

#[test]
fn garbage_is_answered_with_an_alert() {
    for garbage in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0xFF; 100],
        &[22, 3, 1, 0, 4, 99, 0, 0, 0],
    ] {
        let [mut server, _] = ends();
        assert_eq!(server.feed(garbage), Err(Failure::Tls));
        // RFC 8446, 6: a record of the type alert.
        assert_eq!(server.out.drain().first(), Some(&21));
    }
}

#[test]
fn a_goodbye_is_heard_as_the_end() {
    let mut both = met(usize::MAX);
    both[1].say(b"last");
    let [server, client] = &mut both;
    client.tls.goodbye(&mut client.out);
    let said = client.out.drain();
    assert_eq!(server.feed(&said), Err(Failure::Closed));
    assert_eq!(server.bodies, [b"last"]);
    assert_eq!(client.feed(b""), Err(Failure::Closed));
}
