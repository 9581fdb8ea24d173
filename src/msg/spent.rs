//! Messages whose bodies were used, to be let go of.
//!
//! Invariant: of each body one reference is owned until it is released; those on one block in a row,
//! as bodies that were cut from one slab are, in a single step.

use std::ptr::NonNull;

use super::Msg;
use super::block::Block;

/// References to be released. Dropping it does so.
#[derive(Default)]
pub struct Spent {
    block: Option<NonNull<Block>>,
    count: u32,
}

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
        let Some(block) = msg.into_reference() else {
            return;
        };
        if self.block != Some(block) || self.count == u32::MAX {
            self.release();
            self.block = Some(block);
        }
        self.count += 1;
    }

    fn release(&mut self) {
        if let Some(block) = self.block.take() {
            // SAFETY: so many messages had one each, and they are gone.
            unsafe { Block::release(block, self.count) };
        }
        self.count = 0;
    }
}

impl Drop for Spent {
    #[inline]
    fn drop(&mut self) {
        self.release();
    }
}
