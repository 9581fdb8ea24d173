//! The buffer that a connection is read into, and the messages that look into it.
//!
//! Invariant: octets before `start` belong to the messages they were given to (or to nobody) and
//! are never touched here again; `start..end` is received and not yet decoded; `end..` is room.
//! The buffer holds a large stock of references on its block and gives one to each slice without
//! touching the shared count; it settles the rest once, when it leaves the block. It keeps a last
//! reference on the blocks it left, and takes one of them again once all its slices are gone.

use std::collections::VecDeque;
use std::ptr::NonNull;
use std::slice;

use super::Msg;
use super::block::{Block, Piece, STOCK};
use crate::errno::Errno;

/// Bodies shorter than this are copied out: a copy is cheaper than keeping the block alive.
const COPY_BELOW: usize = 256;
/// Room to read into is never less than this.
const LEAST_ROOM: usize = 4 * 1024;
/// Blocks kept for another turn.
const KEPT: usize = 8;

/// Octets received and not yet decoded, in a block that decoded bodies may look into.
pub struct RecvBuffer {
    block: Option<NonNull<Block>>,
    capacity: usize,
    start: usize,
    end: usize,
    given: u32,
    /// Blocks of the present capacity that were left, the oldest first, with one reference each.
    left: VecDeque<NonNull<Block>>,
}

// SAFETY: the buffer is the only user of the octets from `start` on; the count is atomic.
unsafe impl Send for RecvBuffer {}

impl RecvBuffer {
    /// A buffer that allocates `capacity` octets once it is first read into.
    pub const fn new(capacity: usize) -> RecvBuffer {
        RecvBuffer {
            block: None,
            capacity,
            start: 0,
            end: 0,
            given: 0,
            left: VecDeque::new(),
        }
    }

    /// What was received and not yet consumed.
    #[inline]
    pub fn unread(&self) -> &[u8] {
        let Some(block) = self.block else { return &[] };
        // SAFETY: within the block, initialised (the block is clean), and given to nobody.
        unsafe {
            slice::from_raw_parts(Block::octets(block).add(self.start), self.end - self.start)
        }
    }

    /// What was received and not yet consumed, to be opened where it is.
    #[inline]
    pub fn unread_mut(&mut self) -> &mut [u8] {
        let Some(block) = self.block else {
            return &mut [];
        };
        // SAFETY: as above, and `&mut self` makes this the only view of it.
        unsafe {
            slice::from_raw_parts_mut(Block::octets(block).add(self.start), self.end - self.start)
        }
    }

    /// How many octets are unread.
    #[inline]
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether nothing is unread.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Consumes `count` unread octets; more than there are consumes all.
    #[inline]
    pub fn advance(&mut self, count: usize) {
        self.start += count.min(self.len());
    }

    /// Consumes `len` octets (at most what is unread) as the body of a message: copied when
    /// short, else a slice of this buffer. `ENOMEM` without memory.
    #[inline]
    pub fn take(&mut self, len: usize) -> Result<Msg, Errno> {
        let len = len.min(self.len());
        let Some(block) = self.block else {
            return Ok(Msg::empty());
        };
        let at = self.start;
        if len < COPY_BELOW || self.given == STOCK - 1 {
            let msg = Msg::from_slice(&self.unread()[..len])?;
            self.start += len;
            return Ok(msg);
        }
        self.start += len;
        self.given += 1;
        // SAFETY: `at..at + len` is behind `start` now, so it is the message's alone; the
        // reference comes out of our stock.
        Ok(Msg::of(
            unsafe { Piece::new(block, Block::octets(block).add(at), len) },
            0,
        ))
    }

    /// A copy of `len` octets behind `skip` others, all of which are consumed, if they are there, too
    /// many for a message itself and too few for a slice. `None` changes nothing.
    #[inline(always)]
    pub fn take_piece(&mut self, skip: usize, len: usize) -> Option<Piece> {
        if len >= COPY_BELOW {
            return None;
        }
        let octets = self.unread().get(skip..)?.get(..len)?;
        let piece = Piece::copy_of(octets)?;
        self.start += skip + len;
        Some(piece)
    }

