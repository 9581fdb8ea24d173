//! An unbounded queue from one producer to one consumer.
//!
//! ```text
//!   consumer: head, popped ──►[chunk]──►[chunk]──►[chunk]◄── producer: tail, pushed
//!                                  shared: published, one spare chunk
//! ```
//!
//! Invariant: `popped <= published <= pushed`. The producer alone moves `pushed` and stores
//! `published`; the consumer alone moves `popped` and reads slots below `published`. Pushing and
//! popping inside the known range touch no shared memory.

use std::cell::UnsafeCell;
use std::ptr;
use std::sync::Arc;

use super::chunk::Chunk;
use super::sync::{AtomicPtr, AtomicUsize, Ordering};

#[repr(align(64))]
struct Line<T>(T);

/// A chunk, the index in it, and how many items were popped in all.
type Position<T> = (*mut Chunk<T>, usize, usize);

struct Shared<T> {
    /// How many items the consumer may read, counted from the beginning.
    published: Line<AtomicUsize>,
    /// An emptied chunk on its way back to the producer.
    spare: Line<AtomicPtr<Chunk<T>>>,
    /// Where the consumer ended, for the one who frees what is left.
    head: Line<UnsafeCell<Option<Position<T>>>>,
    /// How many items the producer pushed in all, once it is gone.
    pushed: Line<UnsafeCell<usize>>,
}

// SAFETY: the cells are written by an end as it is dropped and read by `Drop` of `Shared`, which
// runs after both; items cross threads, hence `T: Send`.
unsafe impl<T: Send> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<T> {}

/// The writing end.
pub struct Producer<T> {
    shared: Arc<Shared<T>>,
    tail: *mut Chunk<T>,
    index: usize,
    pushed: usize,
}

/// The reading end.
pub struct Consumer<T> {
    shared: Arc<Shared<T>>,
    head: *mut Chunk<T>,
    index: usize,
    popped: usize,
    limit: usize,
}

// SAFETY: an end is the only user of its fields; chunks are shared by the invariant above.
unsafe impl<T: Send> Send for Producer<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Consumer<T> {}

/// A new queue, as its two ends.
pub fn channel<T>() -> (Producer<T>, Consumer<T>) {
    let chunk = Chunk::first();
    let shared = Arc::new(Shared {
        published: Line(AtomicUsize::new(0)),
        spare: Line(AtomicPtr::new(ptr::null_mut())),
        head: Line(UnsafeCell::new(None)),
        pushed: Line(UnsafeCell::new(0)),
    });
    let producer = Producer {
        shared: shared.clone(),
        tail: chunk,
        index: 0,
        pushed: 0,
    };
    let consumer = Consumer {
        shared,
        head: chunk,
        index: 0,
        popped: 0,
        limit: 0,
    };
    (producer, consumer)
}

impl<T> Producer<T> {
    /// Adds an item; the consumer sees it after the next [`publish`](Producer::publish).
    #[inline]
    pub fn push(&mut self, item: T) {
        // SAFETY: the tail chunk is alive until the consumer leaves it, which it does not before
        // the next one is linked.
        let chunk = unsafe { &*self.tail };
        if self.index == chunk.len() {
            self.grow();
        }
        // SAFETY: as above; the slot is not published, so it is ours.
        unsafe { (*(*self.tail).slot(self.index)).write(item) };
        self.index += 1;
        self.pushed = self.pushed.wrapping_add(1);
    }

    #[cold]
    fn grow(&mut self) {
        // SAFETY: see `push`.
        let chunk = unsafe { &*self.tail };
        let spare = self.shared.spare.0.swap(ptr::null_mut(), Ordering::Acquire);
        let next = if spare.is_null() {
            chunk.successor()
        } else {
            spare
        };
        chunk.link(next);
        self.tail = next;
        self.index = 0;
    }

    /// Shows the consumer everything pushed so far.
    #[inline]
    pub fn publish(&mut self) {
        self.shared
            .published
            .0
            .store(self.pushed, Ordering::Release);
    }
}

impl<T> Consumer<T> {
    /// The oldest published item.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        if !self.available() {
            return None;
        }
        self.enter();
        // SAFETY: below `published`, so written, and popped only once.
        let item = unsafe { (*(*self.head).slot(self.index)).assume_init_read() };
        self.index += 1;
        self.popped = self.popped.wrapping_add(1);
        Some(item)
    }

    /// The oldest published item, left where it is.
    #[inline]
    pub fn peek(&mut self) -> Option<&T> {
        if !self.available() {
            return None;
        }
        self.enter();
        // SAFETY: below `published`, so written, and not popped.
        Some(unsafe { (*(*self.head).slot(self.index)).assume_init_ref() })
    }

    /// Whether an item can be popped.
    #[inline]
    pub fn available(&mut self) -> bool {
        if self.popped == self.limit {
            self.limit = self.shared.published.0.load(Ordering::Acquire);
        }
        self.popped != self.limit
    }

    /// Moves on to the next chunk when this one is used up. Only called when an item is there.
    #[inline]
    fn enter(&mut self) {
        // SAFETY: the consumer's chunk is freed or handed on by the consumer alone.
        let chunk = unsafe { &*self.head };
        if self.index < chunk.len() {
            return;
        }
        let old = self.head;
        self.head = chunk.next();
        self.index = 0;
        let give = if chunk.is_largest() {
            chunk.link(ptr::null_mut());
            self.shared.spare.0.swap(old, Ordering::AcqRel)
        } else {
            old
        };
        if !give.is_null() {
            // SAFETY: every item of it was popped, and nothing points to it any more.
            drop(unsafe { Box::from_raw(give) });
        }
    }
}

impl<T> Drop for Producer<T> {
    fn drop(&mut self) {
        // SAFETY: read only by `Shared::drop`, after both ends are gone.
        unsafe { *self.shared.pushed.0.get() = self.pushed };
    }
}

impl<T> Drop for Consumer<T> {
    fn drop(&mut self) {
        while let Some(item) = self.pop() {
            drop(item);
        }
        // SAFETY: read only by `Shared::drop`, after both ends are gone.
        unsafe { *self.shared.head.0.get() = Some((self.head, self.index, self.popped)) };
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        let spare = self.spare.0.swap(ptr::null_mut(), Ordering::Acquire);
        if !spare.is_null() {
            // SAFETY: a spare chunk holds no items and is linked nowhere.
            drop(unsafe { Box::from_raw(spare) });
        }
        // SAFETY: both ends are gone, so nobody writes these cells.
        let (head, pushed) = unsafe { (*self.head.0.get(), *self.pushed.0.get()) };
        let Some((mut chunk, mut index, mut popped)) = head else {
            return;
        };
        loop {
            // SAFETY: the list from the head on is alive, and ours alone by now.
            let owned = unsafe { Box::from_raw(chunk) };
            while index < owned.len() && popped != pushed {
                // SAFETY: below `pushed`, so written, and not popped.
                drop(unsafe { (*owned.slot(index)).assume_init_read() });
                index += 1;
                popped = popped.wrapping_add(1);
            }
            let next = owned.next();
            if next.is_null() {
                return;
            }
            (chunk, index) = (next, 0);
        }
    }
}
