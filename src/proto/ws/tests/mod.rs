//! WebSocket in memory: frames, the upgrade, and whole conversations with every way to cut octets.

mod conversation;
mod frames;
mod rules;
mod upgrade;
mod violations;

use std::time::Instant;

use super::frame::{self, Mask, Opcode};
use super::{Side, Ws};
use crate::msg::{RecvBuffer, SendBuffer};
use crate::proto::tests::pair::{START, Seen, part};
use crate::proto::zap::Status;
use crate::proto::{Config, Event, Failure};

/// One end, with its buffers.
struct End {
    ws: Ws,
    input: RecvBuffer,
    out: SendBuffer,
    now: Instant,
    seen: Vec<Seen>,
    /// What a ZAP handler says of any peer.
    verdict: Status,
    /// Whether large bodies are read straight into their room.
    direct: bool,
}

impl End {
    fn new(config: Config, side: &Side) -> End {
        let mut out = SendBuffer::new();
        End {
            ws: Ws::new(config, side, *START, &mut out),
            input: RecvBuffer::new(4096),
            out,
            now: *START,
            seen: Vec::new(),
            verdict: Status::Success,
            direct: true,
        }
    }

    fn client(config: Config) -> End {
        let side = Side::Client {
            host: "example.org:5555".to_owned(),
            path: "/zeromq".to_owned(),
        };
        End::new(config, &side)
    }

    /// A server whose client asked for this protocol, with nothing in its output.
    fn upgraded(config: Config, protocol: &str) -> End {
        let mut end = End::new(config, &Side::Server);
        end.feed(request(protocol).as_bytes()).unwrap();
        end.out.drain();
        end
    }

    /// A server that is through with the handshake of a client of this type.
    fn open(config: Config, peer: &str) -> End {
        let mut end = End::upgraded(config, "ZWS2.0/NULL");
        end.feed(&ready(peer)).unwrap();
        assert!(end.ws.is_ready() && !end.ws.during_handshake());
        end.out.drain();
        end.seen.clear();
        end
    }

    /// Hands octets in as one read would, and collects all events.
    fn feed(&mut self, mut octets: &[u8]) -> Result<(), Failure> {
        while !octets.is_empty() {
            let count = match self.ws.body_room() {
                Some(mut room) if self.direct => {
                    assert!(!room.is_empty());
                    let count = room.put(octets);
                    self.ws.body_filled(count);
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

    fn decode(&mut self) -> Result<(), Failure> {
        while let Some(event) = (self.ws).decode(&mut self.input, &mut self.out, self.now)? {
            self.see(event)?;
        }
        Ok(())
    }

    fn see(&mut self, event: Event) -> Result<(), Failure> {
        match event {
            Event::Ready(peer) => self.seen.push(Seen::Ready(peer)),
            Event::Message(msg) => {
                (self.seen).push(Seen::Part(msg.data().to_vec(), msg.flags()));
            }
            Event::Work(work) => {
                assert!(self.ws.is_asking());
                let event = self.ws.worked(work.run(), &mut self.out, self.now)?;
                return event.map_or(Ok(()), |event| self.see(event));
            }
            Event::Authenticate(credentials) => {
                self.seen.push(Seen::Asks(credentials));
                assert!(self.ws.is_asking());
                let answered = self.ws.answered(self.verdict, &mut self.out, self.now);
                if let Some(event) = answered? {
                    self.see(event)?;
                }
            }
        }
        Ok(())
    }

    fn send(&mut self, body: &[u8], flags: u8) {
        self.ws.encode(part(body, flags), &mut self.out);
    }

    /// The parts that were seen.
    fn parts(&self) -> Vec<(&[u8], u8)> {
        (self.seen.iter())
            .filter_map(|seen| match seen {
                Seen::Part(body, flags) => Some((body.as_slice(), *flags)),
                _ => None,
            })
            .collect()
    }
}

/// A browser's request, with the key of RFC 45.
fn request(protocols: &str) -> String {
    format!(
        "GET /any HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\
         Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\
         Sec-WebSocket-Protocol: {protocols}\r\nSec-WebSocket-Version: 13\r\n\
         Origin: http://example.com\r\n\r\n"
    )
}

/// A frame of a client's.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    frame_with(first, payload, Some([0x37, 0xFA, 0x21, 0x3D]))
}

/// A frame, by its first octet; lengths in their shortest form.
fn frame_with(first: u8, payload: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    let mut out = SendBuffer::new();
    let mask = mask.map(Mask::new);
    frame::put_header(Opcode::Binary, payload.len(), mask, &mut out);
    let mut wire = out.drain();
    wire[0] = first;
    let start = wire.len();
    wire.extend_from_slice(payload);
    if let Some(mut mask) = mask {
        mask.apply(&mut wire[start..]);
    }
    wire
}

/// The READY of a client of this type.
fn ready(socket_type: &str) -> Vec<u8> {
    let len = [0, 0, 0, socket_type.len() as u8];
    let body = [
        b"\x02\x05READY\x0bSocket-Type",
        &len[..],
        socket_type.as_bytes(),
    ];
    masked(0x82, &body.concat())
}

/// Takes frames apart: first octet, unmasked payload, whether it was masked.
fn frames(mut wire: &[u8]) -> Vec<(u8, Vec<u8>, bool)> {
    let mut all = Vec::new();
    while !wire.is_empty() {
        let header = frame::header(wire).unwrap().unwrap();
        let end = header.size + header.len as usize;
        let mut payload = wire[header.size..end].to_vec();
        if let Some(mut mask) = header.mask {
            mask.apply(&mut payload);
        }
        all.push((wire[0], payload, header.mask.is_some()));
        wire = &wire[end..];
    }
    all
}
