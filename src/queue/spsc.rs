//! An unbounded queue from one producer to one consumer, which may ask to be told of the next item.
//!
//! ```text
//!   consumer: head, slot ──►[chunk]──►[chunk]──►[chunk]◄── producer: tail, slot
//!                       └──── emptied chunks ────┘
//!   shared: published (producer to consumer), emptied (consumer to producer)
//! ```
//!
//! Invariant: `popped <= published <= pushed`. The producer alone moves `pushed` and stores
//! `published`; the consumer alone moves `popped` and reads slots below `published`, so that the
//! store (release) and the load (acquire) of `published` are all the order that items and links
//! need. A chunk is the producer's from the list of emptied ones or from the allocator until it is
//! linked, the consumer's once its first slot is published, and nobody's but the consumer's after
//! its last slot was popped.
//!
//! Pushing touches the slot and nothing shared; popping touches shared memory only when what was
//! seen as published is used up. A queue whose reader keeps up goes round in two small chunks that
//! stay in the cache; chunks grow only when none has come back in time.
//!
//! # Asking
//! The consumer's request is a bit of `published`: [`ask`](Consumer::ask) sets it by an exchange
//! that fails if the count has moved on, [`announce`](Producer::announce) swaps in a new count and
//! takes the bit. Changes of one word have one order, so either the exchange comes first and the
//! swap finds the bit, or the swap comes first and the exchange finds the item; no fence is needed.
//!
//! What else was tried (`benches/queue.rs`; a million items of 64 octets to a reader that sleeps;
//! Xeon, 2 cores, KVM; nanoseconds per item, median, and processor time of both threads together):
//! `publish` and a [`Notice`](super::Notice) 42 and 75; a notice in the cache line of the count 58
//! and 100; this 26 and 39, for a reader that catches up leaves one line to fetch instead of two.
//! On one thread that writes and reads in turn this is 4 dearer than the notice. To leave the
//! writer's fence away and have the reader run `membarrier(2)` would save 7 per item, and costs the
//! reader 8000 to 16000 each time it finds nothing while the other core is busy: more than a
//! message takes by tcp.

use std::ptr::{self, NonNull};

use super::chunk::{Chunk, FIRST, LARGEST, Slot};
use super::sync::{Arc, AtomicPtr, AtomicUsize, Ordering, UnsafeCell};

/// How many emptied chunks wait for the producer at most.
const EMPTIED: usize = if cfg!(loom) { 2 } else { 8 };
/// How many times larger the next size of chunks is.
const GROWTH: usize = if cfg!(loom) { 2 } else { 4 };
/// The same for the first chunk: most connections say little.
const FIRST_GROWTH: usize = 2;
/// How many chunks of one size are made before larger ones are: two to go round in.
const OF_A_SIZE: u8 = 2;

/// How many slots ahead of the one being written the cache is to fetch.
const AHEAD: usize = 4;

/// What an item adds to a count: counts leave the lowest bit free.
const ITEM: usize = 2;
/// Beside a count in `published`: the consumer wants to be told of the next item.
const ASKED: usize = 1;

#[repr(align(64))]
pub(super) struct Line<T>(pub(super) T);

/// Where the next item is: a chunk, the slot in it, and the count of items popped in all.
type Position<T> = (NonNull<Chunk<T>>, *mut Slot<T>, usize);

struct Shared<T> {
    /// The count of items that the consumer may read, from the beginning, and `ASKED`.
    published: Line<AtomicUsize>,
    /// Emptied chunks on their way back, newest first: the consumer adds one, the producer takes
    /// all of them.
    /// What is behind it is not touched while both ends live, so it has the line to itself.
    emptied: AtomicPtr<Chunk<T>>,
    /// Where the consumer ended, for the one who frees what is left.
    head: UnsafeCell<Option<Position<T>>>,
    /// The count of items that the producer pushed in all, once it is gone.
    pushed: UnsafeCell<usize>,
}

// SAFETY: the cells are written by an end as it is dropped and read by `Drop` of `Shared`, which
// runs after both; items cross threads, hence `T: Send`.
unsafe impl<T: Send> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<T> {}

