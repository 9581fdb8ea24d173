//! Memory that bodies lie in, shared by count: with its octets behind it, or over foreign memory.
//!
//! Invariant: a block is freed by whoever drops the last reference, exactly once; large ones are
//! kept for a while instead (`idle.rs`).

use std::alloc::{self, Layout};
use std::ffi::c_void;
use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU64, Ordering, fence};

use super::idle::{LARGE, shelf};

/// A C free function (`zmq_free_fn`): called once with the body and the hint.
pub type FreeFn = unsafe extern "C" fn(data: *mut c_void, hint: *mut c_void);

/// References that a block starts with that is cut to pieces: more than it has octets. Who cuts owns
/// them all, and gives one with each piece.
pub(super) const STOCK: u32 = 1 << 30;

/// The head of a counted body. For a block of our own the octets follow it directly, aligned as
/// `malloc` would have them.
#[repr(align(16))]
pub(super) struct Block {
    /// Wide, as messages may hold more than one.
    refs: AtomicU64,
    /// How many octets follow this head (0 for foreign bodies).
    pub(super) capacity: usize,
    pub(super) foreign: Option<Foreign>,
    /// All octets were written once.
    clean: bool,
}

pub(super) struct Foreign {
    pub(super) data: *mut c_void,
    pub(super) free: FreeFn,
    pub(super) hint: *mut c_void,
}

impl Block {
    fn layout(capacity: usize) -> Option<Layout> {
        let size = size_of::<Block>().checked_add(capacity)?;
        Layout::from_size_align(size, align_of::<Block>()).ok()
    }

    /// A block with room for `capacity` octets, or somewhat more unless `zeroed`, and `refs`
    /// references; `None` without memory. If not `zeroed` it may hold anything.
    pub(super) fn allocate(capacity: usize, refs: u32, zeroed: bool) -> Option<NonNull<Block>> {
        if !zeroed && let Some(idle) = LARGE.take(capacity, false) {
            return Some(idle.into_use(refs));
        }
        let layout = Block::layout(capacity)?;
        // SAFETY: the layout is never empty: it holds at least the head.
        let raw = unsafe {
            if zeroed {
                alloc::alloc_zeroed(layout)
            } else {
                alloc::alloc(layout)
            }
        };
        let block = NonNull::new(raw.cast::<Block>())?;
        // SAFETY: fresh memory of the right size and alignment.
        unsafe {
            block.write(Block {
                refs: AtomicU64::new(refs.into()),
                capacity,
                foreign: None,
                clean: zeroed,
            });
        }
        Some(block)
    }

    /// A block with room for `capacity` octets or somewhat more, which hold anything but were written
    /// once, and `refs` references; `None` without memory.
    pub(super) fn clean(capacity: usize, refs: u32) -> Option<NonNull<Block>> {
        match shelf(capacity, true).take(capacity, true) {
            Some(idle) => Some(idle.into_use(refs)),
            None => Block::allocate(capacity, refs, true),
        }
    }

    /// Where the octets of a block of our own begin.
    ///
    /// # Safety
    /// `block` is alive.
    pub(super) unsafe fn octets(block: NonNull<Block>) -> *mut u8 {
        // SAFETY: the octets follow the head in the same allocation.
        unsafe { block.as_ptr().add(1).cast::<u8>() }
    }

    /// Gives `count` references back and frees the block with the last of them.
    ///
    /// # Safety
    /// The caller owns `count` references and uses none of them afterwards.
    pub(super) unsafe fn release(block: NonNull<Block>, count: u64) {
        // SAFETY: alive, as the caller still holds references.
        let before = unsafe { block.as_ref() }
            .refs
            .fetch_sub(count, Ordering::Release);
        if before == count {
            fence(Ordering::Acquire);
            // SAFETY: that was the last reference; the fence orders all uses before the end.
            unsafe { Block::free(block) };
        }
    }

