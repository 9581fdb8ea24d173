//! References that were let go of and are given back together: to count down is what a body that
//! comes and goes costs most.
//!
//! Invariant: references are owned until they are released; those on one block in a row, as bodies
//! that were cut from one slab have, in a single step. The block is alive meanwhile.

use std::ptr::NonNull;

use super::Msg;
use super::block::Block;

/// References to be released. Dropping it does so.
#[derive(Default)]
pub struct Spent {
    block: Option<NonNull<Block>>,
    count: u64,
}

// SAFETY: it owns its references, and they are counted atomically.
unsafe impl Send for Spent {}

impl Spent {
    /// Nothing.
    pub const fn new() -> Spent {
        Spent {
            block: None,
            count: 0,
        }
    }

    /// Drops a message, by and by.
    #[inline(always)]
    pub fn add(&mut self, msg: Msg) {
        if let Some((block, count)) = msg.into_references() {
            // SAFETY: the message's own, which is gone.
            unsafe { self.take_over(block, count) };
        }
    }

    /// Takes references over.
    ///
    /// # Safety
    /// The caller owns so many, and does not use them afterwards.
    #[inline(always)]
    pub(super) unsafe fn take_over(&mut self, block: NonNull<Block>, count: u64) {
        if self.block != Some(block) {
            self.settle();
            self.block = Some(block);
        }
        self.count += count;
    }

    /// Gives back what there is.
    #[inline(never)]
    pub fn settle(&mut self) {
        if let Some(block) = self.block.take() {
            // SAFETY: so many were taken over, and are not used again.
            unsafe { Block::release(block, std::mem::take(&mut self.count)) };
        }
    }
}

impl Drop for Spent {
    #[inline]
    fn drop(&mut self) {
        self.settle();
    }
}