/// Asks for the cache line at an address, to be written: the reader's core has it when a chunk is
/// used again, and announcing an item waits until it is here.
#[inline]
fn fetch_to_write<T>(at: *mut T) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: a hint for any address, which changes nothing.
    unsafe {
        std::arch::asm!("prefetchw [{}]", in(reg) at, options(nostack, preserves_flags));
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = at;
}

/// The writing end.
pub struct Producer<T> {
    /// The next slot to write, and the end of the tail chunk.
    slot: *mut Slot<T>,
    end: *mut Slot<T>,
    pushed: usize,
    shared: Arc<Shared<T>>,
    tail: NonNull<Chunk<T>>,
    /// Emptied chunks that came back, as a list.
    spare: *mut Chunk<T>,
    /// How many chunks of the tail's size were made.
    made: u8,
}

/// The reading end.
pub struct Consumer<T> {
    /// The next slot to read, and the end of the head chunk.
    slot: *mut Slot<T>,
    end: *mut Slot<T>,
    popped: usize,
    /// What `published` was when it was last looked at.
    limit: usize,
    shared: Arc<Shared<T>>,
    head: NonNull<Chunk<T>>,
    /// How many emptied chunks were waiting for the producer when one was last added.
    waiting: usize,
}

// SAFETY: an end is the only user of its fields; chunks are shared by the invariant above.
unsafe impl<T: Send> Send for Producer<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Consumer<T> {}

/// A new queue, as its two ends.
pub fn channel<T>() -> (Producer<T>, Consumer<T>) {
    const { assert!(size_of::<T>() > 0, "an item takes room") };
    let chunk = Chunk::new(FIRST);
    // SAFETY: just made.
    let (first, end) = unsafe { Chunk::slots(chunk) };
    let shared = Arc::new(Shared {
        published: Line(AtomicUsize::new(0)),
        emptied: AtomicPtr::new(ptr::null_mut()),
        head: UnsafeCell::new(None),
        pushed: UnsafeCell::new(0),
    });
    let producer = Producer {
        slot: first,
        end,
        pushed: 0,
        shared: shared.clone(),
        tail: chunk,
        spare: ptr::null_mut(),
        // A queue that is used at all goes on to the next size.
        made: OF_A_SIZE,
    };
    let consumer = Consumer {
        slot: first,
        end,
        popped: 0,
        limit: 0,
        shared,
        head: chunk,
        waiting: 0,
    };
    (producer, consumer)
}

impl<T> Producer<T> {
    /// Adds an item; the consumer sees it after the next [`publish`](Producer::publish).
    #[inline]
    pub fn push(&mut self, item: T) {
        self.push_with(|| item);
    }

    /// Like [`push`](Producer::push), for an item that is made where it is to be.
    #[inline(always)]
    pub fn push_with(&mut self, make: impl FnOnce() -> T) {
        if self.slot == self.end {
            self.grow();
        }
        // SAFETY: a slot of the tail chunk, which the consumer does not leave before a later one
        // is published; this one is not, so it is ours.
        unsafe {
            (*self.slot).with_mut(|slot| (*slot).write(make()));
            self.slot = self.slot.add(1);
        }
        fetch_to_write(self.slot.wrapping_add(AHEAD));
        self.pushed = self.pushed.wrapping_add(ITEM);
    }

    /// Links a chunk behind the full one: an emptied one, or a new one.
    #[cold]
    fn grow(&mut self) {
        if self.spare.is_null() {
            let emptied = &self.shared.emptied;
            self.spare = emptied.swap(ptr::null_mut(), Ordering::Acquire);
        }
        // SAFETY: see `push` for the tail. Chunks on the list of spare ones are ours alone: the
        // swap (acquire) comes after all that the consumer did with them.
        let next = unsafe {
            let full = self.tail.as_ref();
            let next = match NonNull::new(self.spare) {
                Some(spare) => {
                    self.spare = spare.as_ref().next();
                    spare.as_ref().link(ptr::null_mut());
                    spare
                }
                None => {
                    let mut count = full.count();
                    if count < LARGEST && self.made >= OF_A_SIZE {
                        let growth = if count == FIRST { FIRST_GROWTH } else { GROWTH };
                        count = (count * growth).min(LARGEST);
                        self.made = 0;
                    }
                    self.made = self.made.saturating_add(1);
                    Chunk::new(count)
                }
            };
            full.link(next.as_ptr());
            next
        };
        self.tail = next;
        // SAFETY: alive, for it is the tail.
        (self.slot, self.end) = unsafe { Chunk::slots(next) };
    }

