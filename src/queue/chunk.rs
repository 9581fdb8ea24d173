//! A stretch of slots; a queue is a list of them.
//!
//! Invariant: a slot is written by the producer before the count that covers it is published, and
//! read once by the consumer afterwards.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::ptr;

use super::sync::{AtomicPtr, Ordering};

/// Slots of the first chunk: an idle queue costs little.
const FIRST: usize = 8;
/// Slots of the largest chunk.
const LARGEST: usize = 256;

pub(super) struct Chunk<T> {
    slots: Box<[UnsafeCell<MaybeUninit<T>>]>,
    next: AtomicPtr<Chunk<T>>,
}

impl<T> Chunk<T> {
    fn new(count: usize) -> *mut Chunk<T> {
        let slots = (0..count)
            .map(|_| UnsafeCell::new(MaybeUninit::uninit()))
            .collect();
        Box::into_raw(Box::new(Chunk {
            slots,
            next: AtomicPtr::new(ptr::null_mut()),
        }))
    }

    /// The first chunk of a queue.
    pub(super) fn first() -> *mut Chunk<T> {
        Chunk::new(FIRST)
    }

    /// A chunk to follow this one, larger until the limit is reached.
    pub(super) fn successor(&self) -> *mut Chunk<T> {
        Chunk::new((self.slots.len() * 4).min(LARGEST))
    }

    /// Whether a chunk is worth keeping for another turn.
    pub(super) fn is_largest(&self) -> bool {
        self.slots.len() == LARGEST
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn slot(&self, index: usize) -> *mut MaybeUninit<T> {
        self.slots[index].get()
    }

    pub(super) fn link(&self, next: *mut Chunk<T>) {
        // Ordered by the publication of the count that covers the next chunk's first slot.
        self.next.store(next, Ordering::Relaxed);
    }

    pub(super) fn next(&self) -> *mut Chunk<T> {
        self.next.load(Ordering::Relaxed)
    }
}
