//! A stretch of slots in one piece of memory; a queue is a list of them.
//!
//! ```text
//!   | next, count | slot | slot | slot | …       each `|` is at the start of a cache line
//! ```
//!
//! Invariant: a slot is written by the producer before the count that covers it is published, and
//! read once by the consumer afterwards. Who may follow a pointer to a chunk is for `spsc` to say.

use std::alloc::{Layout, handle_alloc_error};
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

use super::sync::{AtomicPtr, Ordering, UnsafeCell, alloc, dealloc};

/// Slots of the first chunk: an idle queue costs little.
pub(super) const FIRST: usize = if cfg!(loom) { 1 } else { 2 };
/// Slots of the largest chunk.
pub(super) const LARGEST: usize = if cfg!(loom) { 2 } else { 128 };

/// Room for one item.
pub(super) type Slot<T> = UnsafeCell<MaybeUninit<T>>;

/// What stands before the slots. Its size is a multiple of a slot's alignment and of a cache line,
/// so an item of 64 octets never lies in two lines.
#[repr(C, align(64))]
pub(super) struct Chunk<T> {
    next: AtomicPtr<Chunk<T>>,
    count: usize,
    _slots: [Slot<T>; 0],
    _items: PhantomData<T>,
}

impl<T> Chunk<T> {
    fn layout(count: usize) -> Layout {
        let slots = Layout::array::<Slot<T>>(count).map(|slots| slots.size());
        slots
            .ok()
            .and_then(|size| size.checked_add(size_of::<Chunk<T>>()))
            .and_then(|size| Layout::from_size_align(size, align_of::<Chunk<T>>()).ok())
            .expect("a chunk of a few slots has a layout")
    }

    /// A chunk of empty slots that nothing points to. It is the caller's, until
    /// [`free`](Chunk::free).
    pub(super) fn new(count: usize) -> NonNull<Chunk<T>> {
        let layout = Chunk::<T>::layout(count);
        // SAFETY: the layout has the size of the header at least.
        let memory = unsafe { alloc(layout) };
        let Some(chunk) = NonNull::new(memory.cast::<Chunk<T>>()) else {
            handle_alloc_error(layout)
        };
        // SAFETY: fresh memory with room for the header and, behind it, `count` slots. Slots are
        // uninitialized by type; making them costs nothing except under loom.
        unsafe {
            chunk.write(Chunk {
                next: AtomicPtr::new(ptr::null_mut()),
                count,
                _slots: [],
                _items: PhantomData,
            });
            let first = chunk.add(1).cast::<Slot<T>>();
            for index in 0..count {
                first.add(index).write(Slot::new(MaybeUninit::uninit()));
            }
        }
        chunk
    }

    /// Gives the memory back; items still in slots are forgotten, not dropped.
    ///
    /// # Safety
    /// `chunk` came from [`new`](Chunk::new), and nobody uses it from now on.
    pub(super) unsafe fn free(chunk: NonNull<Chunk<T>>) {
        // SAFETY: the caller's promise. The slots and the header are as `new` made them.
        unsafe {
            let count = chunk.as_ref().count;
            let first = chunk.add(1).cast::<Slot<T>>();
            ptr::slice_from_raw_parts_mut(first.as_ptr(), count).drop_in_place();
            chunk.drop_in_place();
            dealloc(chunk.as_ptr().cast(), Chunk::<T>::layout(count));
        }
    }

    /// The first slot, and the end of the slots.
    ///
    /// # Safety
    /// `chunk` came from [`new`](Chunk::new) and was not freed.
    #[inline]
    pub(super) unsafe fn slots(chunk: NonNull<Chunk<T>>) -> (*mut Slot<T>, *mut Slot<T>) {
        // SAFETY: the caller's promise; the slots lie behind the header, in the same memory.
        unsafe {
            let first = chunk.add(1).cast::<Slot<T>>().as_ptr();
            (first, first.add(chunk.as_ref().count))
        }
    }

    /// How many slots it has.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Has `next` follow this chunk. Relaxed: whoever reads it was shown it by other means.
    pub(super) fn link(&self, next: *mut Chunk<T>) {
        self.next.store(next, Ordering::Relaxed);
    }

    /// The chunk that follows.
    pub(super) fn next(&self) -> *mut Chunk<T> {
        self.next.load(Ordering::Relaxed)
    }
}
