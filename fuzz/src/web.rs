//! One end of a conversation over WebSocket.
//!
//! Invariant: as in [the crate](crate): how octets were cut makes no difference.

use std::time::Instant;

use zmq::msg::{Msg, RecvBuffer, SendBuffer};
use zmq::proto::frame::FIRST_ALLOCATION;
use zmq::proto::ws::frame::{self, Mask, Opcode};
use zmq::proto::ws::upgrade::{self, Outcome};
use zmq::proto::ws::{Side, Ws};
use zmq::proto::zap::Status;
use zmq::proto::{Config, Event, Failure};

/// What is to be the same however the octets are cut.
#[derive(Debug, Default, PartialEq)]
pub struct Seen {
    /// The peer is known: its routing id.
    pub peer: Option<Vec<u8>>,
    /// What came out.
    pub parts: Vec<(Vec<u8>, u8)>,
    /// How it ended.
    pub failure: Option<Failure>,
    /// What was said, without masks.
    pub answers: Vec<u8>,
}

/// An end, with its buffers.
pub struct End {
    ws: Ws,
    input: RecvBuffer,
    out: SendBuffer,
    now: Instant,
    received: usize,
    /// What was seen.
    pub seen: Seen,
}

impl End {
    /// A client or a server that has been told nothing.
    pub fn new(config: Config, is_client: bool, now: Instant) -> End {
        let mut out = SendBuffer::new();
        let side = if is_client {
            Side::Client {
                host: "fuzz:1".to_owned(),
                path: "/".to_owned(),
            }
        } else {
            Side::Server
        };
        End {
            ws: Ws::new(config, &side, now, &mut out),
            input: RecvBuffer::new(4096),
            out,
            now,
            received: 0,
            seen: Seen::default(),
        }
    }

    /// An end that is through with the upgrade, to ZWS with or without a mechanism.
    pub fn upgraded(config: &Config, is_client: bool, bare: bool, now: Instant) -> End {
        let mut end = End::new(config.clone(), is_client, now);
        if is_client {
            let request = end.out.drain();
            let Outcome::Done { response, .. } = upgrade::serve(&request, config) else {
                panic!("our own request is refused");
            };
            let response = match bare {
                true => response.replace("ZWS2.0/NULL", "ZWS2.0"),
                false => response,
            };
            end.feed(response.as_bytes());
        } else {
            let name = if bare { "ZWS2.0" } else { "ZWS2.0/NULL" };
            let request = format!(
                "GET / HTTP/1.1\r\nHost: fuzz:1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\
                 Sec-WebSocket-Protocol: {name}\r\nSec-WebSocket-Version: 13\r\n\r\n"
            );
            end.feed(request.as_bytes());
        }
        assert_eq!(end.seen.failure, None);
        end.take_output();
        end
    }

    /// Hands octets in, and takes out all that comes of them.
    pub fn feed(&mut self, mut octets: &[u8]) {
        while !octets.is_empty() && self.seen.failure.is_none() {
            let count = match self.ws.body_room() {
                Some(mut room) => {
                    assert!(!room.is_empty());
                    assert!(room.len() <= FIRST_ALLOCATION.max(self.received));
                    let count = room.put(octets);
                    self.ws.body_filled(count);
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
        }
    }

    fn decode(&mut self) {
        loop {
            let event = self.ws.decode(&mut self.input, &mut self.out, self.now);
            let event = match event {
                Ok(Some(Event::Authenticate(_))) => {
                    self.ws.answered(Status::Success, &mut self.out, self.now)
                }
                event => event,
            };
            match event {
                Ok(None) if self.ws.is_asking() => {}
                Ok(None) => return,
                Ok(Some(Event::Ready(peer))) => {
                    assert!(self.ws.is_ready() && !self.ws.during_handshake());
                    let before = self.seen.peer.replace(peer.routing_id);
                    assert_eq!(before, None, "ready twice");
                }
                Ok(Some(Event::Message(msg))) => {
                    assert!(self.seen.peer.is_some(), "a part before the handshake");
                    (self.seen.parts).push((msg.data().to_vec(), msg.flags()));
                }
                Ok(Some(Event::Authenticate(_))) => panic!("asked twice at once"),
                Ok(Some(Event::Work(_))) => panic!("no mechanism here has to wait"),
                Err(failure) => {
                    assert!(!self.ws.is_ready());
                    assert_eq!(self.ws.deadline(), None);
                    self.seen.failure = Some(failure);
                    return;
                }
            }
        }
    }

    /// Sends a part; ignored unless the conversation is open.
    pub fn send(&mut self, body: &[u8], flags: u8) {
        if self.ws.is_ready()
            && let Ok(mut msg) = Msg::from_slice(body)
        {
            msg.set(flags);
            self.ws.encode(msg, &mut self.out);
        }
    }

    /// What waits to be written.
    pub fn take_output(&mut self) -> Vec<u8> {
        self.out.drain()
    }

    /// What was seen, with what was said in frames since the upgrade.
    pub fn finish(mut self) -> Seen {
        self.seen.answers = unmasked(&self.take_output());
        self.seen
    }
}

/// Frames as they would be without masks. All of them are whole, for we wrote them.
pub fn unmasked(mut wire: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    while !wire.is_empty() {
        let header = frame::header(wire)
            .expect("a frame of our own")
            .expect("a whole one");
        let end = header.size + header.len as usize;
        all.push(wire[0]);
        let mut payload = wire[header.size..end].to_vec();
        if let Some(mut mask) = header.mask {
            mask.apply(&mut payload);
        }
        all.append(&mut payload);
        wire = &wire[end..];
    }
    all
}

/// A frame of one octet of flags and a body, as a server or a client sends it.
pub fn message(payload: &[u8], masked: bool) -> Vec<u8> {
    let mut out = SendBuffer::new();
    let mask = masked.then(|| Mask::new([1, 2, 3, 4]));
    frame::put_header(Opcode::Binary, payload.len(), mask, &mut out);
    let mut wire = out.drain();
    let start = wire.len();
    wire.extend_from_slice(payload);
    if let Some(mut mask) = mask {
        mask.apply(&mut wire[start..]);
    }
    wire
}
