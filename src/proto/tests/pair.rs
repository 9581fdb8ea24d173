//! Two ends in memory, and one end against a script.

use std::sync::LazyLock;
use std::time::Instant;

use crate::msg::{Msg, RecvBuffer, SendBuffer, flag};
use crate::proto::zap::Credentials;
use crate::proto::{Config, Event, Failure, Heartbeat, Mechanism, Peer, Zmtp};

/// When all tests begin.
pub static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A name and a number of ZMTP 2.0 for each socket type that tests use, and whom it talks to.
const KINDS: [(&str, u8, &[&str]); 10] = [
    ("PAIR", 0, &["PAIR"]),
    ("PUB", 1, &["SUB", "XSUB"]),
    ("SUB", 2, &["PUB", "XPUB"]),
    ("REQ", 3, &["REP", "ROUTER"]),
    ("REP", 4, &["REQ", "DEALER"]),
    ("DEALER", 5, &["REP", "DEALER", "ROUTER"]),
    ("ROUTER", 6, &["REQ", "DEALER", "ROUTER"]),
    ("PULL", 7, &["PUSH"]),
    ("PUSH", 8, &["PULL"]),
    ("XPUB", 9, &["SUB", "XSUB"]),
];

/// The configuration of a socket of this type with all defaults.
pub fn config(socket_type: &str) -> Config {
    let (socket_type, socket_code, peers) = match socket_type {
        "RADIO" => ("RADIO", 14, &["DISH"] as &[&str]),
        "DISH" => ("DISH", 15, &["RADIO"] as &[&str]),
        _ => *KINDS.iter().find(|kind| kind.0 == socket_type).unwrap(),
    };
    Config {
        socket_type,
        socket_code,
        peers,
        routing_id: Vec::new(),
        mechanism: Mechanism::Null,
        asks: false,
        legacy_allowed: true,
        max_msg_size: None,
        publishes: matches!(socket_type, "PUB" | "XPUB"),
        heartbeat: Heartbeat::default(),
        handshake_timeout: None,
        metadata: Vec::new(),
    }
}

/// A part to send.
pub fn part(body: &[u8], flags: u8) -> Msg {
    let mut msg = Msg::from_slice(body).unwrap();
    msg.set(flags);
    msg
}

/// What an event says, to be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    Ready(Peer),
    Part(Vec<u8>, u8),
    Asks(Credentials),
}

/// One end, with its buffers.
pub struct End {
    pub zmtp: Zmtp,
    pub input: RecvBuffer,
    pub out: SendBuffer,
    pub now: Instant,
    pub seen: Vec<Seen>,
    /// Whether large bodies are read straight into their room.
    pub direct: bool,
}

impl End {
    pub fn new(config: Config) -> End {
        let mut out = SendBuffer::new();
        End {
            zmtp: Zmtp::new(config, *START, &mut out),
            input: RecvBuffer::new(4096),
            out,
            now: *START,
            seen: Vec::new(),
            direct: true,
        }
    }

    /// An end that has just finished its handshake with a ZMTP 3.1 peer of this type.
    pub fn open(config: Config, peer: &str) -> End {
        let mut end = End::new(config);
        end.feed(&opening(1, peer)).unwrap();
        assert!(end.zmtp.is_ready());
        end.out.drain();
        end.seen.clear();
        end
    }

    /// Hands octets in as one read would, and collects all events.
    pub fn feed(&mut self, mut octets: &[u8]) -> Result<(), Failure> {
        while !octets.is_empty() {
            let count = match self.zmtp.body_room() {
                Some(mut room) if self.direct => {
                    assert!(!room.is_empty());
                    let count = room.put(octets);
                    self.zmtp.body_filled(count);
                    count
                }
                _ => {
                    let room = self.input.room().unwrap();
                    let count = room.len().min(octets.len());
                    room[..count].copy_from_slice(&octets[..count]);
                    self.input.filled(count);
                    count
                }
            };
            octets = &octets[count..];
            self.decode()?;
        }
        Ok(())
    }