    /// Shows the consumer everything pushed so far, and tells nobody: a request made by
    /// [`ask`](Consumer::ask) is lost. With a consumer that asks, use
    /// [`announce`](Producer::announce).
    #[inline]
    pub fn publish(&mut self) {
        let published = &self.shared.published.0;
        published.store(self.pushed, Ordering::Release);
    }

    /// Shows the consumer everything pushed so far. `true`: it has asked to be told, which is the
    /// caller's to do now; once per request. What the consumer's side did before it asked is
    /// visible to the caller then.
    #[inline]
    #[must_use = "the consumer may be asleep"]
    pub fn announce(&mut self) -> bool {
        let published = &self.shared.published.0;
        published.swap(self.pushed, Ordering::AcqRel) & ASKED != 0
    }
}

impl<T> Consumer<T> {
    /// The oldest published item.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        if !self.available() {
            return None;
        }
        if self.slot == self.end {
            self.leave();
        }
        self.popped = self.popped.wrapping_add(ITEM);
        // SAFETY: below `published`, so written; and popped only once, for both move on.
        unsafe {
            let item = (*self.slot).with_mut(|slot| (*slot).assume_init_read());
            self.slot = self.slot.add(1);
            Some(item)
        }
    }

    /// The oldest published item, if it is wanted; else it stays where it is.
    #[inline(always)]
    pub fn pop_if(&mut self, wanted: impl FnOnce(&T) -> bool) -> Option<T> {
        if !self.available() {
            return None;
        }
        if self.slot == self.end {
            self.leave();
        }
        // SAFETY: below `published`, so written, and not popped while it is looked at.
        if !unsafe { (*self.slot).with(|slot| wanted((*slot).assume_init_ref())) } {
            return None;
        }
        self.popped = self.popped.wrapping_add(ITEM);
        // SAFETY: as in `pop`.
        unsafe {
            let item = (*self.slot).with_mut(|slot| (*slot).assume_init_read());
            self.slot = self.slot.add(1);
            Some(item)
        }
    }

    /// Moves the oldest published item over `place`, if it is wanted: what stood there is forgotten,
    /// not dropped, so `wanted` sees to that before it says so. Else nothing is moved.
    #[inline(always)]
    pub fn pop_over(&mut self, place: &mut T, wanted: impl FnOnce(&mut T, &T) -> bool) -> bool {
        if !self.available() {
            return false;
        }
        if self.slot == self.end {
            self.leave();
        }
        // SAFETY: below `published`, so written, and not popped while it is looked at; popped only
        // once, for both move on. A place of the caller's is none of ours.
        unsafe {
            let moved = (*self.slot).with(|slot| {
                let item = (*slot).assume_init_ref();
                let moved = wanted(place, item);
                if moved {
                    ptr::copy_nonoverlapping(item, place, 1);
                }
                moved
            });
            if moved {
                self.slot = self.slot.add(1);
                self.popped = self.popped.wrapping_add(ITEM);
            }
            moved
        }
    }

    /// The oldest published item, left where it is.
    #[inline]
    pub fn peek(&mut self) -> Option<&T> {
        if !self.available() {
            return None;
        }
        if self.slot == self.end {
            self.leave();
        }
        // SAFETY: below `published`, so written; and not popped while the reference keeps this
        // end borrowed.
        Some(unsafe { (*self.slot).with(|slot| (*slot).assume_init_ref()) })
    }

    /// Whether an item can be popped.
    #[inline]
    pub fn available(&mut self) -> bool {
        if self.popped == self.limit {
            self.limit = self.shared.published.0.load(Ordering::Acquire) & !ASKED;
        }
        self.popped != self.limit
    }

    /// Asks to be told of the next item. `false`: one is there, and nothing was asked. `true`: the
    /// producer's next [`announce`](Producer::announce) tells, even if this end has looked again
    /// or asked again by then.
    pub fn ask(&mut self) -> bool {
        if self.popped != self.limit {
            return false;
        }
        let published = &self.shared.published.0;
        let mut expected = self.popped;
        // Twice at most. One who asks again writes all the same, for the sake of what `announce`
        // promises: the request may be somebody else's by now.
        loop {
            match published.compare_exchange(
                expected,
                self.popped | ASKED,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return true,
                Err(found) if found & !ASKED == self.popped => expected = found,
                Err(found) => {
                    self.limit = found & !ASKED;
                    return false;
                }
            }
        }
    }

    /// Moves on to the next chunk, whose first item is published, and gives this one back.
    #[cold]
    fn leave(&mut self) {
        let old = self.head;
        // SAFETY: chunks from the head on are freed by the consumer alone. That an item beyond the
        // end is published means that the next chunk is linked.
        let next = unsafe {
            let next = NonNull::new_unchecked(old.as_ref().next());
            (self.slot, self.end) = Chunk::slots(next);
            next
        };
        self.head = next;
        // SAFETY: as above for both; nothing points to the old one any more.
        unsafe {
            // The first chunk, and those that have become too small, are not worth keeping.
            if old.as_ref().count() < next.as_ref().count() || !self.give_back(old) {
                Chunk::free(old);
            }
        }
    }

    /// Gives an emptied chunk to the producer, unless it has enough.
    fn give_back(&mut self, chunk: NonNull<Chunk<T>>) -> bool {
        let emptied = &self.shared.emptied;
        // Nobody else adds, so this value is either still there, or null by now. Nothing behind
        // it is read: relaxed will do.
        let mut newest = emptied.load(Ordering::Relaxed);
        loop {
            if newest.is_null() {
                self.waiting = 0;
            } else if self.waiting == EMPTIED {
                return false;
            }
            // SAFETY: the chunk is ours until the exchange has succeeded.
            unsafe { chunk.as_ref() }.link(newest);
            match emptied.compare_exchange_weak(
                newest,
                chunk.as_ptr(),
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => break,
                Err(found) => newest = found,
            }
        }
        self.waiting += 1;
        true
    }
}