    /// Like [`take`](RecvBuffer::take), behind so many octets, which are consumed as well. `None`
    /// changes nothing: there is no memory.
    #[inline]
    pub fn take_behind(&mut self, skip: usize, len: usize) -> Option<Msg> {
        self.advance(skip);
        let taken = self.take(len).ok();
        if taken.is_none() {
            self.start -= skip;
        }
        taken
    }

    /// Room to read into, at least some KiB; unread octets are kept in front of it.
    /// `ENOMEM` without memory.
    pub fn room(&mut self) -> Result<&mut [u8], Errno> {
        if self.start == self.end && self.given == 0 {
            (self.start, self.end) = (0, 0);
        }
        if self.block.is_none() || self.capacity - self.end < LEAST_ROOM.min(self.capacity / 2) {
            self.renew(self.capacity)?;
        }
        let Some(block) = self.block else {
            return Err(Errno::ENOMEM);
        };
        // SAFETY: `end..capacity` was given to nobody, and the block is clean.
        Ok(unsafe {
            slice::from_raw_parts_mut(Block::octets(block).add(self.end), self.capacity - self.end)
        })
    }

    /// Says that `count` octets of the room were filled.
    pub fn filled(&mut self, count: usize) {
        self.end += count.min(self.capacity - self.end);
    }

    /// Appends a copy of `octets` (a connection's leftovers come back this way).
    pub fn append(&mut self, octets: &[u8]) -> Result<(), Errno> {
        if octets.is_empty() {
            return Ok(());
        }
        if self.start == self.end && self.given == 0 {
            (self.start, self.end) = (0, 0);
        }
        if self.block.is_none() || self.capacity - self.end < octets.len() {
            self.renew((self.len() + octets.len() + LEAST_ROOM).max(self.capacity))?;
        }
        let room = self.room()?;
        let count = octets.len().min(room.len());
        room[..count].copy_from_slice(&octets[..count]);
        self.filled(count);
        Ok(())
    }

    /// The buffer with all that is unread, for which a new one takes its place.
    pub fn take_over(&mut self) -> RecvBuffer {
        let new = RecvBuffer::new(self.capacity);
        std::mem::replace(self, new)
    }

    /// Whether it has no memory yet.
    pub fn is_unused(&self) -> bool {
        self.block.is_none()
    }

    /// Lets go of everything unread.
    pub fn clear(&mut self) {
        self.start = self.end;
    }

    /// Moves to another block, with the unread octets at its front.
    fn renew(&mut self, capacity: usize) -> Result<(), Errno> {
        let capacity = capacity.max(self.len() * 2);
        if capacity != self.capacity {
            self.forget_left();
        }
        let block = match self.left.front() {
            // SAFETY: our reference keeps it alive; when it is the only one the block is ours.
            Some(&block) if unsafe { Block::restock(block, STOCK) } => {
                self.left.pop_front();
                block
            }
            _ => Block::clean(capacity, STOCK).ok_or(Errno::ENOMEM)?,
        };
        let len = self.len();
        // SAFETY: a block of ours alone with room for at least `len` octets.
        let front = unsafe { slice::from_raw_parts_mut(Block::octets(block), len) };
        front.copy_from_slice(self.unread());
        self.leave(capacity == self.capacity);
        self.block = Some(block);
        (self.capacity, self.start, self.end) = (capacity, 0, len);
        Ok(())
    }

    /// Leaves the block, and keeps it for another turn if there is a place for it.
    fn leave(&mut self, keep: bool) {
        if let Some(block) = self.block.take() {
            let kept = u32::from(keep && self.left.len() < KEPT);
            // SAFETY: what remains of our stock but for the reference that is kept; the octets
            // are not touched again before the block is restocked.
            unsafe { Block::release(block, (STOCK - self.given - kept).into()) };
            if kept == 1 {
                self.left.push_back(block);
            }
        }
        self.given = 0;
    }

    fn forget_left(&mut self) {
        for block in self.left.drain(..) {
            // SAFETY: the reference that was kept.
            unsafe { Block::release(block, 1) };
        }
    }
}

impl Drop for RecvBuffer {
    fn drop(&mut self) {
        self.leave(false);
        self.forget_left();
    }
}
