//! The peer's messages turned into frames of ZMTP.
//!
//! Invariant: whoever calls [`step`](Deframer::step) has the Zmtp look at all that the step before it
//! brought. So at most one frame waits here, and none larger than what a Zmtp wants whole.

use super::frame::{self, Mask, Opcode, code};
use super::{ZWS_COMMAND, ZWS_LAST, ZWS_MORE};
use crate::msg::{RecvBuffer, Room};
use crate::proto::frame::{COMMAND, DIRECT_FROM, LARGE, MORE};
use crate::proto::opening::MAX_COMMAND;
use crate::proto::{Failure, ProtocolError, Zmtp};

/// How much larger than the largest message what carries it may be: flags, and what commands and
/// boxes add. The Zmtp knows the exact limit.
const SLACK: u64 = 256;

/// See the module.
pub(super) struct Deframer {
    /// The peer is a server, which does not mask.
    from_server: bool,
    /// The largest message.
    max: u64,
    reading: Reading,
    /// The pieces of a message that comes in several frames.
    gathered: Option<Vec<u8>>,
    /// A frame of ZMTP, as far as it has come. Owns no memory while there is none.
    inner: RecvBuffer,
}

/// Where in the peer's frames we are.
#[derive(Clone, Copy)]
enum Reading {
    /// In front of one.
    Header,
    /// In the payload of one, or behind it.
    Payload(Payload),
}

/// The rest of a payload.
#[derive(Clone, Copy)]
struct Payload {
    left: u64,
    mask: Option<Mask>,
    to: To,
}

/// Where a payload goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum To {
    /// It is the body of a frame of ZMTP.
    Body,
    /// It is a piece of a message, and not the last one.
    Piece,
    /// It is the last piece of a message.
    LastPiece,
}

/// What a step brought.
pub(super) enum Step {
    /// Nothing: more octets are needed.
    More,
    /// Something to look at, or some way towards that.
    Taken,
    /// A control frame.
    Control { opcode: Opcode, payload: Control },
}

/// The payload of a control frame, unmasked.
pub(super) struct Control {
    octets: [u8; frame::MAX_CONTROL],
    len: usize,
}

impl Control {
    pub(super) fn octets(&self) -> &[u8] {
        &self.octets[..self.len]
    }
}

/// What the peer did wrong, and the close code that says so.
pub(super) struct Mistake {
    pub(super) failure: Failure,
    pub(super) code: u16,
}

impl<E: Into<Failure>> From<E> for Mistake {
    fn from(failure: E) -> Mistake {
        Mistake {
            failure: failure.into(),
            code: code::PROTOCOL,
        }
    }
}

const MALFORMED: ProtocolError = ProtocolError::WsUnspecified;

impl Deframer {
    pub(super) fn new(from_server: bool, max: u64) -> Deframer {
        Deframer {
            from_server,
            max,
            reading: Reading::Header,
            gathered: None,
            inner: RecvBuffer::new(0),
        }
    }

    /// What the Zmtp is to decode.
    pub(super) fn frames(&mut self) -> &mut RecvBuffer {
        &mut self.inner
    }

    /// Lets go of memory that nothing is in.
    pub(super) fn rest(&mut self) {
        if self.inner.is_empty() {
            self.inner = RecvBuffer::new(0);
        }
    }

    /// Lets go of everything.
    pub(super) fn forget(&mut self) {
        self.gathered = None;
        self.inner = RecvBuffer::new(0);
    }

    /// Takes the next frame, or as much of it as is there.
    pub(super) fn step(
        &mut self,
        input: &mut RecvBuffer,
        zmtp: &mut Zmtp,
    ) -> Result<Step, Mistake> {
        match self.reading {
            Reading::Header => self.begin(input, zmtp),
            Reading::Payload(payload) => self.go_on(payload, input, zmtp),
        }
    }

