//! Anything at a port of TLS, and anything inside or behind a handshake that went well so far: an end
//! of our own has its flights changed on the way. However it goes the end is left in good order, and
//! nothing that was changed comes out as a message.

#![no_main]

use std::sync::OnceLock;
use std::time::Instant;

use ferrozmq_fuzz::{Input, config, peer_of};
use libfuzzer_sys::fuzz_target;
use zmq::msg::{Msg, RecvBuffer, SendBuffer};
use zmq::proto::tls::Credentials;
use zmq::proto::ws::Side;
use zmq::proto::{Config, Event, Tls};

struct End {
    tls: Tls,
    input: RecvBuffer,
    out: SendBuffer,
    now: Instant,
    parts: Vec<Vec<u8>>,
    failed: bool,
}

fn credentials() -> &'static [Credentials; 2] {
    static BOTH: OnceLock<[Credentials; 2]> = OnceLock::new();
    BOTH.get_or_init(|| {
        let key = rcgen::KeyPair::generate().expect("a key");
        let params = rcgen::CertificateParams::new(vec!["fuzz".to_owned()]).expect("a name");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        let server = Credentials::server(pem.as_bytes(), key.serialize_pem().as_bytes());
        let client = Credentials::client(pem.as_bytes(), None, b"fuzz", "fuzz");
        [server, client].map(|one| one.expect("good credentials"))
    })
}

impl End {
    fn new(config: Config, is_client: bool, now: Instant) -> End {
        let side = match is_client {
            true => Side::Client {
                host: "fuzz:1".to_owned(),
                path: "/".to_owned(),
            },
            false => Side::Server,
        };
        let mut out = SendBuffer::new();
        let tls = Tls::new(
            &credentials()[usize::from(is_client)],
            config,
            &side,
            now,
            &mut out,
        );
        End {
            tls,
            input: RecvBuffer::new(4096),
            out,
            now,
            parts: Vec::new(),
            failed: false,
        }
    }

    fn feed(&mut self, octets: &[u8]) {
        if self.failed || self.input.append(octets).is_err() {
            return;
        }
        loop {
            match self.tls.decode(&mut self.input, &mut self.out, self.now) {
                Ok(None) => return,
                Ok(Some(Event::Message(msg))) => self.parts.push(msg.data().to_vec()),
                Ok(Some(_)) => {}
                Err(failure) => {
                    assert!(!self.tls.is_ready());
                    let again = self.tls.decode(&mut self.input, &mut self.out, self.now);
                    assert_eq!(again.err(), Some(failure), "a failure is final");
                    self.failed = true;
                    return;
                }
            }
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&how, data)) = data.split_first() else {
        return;
    };
    let Some(input) = Input::new(data) else {
        return;
    };
    let now = Instant::now();
    let ours = config(input.kind);
    let theirs = Config {
        socket_type: peer_of(input.kind),
        peers: &["XPUB", "ROUTER", "PULL", "RADIO", "DISH"],
        ..ours.clone()
    };
    let is_client = how & 1 != 0;
    // Nothing but garbage.
    let mut end = End::new(ours.clone(), is_client, now);
    input.pieces().iter().for_each(|piece| end.feed(piece));
    assert!(end.parts.is_empty() && !end.tls.is_ready());
    // A handshake with a peer, of which some flight is changed, or followed by garbage.
    let mut end = End::new(ours, is_client, now);
    let mut peer = End::new(theirs, !is_client, now);
    let (changed, inserts) = (usize::from(how >> 1 & 7), how & 16 != 0);
    for flight in 0..8 {
        let mut said = peer.out.drain();
        if flight == changed && !said.is_empty() {
            if inserts {
                said.extend_from_slice(input.octets);
            } else {
                let at = said.len() * usize::from(how >> 5) / 8;
                let mut octets = said[at..].iter_mut().zip(input.octets);
                octets.by_ref().for_each(|(octet, change)| *octet ^= change);
            }
        }
        end.feed(&said);
        peer.feed(&end.out.drain());
        if peer.tls.is_ready() && flight > 5 {
            let msg = Msg::from_slice(b"genuine").expect("memory");
            peer.tls.encode(msg, &mut peer.out);
            peer.tls.settle(&mut peer.out);
        }
    }
    assert!(end.parts.iter().all(|part| part == b"genuine"));
});
