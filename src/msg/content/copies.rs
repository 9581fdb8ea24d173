//! Copies of a message that share its body.
//!
//! Invariant: references that were added for copies and not taken by one are given back.

use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::block::Block;
use super::super::flag;
use super::{Body, COUNTED, INLINE, Long, Msg, SLICE};

/// So many references are taken at once for the copies of a message that is copied again.
const HELD: u64 = 31;

impl Msg {
    /// A second message with the same body (`zmq_msg_copy`): octets are copied only when inline.
    pub fn share(&mut self) -> Msg {
        if matches!(self.kind, COUNTED | SLICE)
            && let Some(block) = self.block()
        {
            if !self.take_held() {
                // Who is copied a second time is copied many times, and others count down meanwhile:
                // to count for each copy would have the processors wait for each other.
                let more = if self.has(flag::SHARED) { HELD } else { 0 };
                // SAFETY: our own reference keeps it alive.
                unsafe { Block::retain(block, 1 + more) };
                self.held().fetch_add(more, Ordering::Relaxed);
            }
            if !self.has(flag::SHARED) {
                self.set(flag::SHARED);
            }
        }
        self.twin()
    }

    /// The block of a message whose kind is not inline, without a look at what it holds.
    fn block(&self) -> Option<NonNull<Block>> {
        // SAFETY: every kind but inline keeps a `Long`.
        unsafe { self.body.long.block }
    }

    /// References for copies to come, of a message whose kind is not inline. Atomic, as libzmq bears
    /// it that several threads copy a message at the same time.
    fn held(&mut self) -> &AtomicU64 {
        // SAFETY: every kind but inline keeps a `Long`; whoever copies at the same time uses it as an
        // atomic, too, and nobody may use the message otherwise meanwhile.
        unsafe { AtomicU64::from_ptr(&raw mut self.body.long.held) }
    }

    fn take_held(&mut self) -> bool {
        let held = self.held();
        let now = held.load(Ordering::Relaxed);
        let taken = || held.compare_exchange(now, now - 1, Ordering::Relaxed, Ordering::Relaxed);
        now > 0 && taken().is_ok()
    }

    /// All the same, with one reference on the block, which was taken before.
    #[inline]
    fn twin(&self) -> Msg {
        let body = if self.kind == INLINE {
            // SAFETY: the kind says that the octets are inside.
            let inline = unsafe { self.body.inline };
            Body { inline }
        } else {
            // SAFETY: every kind but inline keeps a `Long`. (Others may take what is held at this
            // moment; the rest stays as it is.)
            let long = unsafe {
                let long = &self.body.long;
                Long::new(long.block, long.data, long.len)
            };
            Body { long }
        };
        Msg {
            body,
            metadata: self.metadata.clone(),
            routing_id: self.routing_id,
            inline_len: self.inline_len,
            kind: self.kind,
            flags: self.flags,
            spare: self.spare,
        }
    }

    /// `count` messages with the same body, as by [`share`](Msg::share), for a single step of its
    /// reference count; those not asked for are given back.
    pub fn share_many(&mut self, count: u32) -> Copies<'_> {
        let mut given = 0;
        if matches!(self.kind, COUNTED | SLICE)
            && let Some(block) = self.long_parts().block
        {
            // SAFETY: our own reference keeps it alive.
            unsafe { Block::retain(block, count.into()) };
            given = u64::from(count);
            let long = self.long_parts();
            if long.held > 0 {
                // For these, too, so that they are the same octet by octet.
                given += long.held;
                self.body.long = Long { held: 0, ..long };
            }
            self.set(flag::SHARED);
        }
        Copies {
            msg: self,
            left: count,
            given,
        }
    }
}

/// Messages that share a body (see [`Msg::share_many`]).
pub struct Copies<'a> {
    /// It holds no references for copies.
    msg: &'a mut Msg,
    left: u32,
    /// References taken for copies that were not made yet.
    given: u64,
}

impl Copies<'_> {
    /// What they are copies of.
    #[inline(always)]
    pub fn of(&self) -> &Msg {
        self.msg
    }
}

impl Iterator for Copies<'_> {
    type Item = Msg;

    #[inline(always)]
    fn next(&mut self) -> Option<Msg> {
        self.left = self.left.checked_sub(1)?;
        // Each copy of a counted body takes one of the references that `share_many` added.
        self.given = self.given.saturating_sub(1);
        if self.msg.metadata.is_some() {
            return Some(self.msg.twin());
        }
        // SAFETY: a bitwise copy of plain data: what the body owns (a reference on a counted one) was
        // added for this copy, and there is nothing else that it owns.
        Some(unsafe { ptr::read(&raw const *self.msg) })
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
