//! Frames of ZMTP 1.0 (RFC 13): a length that counts the flags too, flags, a body.
//!
//! Invariant: as in [`frame`](super::frame): what a length says is checked, not believed.

use super::frame::{Header, MORE};
use super::{Failure, ProtocolError};
use crate::msg::{Msg, SendBuffer, flag};

/// The first octet of a length that takes eight more.
const LONG: u8 = 0xFF;

/// Reads a header; `None` if it is not whole yet. Lengths of 0 (no room for the flags) and of
/// more than 2^63 are errors.
// COMPAT: reserved flags are ignored, as libzmq does: old peers send 0x7F with their routing id.
pub fn header(octets: &[u8]) -> Result<Option<Header>, Failure> {
    let (len, flags_at) = match *octets {
        [] => return Ok(None),
        [LONG, ref rest @ ..] => match rest.first_chunk() {
            None => return Ok(None),
            Some(len) => (u64::from_be_bytes(*len), 9),
        },
        [len, ..] => (u64::from(len), 1),
    };
    let len = match len.checked_sub(1) {
        Some(len) if len <= i64::MAX as u64 => len,
        _ => return Err(ProtocolError::Unspecified.into()),
    };
    let len = usize::try_from(len).map_err(|_| Failure::TooLarge)?;
    Ok(octets.get(flags_at).map(|flags| Header {
        flags: flags & MORE,
        size: flags_at + 1,
        len,
    }))
}

/// Writes a header.
pub fn put_header(flags: u8, len: usize, out: &mut SendBuffer) {
    let len = len as u64 + 1;
    match u8::try_from(len) {
        Ok(short) if short != LONG => out.extend(&[short, flags]),
        _ => {
            let mut header = [LONG; 10];
            header[1..9].copy_from_slice(&len.to_be_bytes());
            header[9] = flags;
            out.extend(&header);
        }
    }
}

/// Writes a message part.
pub fn put(msg: Msg, out: &mut SendBuffer) {
    put_header(msg.flags() & flag::MORE, msg.len(), out);
    out.push_body(msg);
}