    /// Collects all events.
    pub fn decode(&mut self) -> Result<(), Failure> {
        while let Some(event) = (self.zmtp).decode(&mut self.input, &mut self.out, self.now)? {
            self.see(event)?;
        }
        Ok(())
    }

    /// Keeps an event; work is done at once.
    pub fn see(&mut self, event: Event) -> Result<(), Failure> {
        self.seen.push(match event {
            Event::Ready(peer) => Seen::Ready(peer),
            Event::Authenticate(credentials) => Seen::Asks(credentials),
            Event::Message(msg) => Seen::Part(msg.data().to_vec(), msg.flags() & !flag::SHARED),
            Event::Work(work) => {
                assert!(self.zmtp.is_asking(), "nothing goes on without it");
                let event = (self.zmtp).worked(work.run(), &mut self.out, self.now)?;
                return event.map_or(Ok(()), |event| self.see(event));
            }
        });
        Ok(())
    }

    /// Hands octets in piece by piece.
    pub fn feed_in(&mut self, octets: &[u8], size: usize) -> Result<(), Failure> {
        octets.chunks(size).try_for_each(|piece| self.feed(piece))
    }

    /// The parts seen since the last call.
    pub fn parts(&mut self) -> Vec<(Vec<u8>, u8)> {
        (self.seen.drain(..))
            .filter_map(|seen| match seen {
                Seen::Part(body, flags) => Some((body, flags)),
                Seen::Ready(_) | Seen::Asks(_) => None,
            })
            .collect()
    }

    /// The peer of the one `Ready` seen so far.
    pub fn peer(&self) -> &Peer {
        match &self.seen[0] {
            Seen::Ready(peer) => peer,
            other => panic!("{other:?} before Ready"),
        }
    }
}

/// Lets two ends talk in pieces of these sizes until both have nothing left to say.
pub fn talk(a: &mut End, b: &mut End, sizes: (usize, usize)) -> Result<(), Failure> {
    let (mut to_b, mut to_a) = (Vec::new(), Vec::new());
    loop {
        to_b.append(&mut a.out.drain());
        to_a.append(&mut b.out.drain());
        if to_a.is_empty() && to_b.is_empty() {
            return Ok(());
        }
        let piece: Vec<u8> = to_b.drain(..sizes.0.min(to_b.len())).collect();
        b.feed(&piece)?;
        let piece: Vec<u8> = to_a.drain(..sizes.1.min(to_a.len())).collect();
        a.feed(&piece)?;
    }
}

/// The signature of a peer without a routing id.
pub const SIGNATURE: &[u8] = b"\xFF\0\0\0\0\0\0\0\x01\x7F";

/// A greeting of ZMTP 3.
pub fn greeting(major: u8, minor: u8, mechanism: &[u8]) -> Vec<u8> {
    let mut greeting = [SIGNATURE, &[major, minor], mechanism].concat();
    greeting.resize(64, 0);
    greeting
}

/// A short frame.
pub fn short(flags: u8, body: &[u8]) -> Vec<u8> {
    [&[flags, u8::try_from(body.len()).unwrap()], body].concat()
}

/// A property of a short name.
pub fn property(name: &str, value: &[u8]) -> Vec<u8> {
    let len = (value.len() as u32).to_be_bytes();
    [&[name.len() as u8], name.as_bytes(), &len, value].concat()
}

/// A READY with these properties, as a frame.
pub fn ready(properties: &[Vec<u8>]) -> Vec<u8> {
    short(4, &[b"\x05READY", properties.concat().as_slice()].concat())
}

/// All that a peer of ZMTP 3 says before its first message.
pub fn opening(minor: u8, socket_type: &str) -> Vec<u8> {
    let mut all = greeting(3, minor, b"NULL");
    all.extend(ready(&[property("Socket-Type", socket_type.as_bytes())]));
    all
}
