//! Slabs, of which a thread cuts the bodies of its messages, one after the other.
//!
//! Whoever drops one, most often another thread, counts down once and frees nothing.
//!
//! Invariant: of the present slab what is before `next` belongs to the messages that it was given to.
//! The thread holds a large stock of references on it, gives one with each piece without touching
//! the shared count, and settles the rest once, when it leaves the slab. It keeps a last reference on
//! the slabs it left, and takes one of them again once all its pieces are gone.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ptr::{self, NonNull};

use super::Msg;
use super::block::{Block, Piece, STOCK};

/// The size of a slab. A message that is kept keeps one alive.
pub(super) const SLAB: usize = 16 * 1024;
/// Bodies up to this size come out of a slab.
const LARGEST_CUT: usize = SLAB / 16;
/// Where bodies in a slab begin, as `malloc` would have it.
const ALIGNED: usize = 16;
/// Slabs kept for another turn.
const KEPT: usize = 8;

const _: () = assert!(size_of::<Block>().is_multiple_of(ALIGNED) && SLAB.is_multiple_of(ALIGNED));

/// The slab that a thread cuts from. It has nothing to be dropped, so that it is found without
/// looking whether it was.
struct Present {
    block: Cell<Option<NonNull<Block>>>,
    /// Where the next body begins, and how much room there is.
    next: Cell<*mut u8>,
    room: Cell<usize>,
    given: Cell<u32>,
}

/// Slabs that a thread left, the oldest first, with one reference each.
struct Left(VecDeque<NonNull<Block>>);

thread_local! {
    static PRESENT: Present = const {
        Present {
            block: Cell::new(None),
            next: Cell::new(ptr::null_mut()),
            room: Cell::new(0),
            given: Cell::new(0),
        }
    };
    /// Touched whenever there comes to be a present one, which it lets go of with the others.
    static LEFT: RefCell<Left> = const { RefCell::new(Left(VecDeque::new())) };
}

impl Piece {
    /// Octets of the calling thread's slab, which hold anything. `None` for so few that they lie
    /// within a message, for more than a slab is cut to, and without memory.
    #[inline(always)]
    pub fn of_size(size: usize) -> Option<Piece> {
        if size <= Msg::INLINE || size > LARGEST_CUT {
            return None;
        }
        PRESENT.with(|present| present.cut(size))
    }

    /// The same with a copy of these octets.
    #[inline(always)]
    pub fn copy_of(octets: &[u8]) -> Option<Piece> {
        let mut piece = Piece::of_size(octets.len())?;
        piece.fill(octets);
        Some(piece)
    }
}

impl Present {
    #[inline(always)]
    fn cut(&self, size: usize) -> Option<Piece> {
        // What is left of a slab is a multiple as well.
        let taken = size.next_multiple_of(ALIGNED);
        if self.room.get() < taken {
            self.renew()?;
        }
        let (block, data) = (self.block.get()?, self.next.get());
        self.next.set(data.wrapping_add(taken));
        self.room.set(self.room.get() - taken);
        self.given.set(self.given.get() + 1);
        // SAFETY: the octets lie in the slab and were given to nobody; the reference comes out of
        // our stock, which is larger than a slab has octets.
        Some(unsafe { Piece::new(block, data, size) })
    }

    /// Goes on to another slab. While a thread ends there is none.
    #[cold]
    #[inline(never)]
    fn renew(&self) -> Option<()> {
        let renewed = LEFT.try_with(|left| self.renew_from(&mut left.try_borrow_mut().ok()?.0));
        renewed.ok().flatten()
    }

    fn renew_from(&self, left: &mut VecDeque<NonNull<Block>>) -> Option<()> {
        let block = match left.pop_front() {
            // SAFETY: our reference keeps it alive; when it is the only one the slab is ours.
            Some(block) if unsafe { Block::restock(block, STOCK) } => block,
            // A message that is kept for long must not keep the others from their turn.
            Some(block) => {
                left.push_back(block);
                Block::clean(SLAB, STOCK)?
            }
            // (Clean, so that no octet is ever undefined.)
            None => Block::clean(SLAB, STOCK)?,
        };
        if let Some(before) = self.leave(u32::from(left.len() < KEPT)) {
            left.push_back(before);
        }
        self.block.set(Some(block));
        // SAFETY: alive.
        self.next.set(unsafe { Block::octets(block) });
        self.room.set(SLAB);
        Some(())
    }

    /// Leaves the slab but for so many references (at most one), and returns it if that is one.
    fn leave(&self, kept: u32) -> Option<NonNull<Block>> {
        let block = self.block.take()?;
        // SAFETY: what remains of our stock but for the reference that is kept.
        unsafe { Block::release(block, (STOCK - self.given.get() - kept).into()) };
        self.room.set(0);
        self.given.set(0);
        (kept > 0).then_some(block)
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        PRESENT.with(|present| present.leave(0));
        for block in self.0.drain(..) {
            // SAFETY: the reference that was kept.
            unsafe { Block::release(block, 1) };
        }
    }
}
