//! What traffic is sealed with after a handshake, whichever mechanism it was.
//!
//! Invariant: what does not open moves nothing, and ends the conversation.

use super::curve;
#[cfg(feature = "gssapi")]
use super::gssapi;
use crate::msg::{Msg, SendBuffer};
use crate::proto::{Failure, ProtocolError};

/// Further parts follow: a flag inside of what is sealed.
pub(super) const MORE: u8 = 0x01;
/// The body is a command: another one.
pub(super) const COMMAND: u8 = 0x02;
/// What the body of a sealed frame begins with.
pub(super) const NAME: &[u8; 8] = b"\x07MESSAGE";

/// See the module.
pub(in crate::proto) enum Seal {
    /// Boxes of CURVE.
    Curve(Box<curve::Traffic>),
    /// Tokens of a GSSAPI context.
    #[cfg(feature = "gssapi")]
    Gssapi(Box<gssapi::Traffic>),
}

impl Seal {
    /// How much larger sealing makes a body, at most.
    pub(in crate::proto) fn most_added(&self) -> usize {
        match self {
            Seal::Curve(_) => curve::Traffic::OVERHEAD,
            #[cfg(feature = "gssapi")]
            Seal::Gssapi(_) => gssapi::Traffic::MOST_ADDED,
        }
    }

    /// Opens the body of a frame where it is: returns its flags, as frames have them, and how many
    /// octets stand in front of what is now clear.
    #[inline]
    pub(in crate::proto) fn open(&mut self, body: &mut [u8]) -> Result<(u8, usize), ProtocolError> {
        match self {
            Seal::Curve(traffic) => Ok((traffic.open(body)?, curve::Traffic::OVERHEAD)),
            #[cfg(feature = "gssapi")]
            Seal::Gssapi(traffic) => traffic.open(body),
        }
    }

    /// Adds a frame with a command: its name and load, in pieces.
    pub(in crate::proto) fn seal_command(
        &mut self,
        pieces: &[&[u8]],
        out: &mut SendBuffer,
    ) -> Result<(), Failure> {
        match self {
            Seal::Curve(traffic) => traffic.seal_command(pieces, out),
            #[cfg(feature = "gssapi")]
            Seal::Gssapi(traffic) => traffic.seal_command(pieces, out)?,
        }
        Ok(())
    }

    /// Adds a frame with a message part.
    #[inline]
    pub(in crate::proto) fn seal_part(
        &mut self,
        msg: Msg,
        out: &mut SendBuffer,
    ) -> Result<(), Failure> {
        match self {
            Seal::Curve(traffic) => traffic.seal_part(msg, out)?,
            #[cfg(feature = "gssapi")]
            Seal::Gssapi(traffic) => traffic.seal_part(&msg, out)?,
        }
        Ok(())
    }
}
