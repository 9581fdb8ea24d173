//! Groups on the wire (RFC 48): a RADIO's message is two frames, the group and the body; a DISH's
//! JOIN and LEAVE are commands.
//!
//! Invariant: no group is longer than [`LONGEST`], and what is let through to a DISH is a group
//! with one body behind it.

use super::ProtocolError;
use super::frame::MORE;

/// The longest name of a group, in octets.
pub const LONGEST: usize = 255;

/// What a DISH hears, frame by frame.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// A group came, and its body did not.
    in_group: bool,
}

impl Order {
    /// The next frame. An error if it stands where it may not, or is a group that nobody can join.
    pub(super) fn check(&mut self, flags: u8, len: usize) -> Result<(), ProtocolError> {
        let more = flags & MORE != 0;
        if more == self.in_group || (more && len > LONGEST) {
            return Err(ProtocolError::Unspecified);
        }
        self.in_group = more;
        Ok(())
    }
}

/// A group that is joined or left.
pub(super) fn check(group: &[u8]) -> Result<(), ProtocolError> {
    if group.len() > LONGEST {
        return Err(ProtocolError::MalformedCommandUnspecified);
    }
    Ok(())
}
