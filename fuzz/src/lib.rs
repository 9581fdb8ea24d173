//! What all fuzz targets share: an input in three parts, and one end of a conversation.
//!
//! Invariant: a target fails (by a panic) whenever what comes out depends on how octets were cut,
//! or more memory is asked for than arrived.
//!
//! An input is `kind, count, cut × count, octets …`: the kind selects a socket, the cuts say how
//! the octets are handed in (the low four bits of `count` count).

pub mod web;

use std::time::{Duration, Instant};

use zmq::msg::{Msg, RecvBuffer, SendBuffer, flag};
use zmq::proto::frame::FIRST_ALLOCATION;
use zmq::proto::groups::LONGEST;
use zmq::proto::zap::Status;
use zmq::proto::{Config, Event, Failure, Heartbeat, Mechanism, Peer, Zmtp};

/// An input taken apart.
pub struct Input<'a> {
    /// Selects the configuration.
    pub kind: u8,
    /// The sizes of the first pieces; the rest comes in one.
    pub cuts: &'a [u8],
    /// What the peer says.
    pub octets: &'a [u8],
}

impl<'a> Input<'a> {
    /// Takes an input apart; `None` if it is too short for that.
    pub fn new(data: &'a [u8]) -> Option<Input<'a>> {
        let (&[kind, count], rest) = data.split_first_chunk()?;
        let (cuts, octets) = rest.split_at_checked(usize::from(count & 15))?;
        Some(Input { kind, cuts, octets })
    }

    /// The octets in pieces.
    pub fn pieces(&self) -> Vec<&'a [u8]> {
        let mut rest = self.octets;
        let mut pieces = Vec::new();
        for &cut in self.cuts {
            let (piece, later) = rest.split_at(usize::from(cut).min(rest.len()));
            pieces.push(piece);
            rest = later;
        }
        pieces.push(rest);
        pieces
    }
}

/// Which socket a kind selects.
fn place(kind: u8) -> usize {
    if kind & 64 == 0 {
        usize::from(kind & 3)
    } else {
        4
    }
}

/// A configuration for each value of the low bits of a kind.
pub fn config(kind: u8) -> Config {
    const KINDS: [(&str, u8, &[&str]); 5] = [
        ("XPUB", 9, &["SUB", "XSUB"]),
        ("ROUTER", 6, &["REQ", "DEALER", "ROUTER"]),
        ("PULL", 7, &["PUSH"]),
        ("RADIO", 14, &["DISH"]),
        ("DISH", 15, &["RADIO"]),
    ];
    let (socket_type, socket_code, peers) = KINDS[place(kind)];
    Config {
        socket_type,
        socket_code,
        peers,
        routing_id: if kind & 4 == 0 {
            Vec::new()
        } else {
            b"fuzz".to_vec()
        },
        mechanism: Mechanism::Null,
        asks: false,
        legacy_allowed: kind & 8 == 0,
        max_msg_size: (kind & 16 != 0).then_some(300),
        publishes: socket_type == "XPUB",
        heartbeat: Heartbeat {
            interval: (kind & 32 != 0).then_some(Duration::from_millis(100)),
            ttl_deciseconds: 3,
            timeout: Duration::from_millis(250),
        },
        handshake_timeout: Some(Duration::from_secs(30)),
        metadata: vec![("X-fuzz".to_owned(), b"yes".to_vec())],
    }
}

/// A peer of the selected socket.
pub fn peer_of(kind: u8) -> &'static str {
    ["SUB", "DEALER", "PUSH", "DISH", "RADIO"][place(kind)]
}

/// The greeting of a ZMTP 3.1 peer that uses this mechanism.
pub fn greeting(mechanism: &str) -> Vec<u8> {
    let mut all = b"\xFF\0\0\0\0\0\0\0\x01\x7F\x03\x01".to_vec();
    all.extend(mechanism.as_bytes());
    all.resize(64, 0);
    all
}

/// All that a ZMTP 3 peer of this type says before its first message.
pub fn opening(socket_type: &str, minor: u8) -> Vec<u8> {
    let mut all = b"\xFF\0\0\0\0\0\0\0\x01\x7F\x03".to_vec();
    all.push(minor);
    all.extend(b"NULL");
    all.resize(64, 0);
    let socket_type = socket_type.as_bytes();
    let (command, value) = (22 + socket_type.len(), socket_type.len());
    all.extend([4, command as u8]);
    all.extend(b"\x05READY\x0BSocket-Type\0\0\0");
    all.push(value as u8);
    all.extend(socket_type);
    all
}

/// What came out of a conversation.
#[derive(Debug, Default, PartialEq)]
pub struct Outcome {
    /// The peer, once ready.
    pub peer: Option<Peer>,
    /// All parts, with their marks.
    pub parts: Vec<(Vec<u8>, u8)>,
    /// All that was answered.
    pub answers: Vec<u8>,
    /// How it ended, if it did.
    pub failure: Option<Failure>,
}

/// One end of a conversation, at a standing clock.
pub struct End {
    zmtp: Zmtp,
    input: RecvBuffer,
    out: SendBuffer,
    now: Instant,
    received: usize,
    /// What comes are groups with bodies.
    in_groups: bool,
    outcome: Outcome,
}