    /// Takes a block back into use with `refs` references if the caller holds the only one.
    ///
    /// # Safety
    /// `block` is alive, and the caller holds a reference on it.
    pub(super) unsafe fn restock(block: NonNull<Block>, refs: u32) -> bool {
        // SAFETY: the caller's promise. Nobody can add a reference to a block that only the
        // caller knows; the acquire orders all former uses before the next.
        let count = unsafe { &block.as_ref().refs };
        count
            .compare_exchange(1, refs.into(), Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    /// Makes room for `capacity` octets, moving the block if need be; `None` changes nothing. Of
    /// large blocks the kernel moves the pages, so what is in them is not copied.
    ///
    /// # Safety
    /// The caller holds the only reference, the block is one of our own, and `capacity` is not
    /// less than it has. The old pointer is not used again if there is a new one.
    pub(super) unsafe fn enlarge(block: NonNull<Block>, capacity: usize) -> Option<NonNull<Block>> {
        // SAFETY: alive.
        let old = Block::layout(unsafe { block.as_ref() }.capacity)?;
        let size = Block::layout(capacity)?.size();
        // SAFETY: allocated with this very layout; the size is that of a valid layout.
        let raw = unsafe { alloc::realloc(block.as_ptr().cast(), old, size) };
        let mut block = NonNull::new(raw.cast::<Block>())?;
        // SAFETY: the head came along.
        let head = unsafe { block.as_mut() };
        (head.capacity, head.clean) = (capacity, false);
        Some(block)
    }

    /// # Safety
    /// Nobody else holds a reference.
    pub(super) unsafe fn free(mut block: NonNull<Block>) {
        // SAFETY: exclusive by the caller's promise.
        let foreign = unsafe { block.as_mut() }.foreign.take();
        if let Some(foreign) = foreign {
            // SAFETY: the caller of `from_foreign` promised that these three belong together.
            unsafe { (foreign.free)(foreign.data, foreign.hint) };
        }
        let idle = Idle(block);
        shelf(idle.capacity(), idle.is_clean()).give(idle);
    }

    /// Adds `count` references.
    ///
    /// # Safety
    /// `block` is alive.
    pub(super) unsafe fn retain(block: NonNull<Block>, count: u64) {
        // SAFETY: the caller's promise.
        unsafe { block.as_ref() }
            .refs
            .fetch_add(count, Ordering::Relaxed);
    }
}

/// Octets of a block that are nobody else's, and the reference that keeps them. What a message is
/// made of at the place where it is to be: 64 octets take longer to move than these.
pub struct Piece {
    block: NonNull<Block>,
    data: *mut u8,
    len: usize,
}

impl Piece {
    /// # Safety
    /// `data` to `data + len` lies in the block and nobody else uses it; one reference is given.
    #[inline(always)]
    pub(super) unsafe fn new(block: NonNull<Block>, data: *mut u8, len: usize) -> Piece {
        Piece { block, data, len }
    }

    /// Its block with the reference, where its octets are, and how many.
    #[inline(always)]
    pub(super) fn into_parts(self) -> (NonNull<Block>, *mut u8, usize) {
        let piece = ManuallyDrop::new(self);
        (piece.block, piece.data, piece.len)
    }

    /// Fills it with these octets, as far as they go.
    #[inline(always)]
    pub(super) fn fill(&mut self, octets: &[u8]) {
        let count = octets.len().min(self.len);
        // SAFETY: so many octets are there, and nobody else's.
        unsafe { ptr::copy_nonoverlapping(octets.as_ptr(), self.data, count) };
    }
}

impl Drop for Piece {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: its own reference.
        unsafe { Block::release(self.block, 1) };
    }
}

/// A block that nobody uses and no reference is left on; it is not over foreign memory. Dropping
/// it frees it.
pub(super) struct Idle(NonNull<Block>);

// SAFETY: it is its owner's alone, and memory may be freed by any thread.
unsafe impl Send for Idle {}

impl Idle {
    /// A fresh one.
    #[cfg(test)]
    pub(super) fn of(capacity: usize) -> Idle {
        Idle(Block::allocate(capacity, 0, true).unwrap())
    }

    /// A fresh one whose octets hold anything.
    #[cfg(test)]
    pub(super) fn unclean(capacity: usize) -> Idle {
        Idle(Block::allocate(capacity, 0, false).unwrap())
    }

    /// How many octets it has room for.
    #[inline]
    pub(super) fn capacity(&self) -> usize {
        // SAFETY: alive until it is dropped.
        unsafe { self.0.as_ref() }.capacity
    }

    /// Whether all its octets were written once.
    pub(super) fn is_clean(&self) -> bool {
        // SAFETY: alive until it is dropped.
        unsafe { self.0.as_ref() }.clean
    }

    /// Puts it to use, with `refs` references.
    fn into_use(self, refs: u32) -> NonNull<Block> {
        let mut block = ManuallyDrop::new(self).0;
        // SAFETY: alive, and the caller's alone.
        *unsafe { block.as_mut() }.refs.get_mut() = refs.into();
        block
    }
}

impl Drop for Idle {
    #[inline]
    fn drop(&mut self) {
        if let Some(layout) = Block::layout(self.capacity()) {
            // SAFETY: allocated with this very layout, and nobody's any more.
            unsafe { alloc::dealloc(self.0.as_ptr().cast(), layout) };
        }
    }
}
