//! Commands (`ZMTP 3.1, 2.3`): a name of 1 to 255 octets, then whatever the name says.
//!
//! Invariant: names are compared octet by octet, case counts; a command that is not known is
//! [`Command::Other`], never an error.

use super::ProtocolError;
use super::frame::{self, COMMAND};
use crate::msg::SendBuffer;

/// The longest context of a PING that is given back.
pub const MAX_CONTEXT: usize = 16;
/// How much larger than its topic a SUBSCRIBE command is; no command needs more beside its load.
pub const OVERHEAD: usize = 10;

/// A command, looking into the frame it came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// The peer is ready; its properties, unparsed.
    Ready(&'a [u8]),
    /// The peer refuses us, for this reason.
    Error(&'a [u8]),
    /// The peer wants a PONG with this context (at most [`MAX_CONTEXT`] octets) back.
    Ping {
        /// Tenths of a second of silence after which the peer wants to be given up; 0 for never.
        ttl: u16,
        /// To be sent back.
        context: &'a [u8],
    },
    /// The answer to a PING, with its context.
    Pong(&'a [u8]),
    /// The peer wants messages that begin with this topic.
    Subscribe(&'a [u8]),
    /// The peer no longer wants messages that begin with this topic.
    Cancel(&'a [u8]),
    /// The peer joins a group (RFC 48).
    Join(&'a [u8]),
    /// The peer leaves a group (RFC 48).
    Leave(&'a [u8]),
    /// Any other command: its name.
    Other(&'a [u8]),
}

/// Reads a command from the body of its frame.
///
/// A PING without its two octets of TTL is malformed: libzmq reads beyond it.
// COMPAT: a context longer than 16 octets, which RFC 37 forbids, is cut as libzmq does.
pub fn parse(body: &[u8]) -> Result<Command<'_>, ProtocolError> {
    const MALFORMED: ProtocolError = ProtocolError::MalformedCommandUnspecified;
    let (&size, rest) = body.split_first().ok_or(MALFORMED)?;
    let (name, load) = rest.split_at_checked(size as usize).ok_or(MALFORMED)?;
    Ok(match name {
        b"" => return Err(MALFORMED),
        b"READY" => Command::Ready(load),
        b"ERROR" => {
            let malformed = ProtocolError::MalformedCommandError;
            let (&size, reason) = load.split_first().ok_or(malformed)?;
            Command::Error(reason.get(..size as usize).ok_or(malformed)?)
        }
        b"PING" => {
            let (ttl, context) = load.split_first_chunk().ok_or(MALFORMED)?;
            Command::Ping {
                ttl: u16::from_be_bytes(*ttl),
                context: &context[..context.len().min(MAX_CONTEXT)],
            }
        }
        b"PONG" => Command::Pong(load),
        b"SUBSCRIBE" => Command::Subscribe(load),
        b"CANCEL" => Command::Cancel(load),
        b"JOIN" => Command::Join(load),
        b"LEAVE" => Command::Leave(load),
        _ => Command::Other(name),
    })
}

/// Writes a command as a frame: its name of at most 255 octets, then its load in pieces.
pub fn put(name: &[u8], load: &[&[u8]], out: &mut SendBuffer) {
    let size: usize = load.iter().map(|piece| piece.len()).sum();
    frame::put_header(COMMAND, 1 + name.len() + size, out);
    out.extend(&[name.len() as u8]);
    out.extend(name);
    load.iter().for_each(|piece| out.extend(piece));
}

/// The status of ZAP that an ERROR gives as its reason: 300, 400 or 500.
pub fn zap_status(reason: &[u8]) -> Option<u32> {
    match reason {
        b"300" => Some(300),
        b"400" => Some(400),
        b"500" => Some(500),
        _ => None,
    }
}