impl End {
    /// An end that has said its first words.
    pub fn new(config: Config, now: Instant) -> End {
        let mut out = SendBuffer::new();
        End {
            in_groups: config.socket_type == "DISH",
            zmtp: Zmtp::new(config, now, &mut out),
            input: RecvBuffer::new(4096),
            out,
            now,
            received: 0,
            outcome: Outcome::default(),
        }
    }

    /// Hands octets in, and checks what has to hold after each step.
    pub fn feed(&mut self, mut octets: &[u8]) {
        while !octets.is_empty() && self.outcome.failure.is_none() {
            let direct = self.zmtp.body_room().map(|mut room| {
                assert!(!room.is_empty());
                assert!(room.len() <= FIRST_ALLOCATION.max(self.received));
                room.put(octets)
            });
            let count = match direct {
                Some(count) => {
                    self.zmtp.body_filled(count);
                    count
                }
                None => {
                    let room = self.input.room().expect("memory for a receive buffer");
                    let count = room.len().min(octets.len());
                    room[..count].copy_from_slice(&octets[..count]);
                    self.input.filled(count);
                    count
                }
            };
            self.received += count;
            octets = &octets[count..];
            self.decode();
            self.outcome.answers.append(&mut self.out.drain());
        }
    }

    fn decode(&mut self) {
        loop {
            match self.zmtp.decode(&mut self.input, &mut self.out, self.now) {
                Ok(None) => return,
                Ok(Some(Event::Ready(peer))) => {
                    assert!(self.zmtp.is_ready() && !self.zmtp.during_handshake());
                    assert_eq!(self.outcome.peer.replace(peer), None, "ready twice");
                }
                Ok(Some(Event::Authenticate(_))) => {
                    assert!(self.zmtp.is_asking() && self.outcome.peer.is_none());
                    let (out, now) = (&mut self.out, self.now);
                    match self.zmtp.answered(Status::Success, out, now) {
                        Ok(Some(Event::Ready(peer))) => self.outcome.peer = Some(peer),
                        Ok(_) => {}
                        Err(failure) => {
                            self.outcome.failure = Some(failure);
                            return;
                        }
                    }
                }
                Ok(Some(Event::Work(_))) => panic!("no mechanism here has to wait"),
                Ok(Some(Event::Message(msg))) => {
                    if self.in_groups {
                        let is_group = self.outcome.parts.len() % 2 == 0;
                        assert_eq!(msg.more(), is_group, "a group and one body");
                        assert!(!is_group || msg.data().len() <= LONGEST);
                    }
                    assert!(
                        self.outcome.peer.is_some(),
                        "a part before the handshake was over"
                    );
                    let known = flag::MORE | flag::SUBSCRIBE | flag::CANCEL | flag::COMMAND;
                    assert_eq!(msg.flags() & !known, 0);
                    self.outcome.parts.push((msg.data().to_vec(), msg.flags()));
                }
                Err(failure) => {
                    assert!(!self.zmtp.is_ready());
                    assert_eq!(self.zmtp.deadline(), None);
                    self.outcome.failure = Some(failure);
                    return;
                }
            }
        }
    }

    /// Sends a part; ignored unless the conversation is open.
    pub fn send(&mut self, body: &[u8], flags: u8) {
        if self.zmtp.is_ready()
            && let Ok(mut msg) = Msg::from_slice(body)
        {
            msg.set(flags);
            self.zmtp.encode(msg, &mut self.out);
        }
    }

    /// Lets time go by up to each deadline, at most `count` times.
    pub fn tick(&mut self, count: usize) {
        for _ in 0..count {
            let Some(deadline) = self.zmtp.deadline() else {
                return;
            };
            assert!(deadline >= self.now, "a deadline in the past");
            self.now = deadline;
            if let Err(failure) = self.zmtp.handle_timeout(self.now, &mut self.out) {
                self.outcome.failure = Some(failure);
                return;
            }
            assert!(
                self.zmtp.deadline().is_none_or(|next| next > self.now),
                "no progress"
            );
        }
    }

    /// What waits to be written.
    pub fn take_output(&mut self) -> Vec<u8> {
        self.out.drain()
    }

    /// What was answered, and what waits to be written.
    pub fn take_answers(&mut self) -> Vec<u8> {
        let mut all = std::mem::take(&mut self.outcome.answers);
        all.append(&mut self.out.drain());
        all
    }

    /// What came out so far.
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }
}

/// Hands the octets in, whole and in pieces, after a head that goes in at once. Fails if that makes
/// a difference; returns the end that was fed in pieces.
pub fn converse(config: &Config, head: &[u8], input: &Input<'_>) -> End {
    let now = Instant::now();
    let mut whole = End::new(config.clone(), now);
    whole.feed(head);
    whole.feed(input.octets);
    let mut pieces = End::new(config.clone(), now);
    pieces.feed(head);
    for piece in input.pieces() {
        pieces.feed(piece);
    }
    assert_eq!(whole.outcome, pieces.outcome, "it depends on the pieces");
    pieces
}
