//! Frames of ZMTP 2.0 and later: flags, a length of one or eight octets, a body.
//!
//! Invariant: an announced length is not believed. Memory for a body grows with the octets that
//! really came, from [`FIRST_ALLOCATION`] on.

use super::{Failure, ProtocolError};
use crate::msg::{Msg, RecvBuffer, Room, SendBuffer, flag};

/// Further frames of the same message follow.
pub const MORE: u8 = 0x01;
/// The length takes eight octets.
pub const LARGE: u8 = 0x02;
/// The body is a command.
pub const COMMAND: u8 = 0x04;

/// Bodies that are not whole in the receive buffer, and larger than this, get memory of their own.
pub const DIRECT_FROM: usize = 8 * 1024;
/// The most that is allocated for a body before any of it arrived.
pub const FIRST_ALLOCATION: usize = 4 * 1024 * 1024;

const _: () = assert!(MORE == flag::MORE);

/// What stands in front of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// `MORE` and `COMMAND`.
    pub flags: u8,
    /// The size of the header itself.
    pub size: usize,
    /// The size of the body that follows.
    pub len: usize,
}

/// Reads a header; `None` if it is not whole yet.
///
/// Reserved flags are an error, and so is a command with `MORE` (`ZMTP 3.1, 2.3`), and a length
/// of 2^63 or more. A long form for a short body is not.
#[inline]
pub fn header(octets: &[u8]) -> Result<Option<Header>, Failure> {
    let Some((&flags, rest)) = octets.split_first() else {
        return Ok(None);
    };
    if flags & !(MORE | LARGE | COMMAND) != 0 || flags & (MORE | COMMAND) == MORE | COMMAND {
        return Err(ProtocolError::Unspecified.into());
    }
    if flags & LARGE == 0 {
        return Ok(rest.first().map(|&len| Header {
            flags,
            size: 2,
            len: len as usize,
        }));
    }
    let Some(len) = rest.first_chunk() else {
        return Ok(None);
    };
    let len = u64::from_be_bytes(*len);
    if len > i64::MAX as u64 {
        return Err(ProtocolError::Unspecified.into());
    }
    Ok(Some(Header {
        flags: flags & !LARGE,
        size: 9,
        len: usize::try_from(len).map_err(|_| Failure::TooLarge)?,
    }))
}

/// Writes a header, in the short form where that is possible.
#[inline]
pub fn put_header(flags: u8, len: usize, out: &mut SendBuffer) {
    if let Ok(short) = u8::try_from(len) {
        out.extend(&[flags, short]);
    } else {
        let mut header = [flags | LARGE; 9];
        header[1..].copy_from_slice(&(len as u64).to_be_bytes());
        out.extend(&header);
    }
}

/// Writes a message part as a data frame.
#[inline]
pub fn put(msg: Msg, out: &mut SendBuffer) {
    if msg.short().is_some() {
        put_short(&msg, out);
    } else {
        put_header(msg.flags() & flag::MORE, msg.len(), out);
        out.push_body(msg);
    }
}

/// Writes a message part of at most 255 octets as a data frame.
#[inline(always)]
pub fn put_short(msg: &Msg, out: &mut SendBuffer) {
    let flags = msg.flags() & flag::MORE;
    if let Some((octets, len)) = msg.short() {
        out.extend_short([flags, len], octets);
    } else {
        out.extend_behind([flags, msg.len() as u8], msg.data());
    }
}

/// A body that arrives in pieces, in memory of its own.
#[derive(Debug)]
pub struct Partial {
    flags: u8,
    len: usize,
    body: Msg,
}

impl Partial {
    /// A body of `len` octets of which none has come.
    pub fn new(header: Header) -> Result<Partial, Failure> {
        Ok(Partial {
            flags: header.flags,
            len: header.len,
            body: Msg::with_room(header.len.min(FIRST_ALLOCATION))?,
        })
    }

    /// Where the next octets go; never empty unless the body is whole.
    pub fn room(&mut self) -> Result<Room<'_>, Failure> {
        let filled = self.body.len();
        if self.body.room().is_empty() && filled < self.len {
            let capacity = self.len.min(filled.saturating_mul(2));
            self.body.enlarge(capacity)?;
        }
        Ok(self.body.room().limit(self.len - filled))
    }

    /// What is there of the body. Made here and not shared yet, so it can always be written to.
    pub fn filled(&mut self) -> &mut [u8] {
        self.body.data_mut().unwrap_or_default()
    }

    /// Moves octets from the receive buffer, as many as belong to the body.
    pub fn absorb(&mut self, input: &mut RecvBuffer) -> Result<(), Failure> {
        while !self.is_whole() && !input.is_empty() {
            let count = self.room()?.put(input.unread());
            input.advance(count);
        }
        Ok(())
    }

    /// Whether all octets are there.
    pub fn is_whole(&self) -> bool {
        self.body.len() == self.len
    }

    /// Flags and body, once whole.
    pub fn finish(self) -> (u8, Msg) {
        (self.flags, self.body)
    }
}