    /// Where the rest of a large body may be read to.
    pub(super) fn body_room<'a>(&self, zmtp: &'a mut Zmtp) -> Option<Room<'a>> {
        let Reading::Payload(Payload {
            left, to: To::Body, ..
        }) = self.reading
        else {
            return None;
        };
        let room = zmtp.body_room()?;
        let room = room.limit(usize::try_from(left).unwrap_or(usize::MAX));
        (!room.is_empty()).then_some(room)
    }

    /// Says that so many octets were read into the room, masked if they came so.
    pub(super) fn body_filled(&mut self, zmtp: &mut Zmtp, count: usize) {
        if let Reading::Payload(payload) = &mut self.reading {
            let filled = zmtp.body_filled(count);
            if let Some(mask) = &mut payload.mask {
                mask.apply(filled);
            }
            payload.left = payload.left.saturating_sub(count as u64);
            if payload.left == 0 {
                self.reading = Reading::Header;
            }
        }
    }

    /// Begins a frame.
    fn begin(&mut self, input: &mut RecvBuffer, zmtp: &mut Zmtp) -> Result<Step, Mistake> {
        let header = frame::header(input.unread()).map_err(|_| MALFORMED)?;
        let Some(header) = header else {
            return Ok(Step::More);
        };
        // RFC 6455, 5.1: clients mask, servers do not.
        if header.mask.is_some() == self.from_server {
            return Err(MALFORMED.into());
        }
        match (header.opcode, &self.gathered) {
            (Opcode::Close | Opcode::Ping | Opcode::Pong, _) => {
                return Ok(control(&header, input));
            }
            (Opcode::Text, _) => {
                return Err(Mistake {
                    failure: MALFORMED.into(),
                    code: code::UNSUPPORTED,
                });
            }
            (Opcode::Continuation, None) | (Opcode::Binary, Some(_)) => {
                return Err(MALFORMED.into());
            }
            (Opcode::Binary, None) if header.is_final => {
                return self.begin_message(&header, input, zmtp);
            }
            (Opcode::Binary, None) | (Opcode::Continuation, Some(_)) => {}
        }
        let most = if zmtp.during_handshake() {
            MAX_COMMAND as u64 + 1
        } else {
            self.max.saturating_add(SLACK)
        };
        let so_far = self.gathered.get_or_insert_default().len() as u64;
        if so_far.saturating_add(header.len) > most {
            return Err(Failure::TooLarge.into());
        }
        input.advance(header.size);
        let payload = Payload {
            left: header.len,
            mask: header.mask,
            to: if header.is_final {
                To::LastPiece
            } else {
                To::Piece
            },
        };
        self.reading = Reading::Payload(payload);
        Ok(Step::Taken)
    }

    /// Begins a message of one frame: what is behind its flags goes to the Zmtp as it comes.
    fn begin_message(
        &mut self,
        header: &frame::Header,
        input: &mut RecvBuffer,
        zmtp: &mut Zmtp,
    ) -> Result<Step, Mistake> {
        let left = header.len.checked_sub(1).ok_or(MALFORMED)?;
        let Some(&flags) = input.unread().get(header.size) else {
            return Ok(Step::More);
        };
        let (mut flags, mut mask) = ([flags], header.mask);
        if let Some(mask) = &mut mask {
            mask.apply(&mut flags);
        }
        self.put_head(flags[0], left)?;
        input.advance(header.size + 1);
        let payload = Payload {
            left,
            mask,
            to: To::Body,
        };
        self.reading = Reading::Payload(payload);
        // The Zmtp gives a large body memory of its own once it knows of it: copied once less.
        if left <= DIRECT_FROM as u64 || left <= input.len() as u64 {
            self.go_on(payload, input, zmtp)?;
        }
        Ok(Step::Taken)
    }

    /// The head of a frame of ZMTP, for one of ZWS with these flags.
    fn put_head(&mut self, flags: u8, len: u64) -> Result<(), Mistake> {
        let flags = match flags {
            ZWS_LAST => 0,
            ZWS_MORE => MORE,
            ZWS_COMMAND => COMMAND,
            _ => return Err(MALFORMED.into()),
        };
        match u8::try_from(len) {
            Ok(short) => self.inner.append(&[flags, short])?,
            Err(_) => {
                let mut head = [flags | LARGE; 9];
                head[1..].copy_from_slice(&len.to_be_bytes());
                self.inner.append(&head)?;
            }
        }
        Ok(())
    }

    /// Takes the rest of a payload, or as much of it as is there.
    fn go_on(
        &mut self,
        mut payload: Payload,
        input: &mut RecvBuffer,
        zmtp: &mut Zmtp,
    ) -> Result<Step, Mistake> {
        let left = usize::try_from(payload.left).unwrap_or(usize::MAX);
        let mut count = input.len().min(left);
        if count == 0 && left > 0 {
            return Ok(Step::More);
        }
        let octets = &input.unread()[..count];
        let mut unmask = |copied: &mut [u8]| {
            if let Some(mask) = &mut payload.mask {
                mask.apply(copied);
            }
        };
        if payload.to != To::Body {
            let gathered = self.gathered.get_or_insert_default();
            let start = gathered.len();
            (gathered.try_reserve(count)).map_err(|_| Failure::NoMemory)?;
            gathered.extend_from_slice(octets);
            unmask(&mut gathered[start..]);
        } else if let Some(mut room) = zmtp.body_room() {
            count = room.put(octets);
            unmask(zmtp.body_filled(count));
        } else {
            self.inner.append(octets)?;
            let unread = self.inner.unread_mut();
            let start = unread.len() - count;
            unmask(&mut unread[start..]);
        }
        input.advance(count);
        payload.left -= count as u64;
        self.reading = if payload.left > 0 {
            Reading::Payload(payload)
        } else {
            if payload.to == To::LastPiece {
                self.hand_over()?;
            }
            Reading::Header
        };
        Ok(Step::Taken)
    }

    /// The last piece of a message has come.
    fn hand_over(&mut self) -> Result<(), Mistake> {
        let gathered = self.gathered.take().unwrap_or_default();
        let (&flags, body) = gathered.split_first().ok_or(MALFORMED)?;
        self.put_head(flags, body.len() as u64)?;
        self.inner.append(body)?;
        Ok(())
    }
}

/// Takes a control frame, once it is whole.
fn control(header: &frame::Header, input: &mut RecvBuffer) -> Step {
    let len = header.len as usize;
    let Some(masked) = input.unread().get(header.size..header.size + len) else {
        return Step::More;
    };
    let mut octets = [0; frame::MAX_CONTROL];
    octets[..len].copy_from_slice(masked);
    if let Some(mut mask) = header.mask {
        mask.apply(&mut octets[..len]);
    }
    input.advance(header.size + len);
    Step::Control {
        opcode: header.opcode,
        payload: Control { octets, len },
    }
}
