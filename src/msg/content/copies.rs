//! Copies of a message that share its body, made one after the other.
//!
//! Invariant: references that were added for copies and not taken by one are given back.

use std::ptr;

use super::super::block::Block;
use super::Msg;

/// Messages that share a body (see [`Msg::share_many`]).
pub struct Copies<'a> {
    pub(super) msg: &'a mut Msg,
    pub(super) left: u32,
    /// References taken for copies that were not made yet.
    pub(super) given: u32,
}

impl Iterator for Copies<'_> {
    type Item = Msg;

    #[inline]
    fn next(&mut self) -> Option<Msg> {
        self.left = self.left.checked_sub(1)?;
        // Each copy of a counted body takes one of the references that `share_many` added.
        self.given = self.given.saturating_sub(1);
        // SAFETY: a bitwise copy of plain data: the kind says which member is alive, and what it
        // owns (a reference on a counted body) was added for this copy.
        let body = unsafe { ptr::read(&self.msg.body) };
        Some(Msg {
            body,
            metadata: self.msg.metadata.clone(),
            routing_id: self.msg.routing_id,
            inline_len: self.msg.inline_len,
            kind: self.msg.kind,
            flags: self.msg.flags,
            spare: self.msg.spare,
        })
    }
}

impl Drop for Copies<'_> {
    fn drop(&mut self) {
        if self.given > 0
            && let Some(block) = self.msg.long_parts().block
        {
            // SAFETY: references that no copy took; `given` is only counted for counted bodies,
            // and the message itself holds one more.
            unsafe { Block::release(block, self.given) };
        }
    }
}