/// Frees the chunks of a list.
///
/// # Safety
/// They are the caller's alone, and their items popped.
unsafe fn free_list<T>(mut list: *mut Chunk<T>) {
    while let Some(chunk) = NonNull::new(list) {
        // SAFETY: the caller's promise.
        unsafe {
            list = chunk.as_ref().next();
            Chunk::free(chunk);
        }
    }
}

impl<T> Drop for Producer<T> {
    fn drop(&mut self) {
        // SAFETY: emptied chunks that came back are ours alone. The cell is read only by
        // `Shared::drop`, after both ends are gone.
        unsafe {
            free_list(self.spare);
            self.shared.pushed.with_mut(|pushed| *pushed = self.pushed);
        }
    }
}

impl<T> Drop for Consumer<T> {
    fn drop(&mut self) {
        while let Some(item) = self.pop() {
            drop(item);
        }
        // SAFETY: read only by `Shared::drop`, after both ends are gone.
        unsafe {
            let end = (self.head, self.slot, self.popped);
            self.shared.head.with_mut(|head| *head = Some(end));
        }
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        // SAFETY: both ends are gone, and what they did with the cells, the emptied chunks and the
        // list from the head on comes before: all of it is ours.
        unsafe {
            free_list(self.emptied.swap(ptr::null_mut(), Ordering::Acquire));
            let pushed = self.pushed.with(|pushed| *pushed);
            let Some((mut chunk, mut slot, mut popped)) = self.head.with(|head| *head) else {
                return;
            };
            loop {
                let (_, end) = Chunk::slots(chunk);
                while slot != end && popped != pushed {
                    // Below `pushed`, so written, and not popped.
                    (*slot).with_mut(|slot| (*slot).assume_init_drop());
                    slot = slot.add(1);
                    popped = popped.wrapping_add(ITEM);
                }
                let next = NonNull::new(chunk.as_ref().next());
                Chunk::free(chunk);
                let Some(next) = next else { return };
                chunk = next;
                (slot, _) = Chunk::slots(next);
            }
        }
    }
}
