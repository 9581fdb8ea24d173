//! Frames of WebSocket (RFC 6455, 5.2): a head, perhaps a mask, a payload.
//!
//! Invariant: what a head announces is not believed, only passed on; a mask is applied octet by
//! octet at the place where the octet stands in its payload, however the payload was cut.

use crate::msg::SendBuffer;

/// The frame ends its message.
const FIN: u8 = 0x80;
/// Bits for extensions, of which we speak none.
const RESERVED: u8 = 0x70;
/// The payload is masked.
const MASKED: u8 = 0x80;
/// The largest payload of a control frame.
pub const MAX_CONTROL: usize = 125;

/// The close codes that we say (RFC 6455, 7.4.1), and those that a peer may.
pub mod code {
    /// All was said.
    pub const NORMAL: u16 = 1000;
    /// The peer broke the protocol.
    pub const PROTOCOL: u16 = 1002;
    /// The peer sent text, which means nothing here.
    pub const UNSUPPORTED: u16 = 1003;
    /// The peer is not let in.
    pub const POLICY: u16 = 1008;
    /// The peer's message is too large.
    pub const TOO_LARGE: u16 = 1009;

    /// Whether a peer may give this code: one that is registered (1012 to 1014 are, later than the
    /// RFC), or of those that libraries and applications make up (RFC 6455, 7.4.2). 1005 and 1006
    /// tell what was not said.
    pub fn may_be_said(code: u16) -> bool {
        matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// A further piece of a message.
    Continuation = 0,
    /// The first piece of a text.
    Text = 1,
    /// The first piece of octets.
    Binary = 2,
    /// The peer ends the connection.
    Close = 8,
    /// The peer wants its payload back.
    Ping = 9,
    /// The answer to a ping.
    Pong = 10,
}

impl Opcode {
    /// Whether the frame stands for itself, between the pieces of a message too.
    pub fn is_control(self) -> bool {
        self as u8 & 8 != 0
    }
}

/// What stands in front of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Whether the frame ends its message.
    pub is_final: bool,
    /// What it is.
    pub opcode: Opcode,
    /// The mask of the payload, if it has one.
    pub mask: Option<Mask>,
    /// The size of the head itself.
    pub size: usize,
    /// The size of the payload.
    pub len: u64,
}

/// Octets that are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// Reads a head; `None` if it is not whole yet.
///
/// Reserved bits, opcodes that nobody defined, control frames in pieces or with more than
/// [`MAX_CONTROL`] octets, and lengths of 2^63 or more are errors. A long form for a short length
/// is not.
pub fn header(octets: &[u8]) -> Result<Option<Header>, Malformed> {
    let Some(&first) = octets.first() else {
        return Ok(None);
    };
    if first & RESERVED != 0 {
        return Err(Malformed);
    }
    let is_final = first & FIN != 0;
    let opcode = match first & 0x0F {
        0 => Opcode::Continuation,
        1 => Opcode::Text,
        2 => Opcode::Binary,
        8 => Opcode::Close,
        9 => Opcode::Ping,
        10 => Opcode::Pong,
        _ => return Err(Malformed),
    };
    let Some(&second) = octets.get(1) else {
        return Ok(None);
    };
    let short = second & !MASKED;
    if opcode.is_control() && (!is_final || usize::from(short) > MAX_CONTROL) {
        return Err(Malformed);
    }
    let rest = &octets[2..];
    let (len, rest) = match short {
        126 => match rest.split_first_chunk() {
            Some((len, rest)) => (u16::from_be_bytes(*len).into(), rest),
            None => return Ok(None),
        },
        127 => match rest.split_first_chunk() {
            Some((len, rest)) => (u64::from_be_bytes(*len), rest),
            None => return Ok(None),
        },
        len => (len.into(), rest),
    };
    if len > i64::MAX as u64 {
        return Err(Malformed);
    }
    let (mask, rest) = if second & MASKED == 0 {
        (None, rest)
    } else {
        match rest.split_first_chunk() {
            Some((mask, rest)) => (Some(Mask(*mask)), rest),
            None => return Ok(None),
        }
    };
    Ok(Some(Header {
        is_final,
        opcode,
        mask,
        size: octets.len() - rest.len(),
        len,
    }))
}

/// Writes the head of a frame that is a message of its own.
pub fn put_header(opcode: Opcode, len: usize, mask: Option<Mask>, out: &mut SendBuffer) {
    let mut head = [0; 14];
    head[0] = FIN | opcode as u8;
    let mut size = match len {
        0..126 => {
            head[1] = len as u8;
            2
        }
        126..0x1_0000 => {
            head[1] = 126;
            head[2..4].copy_from_slice(&(len as u16).to_be_bytes());
            4
        }
        _ => {
            head[1] = 127;
            head[2..10].copy_from_slice(&(len as u64).to_be_bytes());
            10
        }
    };
    if let Some(Mask(mask)) = mask {
        head[1] |= MASKED;
        head[size..size + 4].copy_from_slice(&mask);
        size += 4;
    }
    out.extend(&head[..size]);
}

/// Writes a control frame; what is beyond [`MAX_CONTROL`] octets is left out.
pub fn put_control(opcode: Opcode, payload: &[u8], mask: Option<Mask>, out: &mut SendBuffer) {
    let mut copy = [0; MAX_CONTROL];
    let len = payload.len().min(MAX_CONTROL);
    copy[..len].copy_from_slice(&payload[..len]);
    put_header(opcode, len, mask, out);
    if let Some(mut mask) = mask {
        mask.apply(&mut copy[..len]);
    }
    out.extend(&copy[..len]);
}

/// Four octets that a payload is masked with again and again (RFC 6455, 5.3), turned so that the
/// first is the next one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mask([u8; 4]);

impl Mask {
    /// These four octets.
    pub fn new(octets: [u8; 4]) -> Mask {
        Mask(octets)
    }

    /// Masks or unmasks the next octets of a payload.
    pub fn apply(&mut self, octets: &mut [u8]) {
        let [a, b, c, d] = self.0;
        let eight = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
        let mut chunks = octets.chunks_exact_mut(8);
        for chunk in &mut chunks {
            if let Some(chunk) = chunk.first_chunk_mut::<8>() {
                *chunk = (u64::from_ne_bytes(*chunk) ^ eight).to_ne_bytes();
            }
        }
        for (octet, mask) in chunks
            .into_remainder()
            .iter_mut()
            .zip(self.0.iter().cycle())
        {
            *octet ^= mask;
        }
        self.0.rotate_left(octets.len() % 4);
    }
}
