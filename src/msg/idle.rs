//! Large blocks that were let go of a moment ago, kept for whoever wants one next.
//!
//! The allocator would give such memory back to the kernel, which clears every page before it is
//! used again; and it is mostly another thread that lets go, so that two contend for one arena.
//!
//! Invariant: no more than [`PLACES`] blocks and [`MOST`] octets are kept, for the whole process;
//! a block that is kept is nobody else's; nobody waits for the lock, so that a process may fork
//! while somebody holds it.

use parking_lot::Mutex;

use super::block::Idle;

/// Blocks of these capacities are kept, in octets. (The allocator is quick with smaller ones.)
const FROM: usize = 64 * 1024;
const TO: usize = 4 * 1024 * 1024;
/// How many blocks are kept.
const PLACES: usize = 8;
/// How many octets they hold together.
const MOST: usize = 8 * 1024 * 1024;

/// Blocks that are kept, the oldest first.
pub(super) struct Kept(Mutex<Shelf>);

struct Shelf {
    places: [Option<Idle>; PLACES],
    /// How many places are taken, from the front.
    taken: usize,
    /// What they hold together.
    octets: usize,
}

/// The one of the process.
pub(super) static KEPT: Kept = Kept::new();

impl Kept {
    pub(super) const fn new() -> Kept {
        Kept(Mutex::new(Shelf {
            places: [const { None }; PLACES],
            taken: 0,
            octets: 0,
        }))
    }

    /// Keeps a block, or frees it. The oldest ones make room.
    #[inline]
    pub(super) fn give(&self, block: Idle) {
        if (FROM..=TO).contains(&block.capacity()) {
            self.keep(block);
        }
    }

    fn keep(&self, block: Idle) {
        let Some(mut shelf) = self.0.try_lock() else {
            return;
        };
        // What has to go is freed when the lock is let go of.
        let mut leaving = [const { None }; PLACES];
        for place in &mut leaving {
            if shelf.taken < PLACES && shelf.octets + block.capacity() <= MOST {
                break;
            }
            *place = shelf.take(0);
        }
        shelf.put(block);
        drop(shelf);
    }

    /// A block with room for `capacity` octets, and not for many more. What it holds is not said.
    #[inline]
    pub(super) fn take(&self, capacity: usize) -> Option<Idle> {
        if (FROM / 4 * 3..=TO).contains(&capacity) {
            self.find(capacity)
        } else {
            None
        }
    }

    fn find(&self, capacity: usize) -> Option<Idle> {
        let mut shelf = self.0.try_lock()?;
        // The newest is the likeliest to be in a cache.
        let fits = |place: &Option<Idle>| place.as_ref().is_some_and(|block| block.fits(capacity));
        let at = shelf.places.iter().rposition(fits)?;
        shelf.take(at)
    }

    /// Frees all of them.
    pub(super) fn clear(&self) {
        let Some(mut shelf) = self.0.try_lock() else {
            return;
        };
        let leaving = std::mem::replace(&mut shelf.places, [const { None }; PLACES]);
        (shelf.taken, shelf.octets) = (0, 0);
        drop(shelf);
        drop(leaving);
    }

    /// How many there are, and how many octets they hold.
    #[cfg(test)]
    pub(super) fn held(&self) -> (usize, usize) {
        let shelf = self.0.lock();
        let blocks = shelf.places.iter().flatten();
        let octets = blocks.clone().map(Idle::capacity).sum();
        assert_eq!(
            (shelf.taken, shelf.octets),
            (blocks.clone().count(), octets)
        );
        (shelf.taken, octets)
    }
}

impl Idle {
    /// Whether it has room for so much, and does not waste more than a quarter of its own.
    fn fits(&self, capacity: usize) -> bool {
        capacity <= self.capacity() && capacity >= self.capacity() / 4 * 3
    }
}

impl Shelf {
    fn put(&mut self, block: Idle) {
        if let Some(place) = self.places.get_mut(self.taken) {
            self.octets += block.capacity();
            self.taken += 1;
            *place = Some(block);
        }
    }

    fn take(&mut self, at: usize) -> Option<Idle> {
        let block = self.places.get_mut(at)?.take()?;
        self.places[at..self.taken].rotate_left(1);
        self.taken -= 1;
        self.octets -= block.capacity();
        Some(block)
    }
}

#[cfg(test)]
mod tests;
